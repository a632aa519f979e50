// The shipped templates on a real Nginx, in front of servers of the test's own. Apps come as Marathon says them, and go
// through the allow-lists of the leading agent, so that what a label does is seen from the one end to the other.
// REQUIRES: a network of the test's own (private_network_main.cpp).
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "agent/core/leading/routes.h"
#include "render/template.h"
#include "tests/harness/http_client.h"
#include "tests/harness/nginx_instance.h"
#include "tests/harness/temp_dir.h"

namespace chorale::testing {

using Labels = std::map<std::string, std::string>;

class TemplateSite : public ::testing::Test {
 protected:
  static constexpr std::uint16_t kServerPort = 31'000;

  TemplateSite();

  // HTTP servers at these addresses, port 31000. An answer names server and request: "127.0.1.1 /path prefix=
  // conn=close n=1", n being how many requests its connection has had.
  [[nodiscard]] bool start_servers(const std::vector<std::string>& addresses);
  // An app of these servers.
  [[nodiscard]] static agent::MarathonApp app(const std::string& id, const Labels& labels = {},
                                              const std::vector<std::string>& addresses = {"127.0.1.1"});

  // What the template makes of the apps, which are served as render() made them last, becomes the proxy's config; what
  // was left out is in reasons(). "" if it cannot be rendered, and the test has failed.
  std::string render(const std::string& name, const std::vector<agent::MarathonApp>& apps);
  // The same of a template's text.
  std::string render_text(const std::string& source, const std::vector<agent::MarathonApp>& apps);
  // What render() made last, before local values were filled in.
  [[nodiscard]] const render::Rendered& rendered() const { return rendered_; }
  // Starts the proxy on that, or reloads it and waits until the old workers are gone.
  [[nodiscard]] bool serve(const std::string& name, const std::vector<agent::MarathonApp>& apps);
  [[nodiscard]] bool serve_text(const std::string& config);  // filled in
  // The block that this template is included in, by a main config of the user's own; "" if it is the whole. In `http`
  // the user has a default server for what no server names, which says "foreign", except where apps are routed by path.
  [[nodiscard]] static std::string block_of(const std::string& name);
  [[nodiscard]] bool reload();
  // What `nginx -t` says about the config; "" if it is content, warnings included.
  [[nodiscard]] std::string complaint();
  [[nodiscard]] const std::string& reasons() const { return reasons_; }

  [[nodiscard]] HttpReply get(const std::string& target, const std::string& host = "",
                              const Labels& headers = {}) const;
  // A program's output, to its end.
  [[nodiscard]] static std::string run(const std::vector<std::string>& command);
  // curl's output, and what `format` (its --write-out) says.
  [[nodiscard]] std::string curl(const std::vector<std::string>& arguments) const;
  [[nodiscard]] std::string log() const;  // the access log

  TempDir files_{"site"};  // auth/ and certs/
  NginxInstance servers_;
  NginxInstance proxy_;
  std::uint16_t https_port_;
  Labels local_;               // [local] of the proxy
  agent::RoutePolicy policy_;  // what depends on the template is set by render()
  std::string template_;       // its name, as render() and serve_text() go by

 private:
  [[nodiscard]] std::string users_config() const;

  std::string reasons_;
  render::Rendered rendered_;
  std::optional<render::RoutingState> served_;
  bool started_ = false;
};

// As a test's name may be.
[[nodiscard]] std::string name_of_template(const ::testing::TestParamInfo<const char*>& one);
[[nodiscard]] std::string text_of_file(const std::string& path);
[[nodiscard]] std::string shipped_template(const std::string& name);

}  // namespace chorale::testing
