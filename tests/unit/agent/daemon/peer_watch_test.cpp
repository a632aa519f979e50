// The questions to the other agents over real sockets: answers, and everything that is none.
#include "agent/daemon/peer_watch.h"

#include <gtest/gtest.h>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>
#include <fstream>
#include <list>

#include "tests/harness/temp_dir.h"
#include "tests/harness/wait_until.h"

namespace chorale::agent {
namespace {

using boost::asio::ip::tcp;
using boost::system::error_code;
using coordination::PeerAddress;
using coordination::Revision;
using std::chrono::seconds;

// Answers every connection with the same bytes, on the loop of the test; nullopt: never.
class Peer {
 public:
  Peer(boost::asio::io_context& loop, std::optional<std::string> answer)
      : answer_(std::move(answer)), acceptor_(loop, {boost::asio::ip::address_v4::loopback(), 0}) {
    accept();
  }
  [[nodiscard]] std::string admin() const { return "127.0.0.1:" + std::to_string(acceptor_.local_endpoint().port()); }
  [[nodiscard]] std::size_t asked() const { return connections_.size(); }
  [[nodiscard]] const std::string& request() const { return connections_.front().request; }

 private:
  struct Connection {
    explicit Connection(tcp::socket accepted) : socket(std::move(accepted)) {}
    tcp::socket socket;
    std::string request;
  };
  void accept() {
    acceptor_.async_accept([this](const error_code& error, tcp::socket socket) {
      if (error) return;
      Connection& connection = connections_.emplace_back(std::move(socket));
      boost::asio::async_read_until(connection.socket, boost::asio::dynamic_buffer(connection.request), "\r\n\r\n",
                                    [this, &connection](const error_code& unread, std::size_t) {
                                      if (!unread && answer_) reply(connection);
                                    });
      accept();
    });
  }
  void reply(Connection& connection) {
    boost::asio::async_write(connection.socket, boost::asio::buffer(*answer_),
                             [&connection](const error_code&, std::size_t) { connection.socket.close(); });
  }

  std::optional<std::string> answer_;
  tcp::acceptor acceptor_;
  std::list<Connection> connections_;
};

std::string healthy(const std::string& id, int applied, const std::string& padding = "") {
  const std::string body = R"({"ZooKeeper":{"Healthy":true},"Cluster":{"Id":")" + id + R"(","Applied":)" +
                           std::to_string(applied) + "}" + padding + "}";
  return "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

class PeerWatchTest : public ::testing::Test {
 protected:
  ~PeerWatchTest() override { pool_.join(); }

  static coordination::ViewChanged hearing(std::vector<PeerAddress> peers) {
    coordination::ViewChanged view;
    view.connected = true;
    view.registered = true;
    view.peers = std::move(peers);
    return view;
  }
  // From here on it hears nothing, and time passes until it asks.
  void fall_silent() {
    watch_.look(now_, {});
    now_ += seconds(30);
    watch_.look(now_, {});
  }
  bool run_until(const std::function<bool()>& done, std::chrono::milliseconds limit = seconds(10)) {
    return testing::wait_until(
        [&] {
          loop_.restart();
          loop_.poll();
          return done();
        },
        limit);
  }
  std::string file() const { return directory_.path() / "peers.json"; }

  testing::TempDir directory_{"peer_watch"};
  boost::asio::io_context loop_;
  boost::asio::thread_pool pool_{1};
  TimePoint now_{std::chrono::hours(1)};
  int answers_ = 0;
  PeerWatch watch_{loop_, pool_, directory_.path().string(), [this] { ++answers_; }};
};

TEST_F(PeerWatchTest, BelievesAnAgentThatServesSomethingNewer) {
  Peer peer(loop_, healthy("b", 41));
  watch_.look(now_, hearing({{"b", peer.admin()}}));
  fall_silent();
  ASSERT_TRUE(run_until([&] { return answers_ == 1; }));
  EXPECT_EQ(watch_.replaced_by(Revision{40}), "b");
  EXPECT_EQ(watch_.replaced_by(Revision{41}), std::nullopt);
  EXPECT_TRUE(peer.request().starts_with("GET /v1/health HTTP/1.1\r\n")) << peer.request();
  watch_.look(now_, hearing({{"b", peer.admin()}}));
  EXPECT_EQ(watch_.replaced_by(Revision{40}), std::nullopt);
}

TEST_F(PeerWatchTest, NoAnswerIsNone) {
  Peer silent(loop_, std::nullopt);
  Peer other(loop_, healthy("x", 41));
  Peer long_winded(loop_, healthy("d", 41, R"(,"Padding":")" + std::string(300 * 1024, 'x') + "\""));
  Peer rude(loop_, "220 smtp ready\r\n");
  std::string closed;
  {
    const Peer gone(loop_, std::nullopt);
    closed = gone.admin();
  }
  watch_.look(now_, hearing({{"a", silent.admin()},
                             {"b", other.admin()},
                             {"c", closed},
                             {"d", long_winded.admin()},
                             {"e", rude.admin()},
                             {"f", "no port"},
                             {"g", "127.0.0.1:99999"},
                             {"h", ":80"}}));
  fall_silent();
  ASSERT_TRUE(run_until([&] { return answers_ == 7; })) << answers_;
  EXPECT_EQ(watch_.replaced_by(Revision{0}), std::nullopt);
  // The one that says nothing costs 3 s.
  ASSERT_TRUE(run_until([&] { return answers_ == 8; })) << answers_;
  EXPECT_EQ(silent.asked(), 1U);
  EXPECT_EQ(watch_.replaced_by(Revision{0}), std::nullopt);
}

TEST_F(PeerWatchTest, RemembersThemOverARestart) {
  Peer peer(loop_, healthy("b", 41));
  watch_.look(now_, hearing({{"a", "127.0.0.1:1"}}));
  watch_.look(now_, hearing({{"b", peer.admin()}}));  // while the first is being written
  ASSERT_TRUE(run_until([&] {
    std::ifstream kept(file());
    return std::string(std::istreambuf_iterator<char>(kept), {}).find(peer.admin()) != std::string::npos;
  }));
  PeerWatch again(loop_, pool_, directory_.path().string(), [this] { ++answers_; });
  again.load();
  again.look(now_, {});
  again.look(now_ + seconds(30), {});
  ASSERT_TRUE(run_until([&] { return answers_ == 1; }));
  EXPECT_EQ(again.replaced_by(Revision{40}), "b");
}

TEST_F(PeerWatchTest, MayEndWhileItAsks) {
  Peer silent(loop_, std::nullopt);
  {
    PeerWatch brief(loop_, pool_, directory_.path().string(), [this] { ++answers_; });
    brief.look(now_, hearing({{"a", silent.admin()}}));
    brief.look(now_, {});
    brief.look(now_ + seconds(30), {});
    ASSERT_TRUE(run_until([&] { return silent.asked() == 1; }));
  }
  EXPECT_FALSE(run_until([&] { return answers_ > 0; }, std::chrono::milliseconds(100)));
}

}  // namespace
}  // namespace chorale::agent
