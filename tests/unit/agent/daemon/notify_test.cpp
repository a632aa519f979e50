#include "agent/daemon/notify.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/asio/io_context.hpp>
#include <cstddef>
#include <cstdlib>

#include "tests/harness/loopback.h"
#include "tests/harness/temp_dir.h"

namespace chorale::agent {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

// The service manager's end: a real datagram socket.
class Manager {
 public:
  explicit Manager(const std::string& address)
      : socket_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {
    sockaddr_un name{};
    name.sun_family = AF_UNIX;
    std::copy(address.begin(), address.end(), name.sun_path);
    if (address.front() == '@') name.sun_path[0] = '\0';
    const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + address.size());
    bound_ = ::bind(socket_.descriptor(), reinterpret_cast<const sockaddr*>(&name), length) == 0;
  }

  [[nodiscard]] bool bound() const { return bound_; }
  // Everything that has arrived; a datagram on this host is there when it was sent.
  [[nodiscard]] std::vector<std::string> received() const {
    std::vector<std::string> all;
    std::array<char, 4096> buffer{};
    for (ssize_t size = 0; (size = ::recv(socket_.descriptor(), buffer.data(), buffer.size(), 0)) >= 0;) {
      all.emplace_back(buffer.data(), static_cast<std::size_t>(size));
    }
    return all;
  }

 private:
  chorale::testing::Socket socket_;
  bool bound_ = false;
};

class NotifyTest : public ::testing::Test {
 protected:
  // ctest runs every case in a process of its own, at the same time.
  chorale::testing::TempDir directory_{"notify"};
  std::string path_ = (directory_.path() / "notify.sock").string();
  boost::asio::io_context loop_{1};
  TimePoint now_{seconds(1'000)};
};

TEST_F(NotifyTest, ReadyGoesToAPath) {
  const Manager manager(path_);
  ASSERT_TRUE(manager.bound());
  Notifier notifier(loop_, {path_, {}});
  EXPECT_THAT(manager.received(), IsEmpty());
  notifier.ready("fine", now_);
  EXPECT_THAT(manager.received(), ElementsAre("READY=1\nSTATUS=fine\n"));
}

TEST_F(NotifyTest, ReadyGoesToAnAbstractName) {
  const std::string address = "@chorale-test-" + std::to_string(::getpid());
  const Manager manager(address);
  ASSERT_TRUE(manager.bound());
  Notifier(loop_, {address, {}}).ready("fine", now_);
  EXPECT_THAT(manager.received(), ElementsAre("READY=1\nSTATUS=fine\n"));
}

TEST_F(NotifyTest, NobodyListeningIsNoTrouble) {
  const std::string too_long = "/" + std::string(200, 'x');
  for (const std::string& address : {std::string(), std::string("@"), std::string("relative"), path_, too_long}) {
    Notifier notifier(loop_, {address, {}});
    notifier.ready("fine", now_);
    notifier.status("fine", now_);
    notifier.stopping("done");
  }
}

TEST_F(NotifyTest, ReadyIsSaidAgainUntilItIsHeard) {
  Notifier notifier(loop_, {path_, {}});
  notifier.ready("fine", now_);  // to nobody
  const Manager manager(path_);
  ASSERT_TRUE(manager.bound());
  notifier.status("fine", now_);
  EXPECT_THAT(manager.received(), ElementsAre("READY=1\nSTATUS=fine\n"));
}

TEST_F(NotifyTest, StatusIsSentWhenItDiffersAndOnceASecondAtMost) {
  const Manager manager(path_);
  Notifier notifier(loop_, {path_, {}});
  notifier.status("one", now_);
  notifier.status("one", now_ + seconds(5));
  EXPECT_THAT(manager.received(), ElementsAre("STATUS=one\n"));
  notifier.status("two", now_ + seconds(10));
  notifier.status("three", now_ + milliseconds(10'200));
  notifier.status("four", now_ + milliseconds(10'999));
  EXPECT_THAT(manager.received(), ElementsAre("STATUS=two\n"));
  notifier.status("four", now_ + seconds(11));
  EXPECT_THAT(manager.received(), ElementsAre("STATUS=four\n"));
}

TEST_F(NotifyTest, FullQueueNeitherBlocksNorLosesTheLastWord) {
  const Manager manager(path_);
  Notifier notifier(loop_, {path_, {}});
  constexpr int kMoreThanAnyQueue = 5'000;  // net.unix.max_dgram_qlen is 10 to 512
  for (int i = 0; i <= kMoreThanAnyQueue; ++i) notifier.status(std::to_string(i), now_ += seconds(1));
  const auto before = manager.received();
  ASSERT_LT(before.size(), static_cast<std::size_t>(kMoreThanAnyQueue));
  notifier.status(std::to_string(kMoreThanAnyQueue), now_ += seconds(1));
  EXPECT_THAT(manager.received(), ElementsAre("STATUS=5000\n"));
}

TEST_F(NotifyTest, NoStatusForgesAField) {
  const Manager manager(path_);
  Notifier notifier(loop_, {path_, {}});
  notifier.status("evil\nWATCHDOG=trigger", now_);
  notifier.stopping("evil\nREADY=1");
  EXPECT_THAT(manager.received(),
              ElementsAre("STATUS=evil\\x0aWATCHDOG=trigger\n", "STOPPING=1\nSTATUS=evil\\x0aREADY=1\n"));
}

TEST_F(NotifyTest, WatchdogIsFedByTheLoopAlone) {
  const Manager manager(path_);
  Notifier notifier(loop_, {path_, milliseconds(60)});
  notifier.ready("fine", now_);
  EXPECT_THAT(manager.received(), ElementsAre("READY=1\nSTATUS=fine\n", "WATCHDOG=1\n"));
  loop_.run_one_for(seconds(10));
  EXPECT_THAT(manager.received(), ElementsAre("WATCHDOG=1\n"));
  loop_.run_one_for(seconds(10));
  EXPECT_THAT(manager.received(), ElementsAre("WATCHDOG=1\n"));
  notifier.stopping("bye");
  loop_.restart();
  loop_.run();  // ends: the timer is gone
  EXPECT_THAT(manager.received(), ElementsAre("STOPPING=1\nSTATUS=bye\n"));
}

TEST_F(NotifyTest, ThreeFeedsFitIntoTheInterval) {
  const Manager manager(path_);
  Notifier notifier(loop_, {path_, milliseconds(300)});
  const auto before = std::chrono::steady_clock::now();
  notifier.ready("fine", now_);
  loop_.run_one_for(seconds(10));
  const auto waited = std::chrono::steady_clock::now() - before;
  EXPECT_GE(waited, milliseconds(99));
  EXPECT_EQ(manager.received().size(), 3U);
}

TEST_F(NotifyTest, WithoutWatchdogThereIsNoTimer) {
  const Manager manager(path_);
  Notifier notifier(loop_, {path_, {}});
  notifier.ready("fine", now_);
  loop_.run();
  EXPECT_THAT(manager.received(), ElementsAre("READY=1\nSTATUS=fine\n"));
}

class NotifyEnvironmentTest : public ::testing::Test {
 protected:
  static NotifyEnvironment take(const char* socket, const char* interval, const char* pid) {
    set("NOTIFY_SOCKET", socket);
    set("WATCHDOG_USEC", interval);
    set("WATCHDOG_PID", pid);
    return take_notify_environment();
  }

 private:
  static void set(const char* name, const char* value) {
    if (value == nullptr) {
      ::unsetenv(name);
    } else {
      ::setenv(name, value, 1);
    }
  }
};

TEST_F(NotifyEnvironmentTest, IsReadOnceAndLeftToNoChild) {
  const std::string own = std::to_string(::getpid());
  const NotifyEnvironment taken = take("/run/systemd/notify", "30000000", own.c_str());
  EXPECT_EQ(taken.socket, "/run/systemd/notify");
  EXPECT_EQ(taken.watchdog, seconds(30));
  for (const char* name : {"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"}) EXPECT_EQ(std::getenv(name), nullptr);
  EXPECT_EQ(take_notify_environment().socket, "");
}

TEST_F(NotifyEnvironmentTest, AnotherProcessesWatchdogIsNotOurs) {
  EXPECT_EQ(take(nullptr, "30000000", "1").watchdog.count(), 0);
  EXPECT_EQ(take(nullptr, "30000000", nullptr).watchdog, seconds(30));
}

TEST_F(NotifyEnvironmentTest, NonsenseIsNoWatchdog) {
  for (const char* interval : {"", "0", "-5", "30s", "99999999999999999999"}) {
    EXPECT_EQ(take(nullptr, interval, nullptr).watchdog.count(), 0) << interval;
  }
}

TEST(StatusLineTest, SaysRoleRevisionAndHealth) {
  HealthInputs inputs;
  EXPECT_EQ(status_line(inputs, {coordination::Condition::kDown, "Nginx is not running"}),
            "no leader yet, serving nothing of Chorale's yet, down: Nginx is not running");
  inputs.view.leader = "proxy-2";
  inputs.nginx.applied = coordination::Identity{{7}, {41}, "d"};
  EXPECT_EQ(status_line(inputs, {coordination::Condition::kOk, "OK"}), "follower of proxy-2, serving 7.41, ok");
  inputs.view.role = coordination::Role::kLeader;
  EXPECT_EQ(status_line(inputs, {coordination::Condition::kDegraded, "Marathon: gone"}),
            "leader, serving 7.41, degraded: Marathon: gone");
  inputs.standalone = true;
  EXPECT_EQ(status_line(inputs, {coordination::Condition::kOk, "OK"}), "standalone, serving 7.41, ok");
  inputs.nginx.shadow = true;
  EXPECT_EQ(status_line(inputs, {coordination::Condition::kOk, "OK, an observer"}),
            "observer, touches no Nginx, wrote 7.41, ok");
  inputs.nginx.applied.reset();
  EXPECT_EQ(status_line(inputs, {coordination::Condition::kDegraded, "no"}),
            "observer, touches no Nginx, wrote nothing yet, degraded: no");
}

}  // namespace
}  // namespace chorale::agent
