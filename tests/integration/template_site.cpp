#include "tests/integration/template_site.h"

#include <algorithm>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "agent/base/process.h"
#include "agent/config/config.h"
#include "agent/nginx/proof_page.h"
#include "render/server_names.h"
#include "render/template.h"
#include "tests/harness/child_process.h"
#include "tests/harness/loopback.h"
#include "tests/harness/wait_until.h"

namespace chorale::testing {
namespace {

namespace fs = std::filesystem;
using std::chrono::seconds;

}  // namespace

std::string text_of_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::string name_of_template(const ::testing::TestParamInfo<const char*>& one) {
  std::string name;
  for (const char c : std::string(one.param)) {
    if (c != '-' && c != '.') name += c;
  }
  return name;
}

std::string shipped_template(const std::string& name) {
  return (fs::path(CHORALE_TEMPLATE).parent_path() / (name + ".mustache")).string();
}

TemplateSite::TemplateSite() : https_port_(pick_port()) {
  for (const char* directory : {"auth", "certs"}) fs::create_directory(files_.path() / directory);
  policy_.serve_loopback = true;
  fs::permissions(files_.path(), fs::perms::all);  // the workers' user reads them
  local_ = {{"http_port", std::to_string(proxy_.port())},
            {"https_port", std::to_string(https_port_)},
            {"nginx_error_log", proxy_.error_log()},
            {"auth_dir", files_.path() / "auth"},
            {"cert_dir", files_.path() / "certs"}};
}

bool TemplateSite::start_servers(const std::vector<std::string>& addresses) {
  std::string listed;
  for (const std::string& address : addresses) {
    listed += "  server {\n    listen " + address + ":" + std::to_string(kServerPort) +
              ";\n    client_max_body_size 0;\n    location / { return 200 \"" + address +
              " $request_uri prefix=$http_x_forwarded_prefix conn=$http_connection n=$connection_requests\"; }\n" +
              "    location ~ /broken$ { return 500; }\n  }\n";
  }
  std::ofstream(servers_.config_file()) << servers_.config("servers", "", listed);
  return servers_.start();
}

agent::MarathonApp TemplateSite::app(const std::string& id, const Labels& labels,
                                     const std::vector<std::string>& addresses) {
  agent::MarathonApp made;
  made.id = id;
  made.labels = labels;
  made.ports.resize(1);
  for (const std::string& address : addresses) {
    agent::MarathonTask task;
    task.id = "task-" + address;
    task.host = address;
    task.ports = {kServerPort};
    task.state = "TASK_RUNNING";
    task.started = true;
    made.tasks.push_back(task);
  }
  return made;
}

std::string TemplateSite::render(const std::string& name, const std::vector<agent::MarathonApp>& apps) {
  template_ = name;
  return render_text(text_of_file(shipped_template(name)), apps);
}

std::string TemplateSite::render_text(const std::string& source, const std::vector<agent::MarathonApp>& apps) {
  agent::MarathonApps by_id;
  for (const agent::MarathonApp& one : apps) by_id.emplace(one.id, one);
  policy_.longest_server_name = render::longest_server_name(source, "{{");
  policy_.service_ports = render::service_port_range(source, "{{");
  agent::HealthMemory memory;
  const agent::Routes routes = agent::build_routes(by_id, {}, policy_, memory, {}, served_ ? &*served_ : nullptr);
  reasons_.clear();
  for (const agent::Exclusion& exclusion : routes.exclusions) reasons_ += agent::text_of(exclusion) + "\n";

  const auto compiled = render::Template::compile(source, "test.mustache");
  EXPECT_TRUE(compiled) << compiled.error().text();
  if (!compiled) return "";
  const auto rendered = compiled->render(routes.state);
  EXPECT_TRUE(rendered) << rendered.error().text();
  if (!rendered) return "";
  rendered_ = *rendered;
  served_ = routes.state;
  agent::Config config;
  config.xproxy = "proxy-1";
  config.nginx_pid = proxy_.pid_file();
  config.local = local_;
  const auto text = agent::fill_in(rendered->text, agent::local_values(config, "nobody nogroup"));
  EXPECT_TRUE(text) << text.error().text();
  return text.value_or("");
}

bool TemplateSite::serve(const std::string& name, const std::vector<agent::MarathonApp>& apps) {
  return serve_text(render(name, apps));
}

bool TemplateSite::serve_text(const std::string& config) {
  if (config.empty()) return false;
  if (block_of(template_).empty()) {
    std::ofstream(proxy_.config_file()) << config;
  } else {
    fs::create_directory(proxy_.directory() / "conf.d");
    std::ofstream(proxy_.directory() / "conf.d" / "chorale.conf") << config;
    std::ofstream(proxy_.config_file()) << users_config();
  }
  if (started_) return reload();
  // Its answer to "/" is 503 without a body of its own, so that what start() waits for is any answer.
  started_ = proxy_.start();
  return started_;
}

std::string TemplateSite::block_of(const std::string& name) {
  if (!name.ends_with("-conf.d")) return "";
  return name.starts_with("stream") ? "stream" : "http";
}

std::string TemplateSite::users_config() const {
  const std::string include = "  include conf.d/*.conf;\n";
  const bool in_http = block_of(template_) == "http";
  std::string text =
      "user nobody nogroup;\nworker_processes 2;\npid " + proxy_.pid_file() + ";\nerror_log " + proxy_.error_log() +
      " notice;\ninclude /etc/nginx/modules-enabled/*-mod-stream.conf;\n" +
      "events { worker_connections 16384; }\nhttp {\n  access_log off;\n  server_names_hash_max_size 4096;\n";
  if (!template_.starts_with("path")) {
    text += "  server {\n    listen " + std::to_string(proxy_.port()) +
            " default_server;\n    location / { return 503 foreign; }\n  }\n";
  }
  return text + (in_http ? include + "}\n" : "}\nstream {\n" + include + "}\n");
}

bool TemplateSite::reload() {
  const std::vector<pid_t> before = proxy_.worker_pids();
  proxy_.signal(SIGHUP);
  return wait_until(
      [&] {
        const std::vector<pid_t> now = proxy_.worker_pids();
        return !now.empty() && std::none_of(before.begin(), before.end(), [&](pid_t old) {
          return std::find(now.begin(), now.end(), old) != now.end();
        });
      },
      seconds(10));
}

std::string TemplateSite::complaint() {
  std::vector<std::string> command = proxy_.arguments();
  command.insert(command.end(), {"-t", "-q", "-c", proxy_.config_file()});
  const auto ran = agent::run_process(command, seconds(30));
  return ran ? ran->output : ran.error().message;
}

HttpReply TemplateSite::get(const std::string& target, const std::string& host, const Labels& headers) const {
  HttpCall call;
  call.port = proxy_.port();
  call.target = target;
  call.headers = headers;
  if (!host.empty()) call.headers["Host"] = host;
  return http_call(call);
}

std::string TemplateSite::curl(const std::vector<std::string>& arguments) const {
  std::vector<std::string> command{"curl", "--silent", "--show-error", "--max-time", "10"};
  command.insert(command.end(), arguments.begin(), arguments.end());
  return run(command);
}

std::string TemplateSite::run(const std::vector<std::string>& command) {
  const auto ran = agent::run_process(command, seconds(20));
  return ran ? ran->output : ran.error().message;
}

std::string TemplateSite::log() const { return text_of_file(proxy_.directory() / "access.log"); }

}  // namespace chorale::testing
