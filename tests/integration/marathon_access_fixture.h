// A MarathonClient with credentials and certificates in files of a test's own.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "agent/marathon/authorization.h"
#include "tests/harness/temp_dir.h"
#include "tests/integration/marathon_fixture.h"

namespace chorale::agent {

inline constexpr const char* kOneApp = R"({"apps":[{"id":"/a","tasks":[]}]})";

class MarathonAccessTest : public MarathonFixture {
 protected:
  [[nodiscard]] std::string path(const std::string& name) const { return (directory_.path() / name).string(); }

  void start_with(AuthorizationOptions options) {
    MarathonClientOptions client;
    client.tls = options.tls;
    authorization_ = make_authorization(loop_, workers_, std::move(options));
    client.authorization = authorization_;
    start(std::move(client));
  }
  // The next answer to a question for the list.
  AppsFetched fetch(const std::string& url) {
    const std::size_t before = count<AppsFetched>();
    client_->perform(FetchApps{before + 1, url});
    return wait_for<AppsFetched>(before + 1);
  }
  static std::string message_of(const AppsFetched& fetched) {
    EXPECT_FALSE(fetched.apps);
    return fetched.apps ? "" : fetched.apps.error().message;
  }

  chorale::testing::TempDir directory_{"marathon_access"};
  std::shared_ptr<Authorization> authorization_;
};

}  // namespace chorale::agent
