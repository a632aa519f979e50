// What ZookeeperStore makes of the C client beyond the contract: codes, odd answers, credentials, opening and closing.
#define THREADED
#include <gmock/gmock.h>
#include <zookeeper/zookeeper.h>

#include <atomic>
#include <future>

#include "coordination/zookeeper_store.h"
#include "tests/contract/client.h"
#include "tests/fakes/c_client.h"

namespace chorale::coordination {
namespace {

using std::chrono::milliseconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class CClientTest : public ::testing::Test {
 protected:
  CClientTest() { world().post = loop.poster(); }
  ~CClientTest() override {
    store_.reset();
    loop.run_ready();
    testing::reset_c_client_world();
  }

  static testing::CClientWorld& world() { return testing::c_client_world(); }
  Client& client(const std::string& credentials = "", const std::string& hosts = "somewhere") {
    ZookeeperOptions options;
    options.hosts = hosts;
    options.session_timeout = milliseconds(7'000);
    options.credentials = credentials;
    options.post = loop.poster();
    options.log = [this](int, std::string line) { log.push_back(std::move(line)); };
    store_ = std::make_unique<Client>(loop, make_zookeeper_store(std::move(options)));
    return *store_;
  }

  testing::EventLoop loop;
  std::vector<std::string> log;

 private:
  std::unique_ptr<Client> store_;
};

TEST_F(CClientTest, EveryCodeHasItsKind) {
  Client& store = client();
  ASSERT_TRUE(store.open());
  const std::pair<int, ErrorKind> cases[] = {{ZNONODE, ErrorKind::kNoNode},
                                             {ZNODEEXISTS, ErrorKind::kExists},
                                             {ZBADVERSION, ErrorKind::kBadVersion},
                                             {ZNOTEMPTY, ErrorKind::kNotEmpty},
                                             {ZNOAUTH, ErrorKind::kNoAuth},
                                             {ZINVALIDACL, ErrorKind::kNoAuth},
                                             {ZNOCHILDRENFOREPHEMERALS, ErrorKind::kNoChildrenForEphemerals},
                                             {ZCONNECTIONLOSS, ErrorKind::kConnectionLoss},
                                             {ZOPERATIONTIMEOUT, ErrorKind::kConnectionLoss},
                                             {ZSESSIONMOVED, ErrorKind::kConnectionLoss},
                                             {ZSESSIONEXPIRED, ErrorKind::kSessionExpired},
                                             {ZINVALIDSTATE, ErrorKind::kSessionExpired},
                                             {ZAUTHFAILED, ErrorKind::kSessionExpired},
                                             {ZCLOSING, ErrorKind::kClosing},
                                             {ZBADARGUMENTS, ErrorKind::kBadRequest},
                                             {-9'999, ErrorKind::kBadRequest}};
  const Operation operations[] = {
      CreateNode{Path("/a"), ""},          ReadNode{Path("/a")},     WriteNode{Path("/a"), "", kAnyVersion},
      DeleteNode{Path("/a"), kAnyVersion}, ListChildren{Path("/a")}, SyncPath{Path("/a")}};
  for (const Operation& operation : operations) {
    for (const auto& [code, kind] : cases) {
      world().next_answer = code;
      EXPECT_TRUE(failed_as(store.run(operation), kind)) << code;
    }
    world().next_refusal = ZINVALIDSTATE;  // from the call itself
    EXPECT_TRUE(failed_as(store.run(operation), ErrorKind::kSessionExpired));
  }
  world().next_answer = ZNOAUTH;
  EXPECT_TRUE(failed_as(store.run(CheckNode{Path("/a")}), ErrorKind::kNoAuth));
}

TEST_F(CClientTest, ErrorsSayWhatFailedOnWhat) {
  Client& store = client();
  ASSERT_TRUE(store.open());
  const std::pair<Operation, std::string> cases[] = {{CreateNode{Path("/a"), ""}, "create /a: "},
                                                     {ReadNode{Path("/a")}, "read /a: "},
                                                     {WriteNode{Path("/a"), "", kAnyVersion}, "write /a: "},
                                                     {DeleteNode{Path("/a"), kAnyVersion}, "delete /a: "},
                                                     {ListChildren{Path("/a")}, "list /a: "},
                                                     {CheckNode{Path("/a")}, "check /a: "},
                                                     {SyncPath{Path("/a")}, "sync /a: "}};
  for (const auto& [operation, what] : cases) {
    world().next_answer = ZNOAUTH;
    const Outcome refused = store.run(operation);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().message,
              what + "not authenticated (check the ZooKeeper credentials and the ACL of this znode)");
    world().next_answer = ZCONNECTIONLOSS;
    EXPECT_EQ(store.run(operation).error().message, what + "some error");
  }
}

TEST_F(CClientTest, TruncatedDataIsNoData) {
  Client& store = client();
  ASSERT_TRUE(store.open());
  ASSERT_TRUE(store.run(CreateNode{Path("/a"), "abc"}));
  world().truncate_next_read = true;
  EXPECT_TRUE(failed_as(store.run(ReadNode{Path("/a")}), ErrorKind::kMalformed));
  const Outcome whole = store.run(ReadNode{Path("/a")});
  ASSERT_NE(answer<NodeRead>(whole), nullptr);
  EXPECT_EQ(answer<NodeRead>(whole)->data, "abc");
}

TEST_F(CClientTest, ListOfNothingIsEmpty) {
  Client& store = client();
  ASSERT_TRUE(store.open());
  ASSERT_TRUE(store.run(CreateNode{Path("/a"), ""}));
  const Outcome listed = store.run(ListChildren{Path("/a")});
  ASSERT_NE(answer<Listed>(listed), nullptr);
  EXPECT_THAT(answer<Listed>(listed)->names, IsEmpty());
}

TEST_F(CClientTest, CredentialsAreHandedOverAndProtectWhatIsCreated) {
  Client& open = client();
  ASSERT_TRUE(open.open());
  EXPECT_THAT(world().credentials, IsEmpty());
  ASSERT_TRUE(open.run(CreateNode{Path("/a"), ""}));
  EXPECT_EQ(world().last_acl_entries, 1) << "everybody may do everything";
  EXPECT_EQ(world().resolution_delay_ms, 60'000);

  Client& secret = client("jo:pw");
  ASSERT_TRUE(secret.open());
  EXPECT_THAT(world().credentials, ElementsAre("digest jo:pw"));
  ASSERT_TRUE(secret.run(CreateNode{Path("/b"), ""}));
  EXPECT_EQ(world().last_acl_entries, 2);
}

TEST_F(CClientTest, NegotiatedTimeoutAndSessionComeWithTheConnectionAlone) {
  Client& store = client();
  ASSERT_TRUE(store.open());
  EXPECT_EQ(store.sessions().back().timeout, milliseconds(7'000));
  EXPECT_NE(store.session(), SessionId{});
  testing::send_c_client_event(ZOO_SESSION_EVENT, ZOO_CONNECTING_STATE, "");
  ASSERT_TRUE(store.wait_for(SessionState::kConnecting));
  EXPECT_EQ(store.sessions().back().timeout, milliseconds(0));
  EXPECT_EQ(store.session(), SessionId{});
}

TEST_F(CClientTest, EveryStateOfASessionIsTold) {
  Client& store = client();
  ASSERT_TRUE(store.open());
  const std::pair<int, SessionState> cases[] = {{ZOO_CONNECTING_STATE, SessionState::kConnecting},
                                                {ZOO_CONNECTED_STATE, SessionState::kConnected},
                                                {ZOO_ASSOCIATING_STATE, SessionState::kConnecting},
                                                {ZOO_EXPIRED_SESSION_STATE, SessionState::kExpired},
                                                {ZOO_AUTH_FAILED_STATE, SessionState::kAuthFailed}};
  for (const auto& [state, expected] : cases) {
    testing::send_c_client_event(ZOO_SESSION_EVENT, state, "");
    loop.run_ready();
    EXPECT_EQ(store.sessions().back().state, expected);
  }
  EXPECT_TRUE(failed_as(store.run(ReadNode{Path("/")}), ErrorKind::kSessionExpired)) << "nothing is sent any more";
}

TEST_F(CClientTest, OnlyChangesAreWatchEvents) {
  Client& store = client();
  ASSERT_TRUE(store.open());
  const std::size_t before = store.sessions().size();
  testing::send_c_client_event(ZOO_NOTWATCHING_EVENT, ZOO_CONNECTED_STATE, "/a");
  testing::send_c_client_event(ZOO_DELETED_EVENT, ZOO_CONNECTED_STATE, nullptr);
  testing::send_c_client_event(ZOO_DELETED_EVENT, ZOO_CONNECTED_STATE, "/b");
  loop.run_ready();
  EXPECT_EQ(store.watch_count(Path("/a")), 0);
  EXPECT_EQ(store.watch_count(Path("/b")), 1);
  EXPECT_EQ(store.sessions().size(), before);
}

TEST_F(CClientTest, HandleThatCannotBeOpenedIsSaidAndNothingIsSent) {
  Client& store = client("", "nowhere");
  store.store().open(Generation{1});
  ASSERT_TRUE(loop.run_until([&] { return !log.empty(); }));
  EXPECT_THAT(log, ElementsAre(HasSubstr("cannot open a ZooKeeper handle")));
  EXPECT_TRUE(failed_as(store.run(ReadNode{Path("/")}), ErrorKind::kConnectionLoss));
  ASSERT_THAT(store.sessions(), SizeIs(1));
  EXPECT_EQ(store.sessions()[0].state, SessionState::kUnresolved);
  EXPECT_EQ(store.sessions()[0].generation, Generation{1});
}

// The session may be there before the client was given the credentials: it is told only then.
TEST_F(CClientTest, SessionIsToldOnlyWhenTheHandleIsOpen) {
  std::promise<void> connected;
  std::promise<void> go_on;
  world().while_opening = [&] {
    connected.set_value();
    go_on.get_future().wait();
  };
  Client& store = client("jo:pw");
  store.store().open(Generation{1});
  connected.get_future().wait();
  loop.run_ready();
  EXPECT_THAT(store.sessions(), IsEmpty());
  EXPECT_TRUE(failed_as(store.run(ReadNode{Path("/")}), ErrorKind::kConnectionLoss));
  go_on.set_value();
  EXPECT_TRUE(store.wait_for(SessionState::kConnected));
  EXPECT_THAT(store.sessions(), SizeIs(1));
  world().while_opening = nullptr;
}

TEST_F(CClientTest, StoreThatIsClosedWhileItOpensStaysClosed) {
  std::promise<void> go_on;
  world().while_opening = [&] { go_on.get_future().wait(); };
  Client& store = client();
  store.store().open(Generation{1});
  store.store().close();
  go_on.set_value();
  ASSERT_TRUE(loop.run_until([] { return testing::open_c_client_handles() == 0; }));
  world().while_opening = nullptr;
  loop.run_ready();
  EXPECT_THAT(store.sessions(), IsEmpty());
  EXPECT_TRUE(failed_as(store.run(ReadNode{Path("/")}), ErrorKind::kClosing));
  ASSERT_TRUE(store.open(Generation{2}));
  EXPECT_THAT(store.sessions(), SizeIs(1)) << "of the second handle alone";
}

TEST_F(CClientTest, EventsOfAnEarlierHandleAreDropped) {
  Client& store = client();
  ASSERT_TRUE(store.open());
  testing::send_c_client_event(ZOO_CHANGED_EVENT, ZOO_CONNECTED_STATE, "/a");
  testing::send_c_client_event(ZOO_SESSION_EVENT, ZOO_EXPIRED_SESSION_STATE, "");
  ASSERT_TRUE(store.open(Generation{2}));
  loop.run_ready();
  EXPECT_EQ(store.watch_count(Path("/a")), 0);
  for (const SessionEvent& event : store.sessions()) EXPECT_EQ(event.state, SessionState::kConnected);
}

}  // namespace
}  // namespace chorale::coordination
