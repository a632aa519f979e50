// The one line of a marathon_auth_file, and the file that is looked at again.
#include "agent/marathon/authorization.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/thread_pool.hpp>
#include <chrono>
#include <fstream>
#include <functional>
#include <memory>
#include <string>

#include "tests/harness/temp_dir.h"

namespace chorale::agent {
namespace {

TEST(AuthorizationTest, ALineIsAUserOrATokenAsItIs) {
  EXPECT_EQ(parse_auth_line("jo:pw"), "Basic am86cHc=");
  EXPECT_EQ(parse_auth_line("jo:pw\r\n"), "Basic am86cHc=");
  EXPECT_EQ(parse_auth_line("jo:p:w"), "Basic am86cDp3");
  EXPECT_EQ(parse_auth_line("jo:"), "Basic am86");
  EXPECT_EQ(parse_auth_line("Bearer abc.def"), "Bearer abc.def");
  EXPECT_EQ(parse_auth_line("token=abc\n"), "token=abc");
}

TEST(AuthorizationTest, OtherLinesAreRefusedWithoutBeingRepeated) {
  for (const char* wrong :
       {"", "\n", "hunter2", ":hunter2", "jo:hunter2\nX-Other: y", "Bearer hunter2\nX: y", "jo:hunter2\n\nmore"}) {
    const auto parsed = parse_auth_line(wrong);
    ASSERT_FALSE(parsed) << wrong;
    EXPECT_EQ(parsed.error().message, "expected one line user:password, or Bearer TOKEN, or token=TOKEN");
  }
}

class AuthFileTest : public ::testing::Test {
 protected:
  ~AuthFileTest() override { workers_.join(); }
  void write(const std::string& text) { std::ofstream(file_) << text; }
  [[nodiscard]] std::shared_ptr<Authorization> made() {
    AuthorizationOptions options;
    options.auth_file = file_;
    return make_authorization(loop_, workers_, options);
  }
  // The value that is known; or why there is none.
  [[nodiscard]] static std::string value(Authorization& authorization) {
    std::string text = "not answered";
    authorization.get([&text](const auto& answer) { text = answer ? *answer : "error: " + answer.error().message; });
    return text;
  }
  [[nodiscard]] bool run_until(const std::function<bool()>& done) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (!done()) {
      if (std::chrono::steady_clock::now() > deadline) return false;
      loop_.run_one_for(std::chrono::milliseconds(20));
    }
    return true;
  }

  testing::TempDir directory_{"auth"};
  const std::string file_ = directory_.path() / "auth";
  boost::asio::io_context loop_;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> busy_{loop_.get_executor()};
  boost::asio::thread_pool workers_{1};
};

TEST_F(AuthFileTest, NewContentIsInUseAndTheLastGoodOneStays) {
  const auto authorization = made();
  EXPECT_THAT(value(*authorization), ::testing::StartsWith("error: marathon_auth_file " + file_));
  ASSERT_TRUE(authorization->trouble());
  write("jo:pw\n");
  ASSERT_TRUE(run_until([&] { return value(*authorization) == "Basic am86cHc="; }));
  EXPECT_FALSE(authorization->trouble());
  EXPECT_FALSE(authorization->renew("Basic am86cHc=")) << "there is no other";
  EXPECT_TRUE(authorization->renew("Basic b2xk"));
  write("hunter2\n");
  ASSERT_TRUE(run_until([&] { return authorization->trouble().has_value(); }));
  EXPECT_EQ(authorization->trouble()->message,
            "marathon_auth_file " + file_ + ": expected one line user:password, or Bearer TOKEN, or token=TOKEN");
  EXPECT_EQ(value(*authorization), "Basic am86cHc=");
}

TEST(AuthorizationTest, WithoutAFileItIsAlwaysTheSame) {
  boost::asio::io_context loop;
  boost::asio::thread_pool workers(1);
  AuthorizationOptions options;
  std::string value = "not answered";
  const auto take = [&value](const auto& answer) { value = answer.value(); };
  make_authorization(loop, workers, options)->get(take);
  EXPECT_EQ(value, "");
  options.user = "jo";
  options.password = "pw";
  const auto authorization = make_authorization(loop, workers, options);
  authorization->get(take);
  EXPECT_EQ(value, "Basic am86cHc=");
  EXPECT_FALSE(authorization->renew(value));
  EXPECT_FALSE(authorization->trouble());
}

}  // namespace
}  // namespace chorale::agent
