// The parts of `chorale check`: each looks at one thing that an agent needs and writes one finding per line, with
// what to do where something is missing. Blocking, each step within seconds.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "agent/base/http_client.h"
#include "agent/cli/check_report.h"
#include "agent/cli/cluster_session.h"
#include "agent/config/config.h"
#include "agent/nginx/nginx_here.h"

namespace chorale::agent {

// Whether nginx_cmd can be run at all, and whether a master runs. False: there is nothing to test a config with.
bool check_nginx_program(CheckReport& report, const Config& config, const NginxHere& nginx);
// The template, and what Nginx says about what it renders; `program`: there is an Nginx to ask.
void check_template(CheckReport& report, const Config& config, const NginxHere& nginx, bool program);
// May the agent write what it has to write?
void check_files(CheckReport& report, const Config& config, const NginxHere& nginx);
// The admin API's port: free, or held by this agent itself; and who may see it.
void check_listen(CheckReport& report, const Config& config);
// With event_source = "callback": whether callback_url leads to callback_listen.
void check_callback(CheckReport& report, const Config& config);
void check_zookeeper(CheckReport& report, const Config& config);
// Would this agent lead? Its policy against the pool's.
void check_policy(CheckReport& report, const Config& config, const std::string& authorization);
// Marathon's URLs, the leader's first, as its election shows them; at least one.
[[nodiscard]] tl::expected<std::vector<std::string>, CliError> elected_marathon(
    const coordination::ConnectString& where, bool https);
// Where Marathon is configured as zk://: puts the URLs that its election shows there, for the checks that follow.
// False: it shows none, which is reported.
bool find_marathon(CheckReport& report, Config& config);
// The files that give access to Marathon, and logging in with them. What the Authorization header says, or an empty
// text; nullopt: there is no access, which is reported.
[[nodiscard]] std::optional<std::string> check_access(CheckReport& report, const Config& config);
[[nodiscard]] HttpQuestion question_to_marathon(const Config& config, const std::string& authorization,
                                                std::chrono::milliseconds limit);
// Every endpoint, and this host's clock against theirs.
void check_marathon(CheckReport& report, const Config& config, const std::string& authorization);

// "1.22.1" in what `nginx -v` says, whatever the build is called (openresty/1.21.4.1); nullopt: no version there.
struct NginxVersion {
  int major = 0;
  int minor = 0;
  int patch = 0;
  auto operator<=>(const NginxVersion&) const = default;
};
[[nodiscard]] std::optional<NginxVersion> parse_nginx_version(std::string_view output);

// "Sun, 06 Nov 1994 08:49:37 GMT" (RFC 9110's only current form).
[[nodiscard]] std::optional<std::chrono::system_clock::time_point> parse_http_date(const std::string& text);

}  // namespace chorale::agent
