// What only a real ensemble can show of ZookeeperStore: credentials, servers that die, hang, or forget everything.
#include "coordination/zookeeper_store.h"

#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "tests/contract/client.h"
#include "tests/harness/tcp_relay.h"
#include "tests/harness/zookeeper_server.h"

namespace chorale::coordination {
namespace {

constexpr std::chrono::milliseconds kSessionTimeout{4'000};
// A hung server is noticed after two thirds of the timeout. The last third is what a loaded machine has to resume the
// server before the session ends.
constexpr std::chrono::milliseconds kTimeoutToOutliveAHang{15'000};
// The loop may never stand still; on a loaded machine this is still far below what a blocking close would take.
constexpr std::chrono::milliseconds kNoticeable{500};

class ZookeeperStoreTest : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(server.start()) << server.log(); }

  std::unique_ptr<Store> make_store(const std::string& hosts, const std::string& credentials = "",
                                    std::chrono::milliseconds session_timeout = kSessionTimeout) {
    ZookeeperOptions options;
    options.hosts = hosts;
    options.session_timeout = session_timeout;
    options.credentials = credentials;
    options.post = loop.poster();
    options.log = [this](int, std::string line) { log.push_back(std::move(line)); };
    return make_zookeeper_store(std::move(options));
  }

  static std::chrono::steady_clock::duration time_of(const std::function<void()>& function) {
    const auto begin = std::chrono::steady_clock::now();
    function();
    return std::chrono::steady_clock::now() - begin;
  }

  testing::ZookeeperServer server;
  testing::EventLoop loop;
  std::vector<std::string> log;
};

TEST_F(ZookeeperStoreTest, WithCredentialsOthersMayOnlyRead) {
  Client owner(loop, make_store(server.address(), "jo:hunter2"));
  Client other(loop, make_store(server.address()));
  Client wrong(loop, make_store(server.address(), "jo:wrong"));
  ASSERT_TRUE(owner.open());
  ASSERT_TRUE(other.open());
  ASSERT_TRUE(wrong.open());
  ASSERT_TRUE(owner.run(CreateNode{Path("/root"), "x", NodeKind::kPersistent}));
  ASSERT_TRUE(owner.run(CreateNode{Path("/root/e"), "x", NodeKind::kEphemeral}));
  for (Client* stranger : {&other, &wrong}) {
    EXPECT_NE(answer<NodeRead>(stranger->run(ReadNode{Path("/root")})), nullptr);
    EXPECT_TRUE(failed_as(stranger->run(WriteNode{Path("/root"), "y", kAnyVersion}), ErrorKind::kNoAuth));
    EXPECT_TRUE(failed_as(stranger->run(DeleteNode{Path("/root/e"), kAnyVersion}), ErrorKind::kNoAuth));
    EXPECT_TRUE(failed_as(stranger->run(CreateNode{Path("/root/a"), "", NodeKind::kPersistent}), ErrorKind::kNoAuth));
  }
  EXPECT_TRUE(owner.run(WriteNode{Path("/root"), "y", kAnyVersion}));
  const auto error = other.run(WriteNode{Path("/root"), "y", kAnyVersion}).error();
  EXPECT_NE(error.message.find("write /root"), std::string::npos) << error.message;
  loop.run_ready();
  for (const auto& line : log) EXPECT_EQ(line.find("hunter2"), std::string::npos) << line;
}

TEST_F(ZookeeperStoreTest, ServerThatDiesAndComesBackKeepsTheSession) {
  Client client(loop, make_store(server.address()));
  ASSERT_TRUE(client.open());
  ASSERT_TRUE(client.run(CreateNode{Path("/e"), "", NodeKind::kEphemeral}));
  const auto session = client.session();
  server.kill();
  ASSERT_TRUE(client.wait_for(SessionState::kConnecting));
  ASSERT_TRUE(server.start()) << server.log();
  ASSERT_TRUE(client.wait_for(SessionState::kConnected));
  EXPECT_EQ(client.session(), session);
  EXPECT_NE(answer<NodeRead>(client.run(ReadNode{Path("/e")})), nullptr);
}

TEST_F(ZookeeperStoreTest, ServerWithoutItsDataServesANewHandle) {
  Client client(loop, make_store(server.address()));
  ASSERT_TRUE(client.open());
  ASSERT_TRUE(client.run(CreateNode{Path("/a"), "", NodeKind::kPersistent}));
  server.kill();
  server.wipe();
  ASSERT_TRUE(server.start()) << server.log();
  ASSERT_TRUE(client.open(Generation{2}));
  EXPECT_TRUE(failed_as(client.run(ReadNode{Path("/a")}), ErrorKind::kNoNode));
}

TEST_F(ZookeeperStoreTest, HungServerNeverBlocksTheLoop) {
  auto store = make_store(server.address());
  Client client(loop, std::move(store));
  ASSERT_TRUE(client.open());
  server.pause();
  client.send(CreateNode{Path("/a"), "", NodeKind::kPersistent}, "pending");
  EXPECT_LT(time_of([&] { client.store().close(); }), kNoticeable);
  EXPECT_LT(time_of([&] { client.store().open(Generation{2}); }), kNoticeable);
  EXPECT_LT(time_of([&] { client.store().open(Generation{3}); }), kNoticeable);
  ASSERT_TRUE(loop.run_until([&] { return client.noted("reply pending"); }));
  server.resume();
  EXPECT_TRUE(client.open(Generation{4}));
  for (const auto& event : client.sessions()) {
    EXPECT_TRUE(event.generation == Generation{1} || event.generation >= Generation{3});
  }
}

TEST_F(ZookeeperStoreTest, HungServerIsNoticedAndWhatIsPendingFails) {
  Client client(loop, make_store(server.address(), "", kTimeoutToOutliveAHang));
  ASSERT_TRUE(client.open());
  server.pause();
  const auto outcome = client.run(ReadNode{Path("/")});
  EXPECT_TRUE(failed_as(outcome, ErrorKind::kConnectionLoss));
  EXPECT_TRUE(client.wait_for(SessionState::kConnecting));
  server.resume();
  EXPECT_TRUE(client.wait_for(SessionState::kConnected));
}

TEST_F(ZookeeperStoreTest, LostReplyIsUnknownAndTheWriteMayHaveHappened) {
  testing::TcpRelay relay(server.port());
  Client client(loop, make_store(relay.address()));
  Client observer(loop, make_store(server.address()));
  ASSERT_TRUE(client.open());
  ASSERT_TRUE(observer.open());
  ASSERT_TRUE(observer.run(CheckNode{Path("/a"), true}));
  relay.swallow_replies(true);
  auto outcome = std::make_shared<Outcome>();
  client.send(CreateNode{Path("/a"), "", NodeKind::kPersistent}, "create", outcome);
  ASSERT_TRUE(observer.wait_for_watch(Path("/a")));
  EXPECT_FALSE(client.noted("reply create"));
  relay.cut();
  ASSERT_TRUE(loop.run_until([&] { return client.noted("reply create"); }));
  EXPECT_TRUE(failed_as(*outcome, ErrorKind::kConnectionLoss));
  EXPECT_EQ(client.sessions().back().state, SessionState::kConnecting);
}

TEST_F(ZookeeperStoreTest, NamesThatDoNotResolveAreReportedAndBlockNothing) {
  Client client(loop, make_store("no-such-host.invalid:2181"));
  EXPECT_LT(time_of([&] { client.store().open(Generation{1}); }), kNoticeable);
  EXPECT_TRUE(failed_as(client.run(ReadNode{Path("/")}), ErrorKind::kConnectionLoss));
  ASSERT_TRUE(loop.run_until([&] { return !log.empty() && !client.sessions().empty(); }));
  ASSERT_EQ(client.sessions().size(), 1U);
  EXPECT_EQ(client.sessions()[0].state, SessionState::kUnresolved);
}

TEST_F(ZookeeperStoreTest, AbsentServerFillsTheLogOnlyToItsLimit) {
  server.kill();
  Client client(loop, make_store(server.address()));
  client.store().open(Generation{1});
  ASSERT_TRUE(loop.run_until([&] { return log.size() >= 10; }));
  EXPECT_FALSE(loop.run_until([&] { return log.size() > 10; }, std::chrono::milliseconds(1'000)));
}

TEST_F(ZookeeperStoreTest, StoreMayEndAtAnyMoment) {
  for (const bool connected : {false, true, false, true}) {
    int completions = 0;
    {
      Client client(loop, make_store(server.address()));
      client.store().open(Generation{1});
      if (connected) {
        ASSERT_TRUE(client.wait_for(SessionState::kConnected));
      }
      client.store().execute(SyncPath{Path("/")}, [&](const Outcome&) { ++completions; });
    }
    loop.run_ready();
    EXPECT_EQ(completions, 1);
  }
}

TEST_F(ZookeeperStoreTest, EnsembleSurvivesTheLossOfAMember) {
  testing::ZookeeperEnsemble ensemble(3);
  ASSERT_TRUE(ensemble.start()) << ensemble.server(0).log();
  Client client(loop, make_store(ensemble.addresses()));
  ASSERT_TRUE(client.open());
  ASSERT_TRUE(client.run(CreateNode{Path("/a"), "x", NodeKind::kPersistent}));
  for (std::size_t i = 0; i < ensemble.size(); ++i) {
    ensemble.server(i).kill();
    ASSERT_TRUE(loop.run_until([&] { return answer<NodeRead>(client.run(ReadNode{Path("/a")})) != nullptr; }));
    ASSERT_TRUE(ensemble.server(i).start()) << ensemble.server(i).log();
  }
}

}  // namespace
}  // namespace chorale::coordination
