#include "agent/cli/rendering.h"

#include <utility>

#include "agent/base/url.h"
#include "agent/cli/cli.h"
#include "agent/cli/load.h"
#include "agent/nginx/proof_page.h"
#include "render/app_labels.h"

namespace chorale::agent {
namespace {

render::Server server(const std::string& host, std::uint16_t port, const std::string& task) {
  render::Server made;
  made.host = host;
  made.port = port;
  made.address = host_and_port(host, port);
  made.task_id = task;
  made.version = "2026-01-01T00:00:00.000Z";
  made.health = render::Health::kAlive;
  return made;
}

render::App idle_sample() {
  render::App idle;
  idle.id = "/sample-idle";
  idle.name = "sample-idle";
  idle.path = "/sample-idle";
  idle.hosts = {"sample-idle"};
  idle.ports = {render::Port{}};
  return idle;
}

}  // namespace

tl::expected<render::Template, CliError> read_template(const Config& config) {
  auto text = slurp(config.nginx_template);
  if (!text) return tl::unexpected(text.error());
  auto compiled =
      render::Template::compile(std::move(*text), config.nginx_template,
                                {{config.left_delimiter, config.right_delimiter}, config.routing.merge_label});
  if (!compiled) return tl::unexpected(CliError{kExitNo, compiled.error().text()});
  return std::move(*compiled);
}

NginxHere nginx_here(const Config& config) {
  return find_nginx_here(
      {config.nginx_config, config.nginx_main_config, config.nginx_cmd, config.nginx_pid, {}, config.apply});
}

tl::expected<std::string, CliError> render_here(const render::Template& compiled,
                                                const std::map<std::string, std::string>& values,
                                                const render::RoutingState& state) {
  auto rendered = compiled.render(state);
  if (!rendered) return tl::unexpected(CliError{kExitNo, rendered.error().text()});
  auto filled = fill_in(rendered->text, values);
  if (!filled) return tl::unexpected(CliError{kExitNo, filled.error().text()});
  return std::move(*filled);
}

render::RoutingState sample_state(const RoutingRules& rules) {
  render::App web;
  web.id = "/sample";
  web.name = "sample";
  web.path = "/sample";
  web.hosts = {"sample", "sample.example.org"};
  web.labels = {{"owner", "a \"quoted\" name"},
                {render::kRetryLabel, "http_502"},
                {render::kStripPrefixLabel, "true"},
                {render::kKeepaliveLabel, "8"},
                {render::kTimeoutLabel, "90s"},
                {render::kMaxBodyLabel, "1g"},
                {render::kAllowLabel, "192.0.2.0/24 2001:db8::/32"},
                {render::kAuthLabel, "sample"},
                {render::kRateLabel, "10"},
                {render::kStickyLabel, "cookie:sample"},
                {render::kHttpsLabel, "redirect"},
                {std::string(render::kHeaderLabels) + "X-Sample", "a \"quoted\" text"}};
  web.health_path = "/health";
  render::Port http;
  http.name = "http";
  http.service_port = 10'000;
  http.servers = {server("192.0.2.1", 31'000, "sample.1"), server("2001:db8::1", 31'001, "sample.2")};
  render::Port admin;
  admin.index = 1;
  admin.name = "admin";
  admin.service_port = 10'001;
  admin.protocol = "udp,tcp";
  admin.hosts = {"admin.sample.example.org"};
  admin.servers = {server("192.0.2.1", 31'002, "sample.1")};
  web.ports = {http, admin};

  render::App grouped;
  grouped.id = "/sample-group/cart";
  grouped.name = "cart.sample-group";
  grouped.path = "/sample-group/cart";
  grouped.hosts = {"cart.sample-group"};
  grouped.labels = {{render::kStickyLabel, "ip_hash"}};
  render::Port only;
  only.service_port = 10'002;
  only.servers = {server("192.0.2.2", 31'003, "sample-group_cart.1")};
  grouped.ports = {only};

  render::RoutingState state;
  state.realm = realm_text(rules.realm);
  state.apps = {web, grouped};
  if (rules.keep_empty) state.apps.push_back(idle_sample());  // sorted by id
  return state;
}

}  // namespace chorale::agent
