// The server's local listener: for its owner alone, and gone with its server.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <filesystem>
#include <fstream>
#include <string>

#include "agent/http/server.h"
#include "tests/harness/temp_dir.h"
#include "tests/harness/wait_until.h"

namespace chorale::agent {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

class UnixSocketTest : public ::testing::Test {
 protected:
  HttpServer make() {
    HttpServerOptions options;
    options.address = "127.0.0.1";
    options.port = 0;
    options.unix_path = path_;
    return {loop_, options, [](const HttpRequest& request, const HttpServer::Respond& respond) {
              HttpResponse response;
              response.body = request.method + (request.from_operator ? " operator" : "") +
                              (request.from_loopback ? " loopback" : "");
              respond(response);
            }};
  }
  // The answer to a POST, read while the loop turns.
  std::string post() {
    const int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path_.copy(address.sun_path, sizeof(address.sun_path) - 1);
    if (connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0) return "refused";
    const std::string request = "POST /x HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    EXPECT_EQ(send(fd, request.data(), request.size(), 0), static_cast<ssize_t>(request.size()));
    std::string answer;
    bool closed = false;
    EXPECT_TRUE(testing::wait_until(
        [&] {
          loop_.poll();
          char buffer[4096];
          const ssize_t bytes = recv(fd, buffer, sizeof(buffer), MSG_DONTWAIT);
          if (bytes > 0) answer.append(buffer, static_cast<std::size_t>(bytes));
          closed = bytes == 0;
          return closed;
        },
        std::chrono::seconds(10)));
    close(fd);
    return answer;
  }

  boost::asio::io_context loop_;
  testing::TempDir directory_{"unix"};
  std::string path_ = directory_.path() / "admin.sock";
};

TEST_F(UnixSocketTest, SpeaksForTheOperatorAndIsItsOwnersAlone) {
  {
    HttpServer server = make();
    ASSERT_TRUE(server.start());
    ASSERT_TRUE(server.start_unix());
    EXPECT_EQ(fs::status(path_).permissions(), fs::perms::owner_read | fs::perms::owner_write);
    EXPECT_THAT(post(), HasSubstr("\r\n\r\nPOST operator"));
  }
  EXPECT_FALSE(fs::exists(path_));
}

TEST_F(UnixSocketTest, LeftoverOfAKilledAgentIsReplacedButNoOtherFile) {
  const int fd = socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path_.copy(address.sun_path, sizeof(address.sun_path) - 1);
  ASSERT_EQ(bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
  close(fd);
  {
    HttpServer server = make();
    ASSERT_TRUE(server.start());
    ASSERT_TRUE(server.start_unix());
    EXPECT_THAT(post(), HasSubstr("POST operator"));
  }
  std::ofstream(path_) << "mine";
  HttpServer server = make();
  ASSERT_TRUE(server.start());
  const auto refused = server.start_unix();
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, HasSubstr("there is a file of that name"));
  EXPECT_TRUE(fs::is_regular_file(path_));
}

TEST_F(UnixSocketTest, PathsThatCannotBeAreRefused) {
  path_ = "/" + std::string(200, 'x');
  HttpServer longest = make();
  ASSERT_TRUE(longest.start());
  EXPECT_THAT(longest.start_unix().error().message, HasSubstr("too long"));
  path_ = directory_.path() / "missing" / "admin.sock";
  HttpServer missing = make();
  ASSERT_TRUE(missing.start());
  EXPECT_THAT(missing.start_unix().error().message, HasSubstr("No such file"));
}

}  // namespace
}  // namespace chorale::agent
