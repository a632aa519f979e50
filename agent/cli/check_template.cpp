// `chorale check`: the template, and what Nginx says about what it renders.
#include <map>
#include <string>
#include <utility>

#include "agent/base/text_file.h"
#include "agent/cli/check_parts.h"
#include "agent/cli/cli.h"
#include "agent/cli/draft_file.h"
#include "agent/cli/rendering.h"
#include "agent/nginx/config_words.h"
#include "render/local_values.h"

namespace chorale::agent {
namespace {

constexpr std::size_t kMostMainBytes = std::size_t{1} << 30U;

// `labels`: it asks for what this Nginx may be built without; only apps that want it suffer then.
void check_nginx(CheckReport& report, const Config& config, const std::string& main, const std::string& what,
                 const std::string& text, bool labels) {
  if (!main.empty() && !config.apply) {
    return report.ok("nginx", what + " is not tested: an observer writes no copy of " + main + " beside it");
  }
  const DraftFile file(config, text);
  if (file.failure()) {
    report.fail("nginx", "cannot write a file to test: " + file.failure()->message, kExitNo);
    return;
  }
  const auto refused = ask_nginx(config, main, file);
  if (!refused) {
    report.fail("nginx", refused.error().message, kExitNo);
  } else if (*refused && labels) {
    report.warn("nginx", what + " is refused: " + **refused + "; an app whose label needs that is quarantined");
  } else if (*refused) {
    report.fail("nginx", what + " is refused: " + **refused, kExitNo);
  } else {
    report.ok("nginx", what + " passes " + config.nginx_cmd.front() + " -t" +
                           (file.moved() ? " (in a temporary directory: relative includes were not tested)" : ""));
  }
}

// What is rendered shows what this template needs; another one needs something else.
void check_needs(CheckReport& report, const NginxProgram& program, const std::string& text) {
  const auto need = newest_need(text);
  if (!program.version || !need || *program.version >= need->version) return;
  report.warn("nginx", "version " + text_of(*program.version) + " is older than " + text_of(need->version) +
                           ", which nginx_template needs for \"" + need->what +
                           "\"; update Nginx, or use another template");
}

// What a template for conf.d leaves to the configuration around it, and Nginx does not ask for.
void check_surroundings(CheckReport& report, const std::string& main) {
  if (main.empty()) return;
  const auto text = read_text_file(main, kMostMainBytes);
  if (!text) return;
  ConfigDirectives directives(*text);
  while (const ConfigDirective* directive = directives.next()) {
    if (directive->is_main("worker_shutdown_timeout")) return;
  }
  report.warn("nginx", main +
                           " sets no worker_shutdown_timeout: with every reload a set of old workers stays until the "
                           "last of its websockets and other long connections ends; 10m is a good value");
}

// Looked for in what is rendered: a name in a template's comment needs no value.
void check_local_values(CheckReport& report, const std::map<std::string, std::string>& known,
                        const render::Template& compiled, const render::RoutingState& sample) {
  const auto rendered = compiled.render(sample);
  if (!rendered) return;  // reported below, with the state that it fails on
  for (const std::string& name : render::local_value_names(rendered->text)) {
    if (known.contains(name)) continue;
    report.fail("template", "@{" + name + "} is unknown on this proxy; set it in [local]", kExitNo);
  }
}

render::RoutingState without_labels(render::RoutingState state) {
  for (render::App& app : state.apps) {
    std::erase_if(app.labels, [](const auto& label) { return label.first.starts_with("chorale."); });
  }
  return state;
}

}  // namespace

void check_template(CheckReport& report, const Config& config, const NginxHere& nginx, const NginxProgram& program) {
  const auto compiled = read_template(config);
  if (!compiled) {
    report.fail("template", compiled.error().message + "; nginx_template names the file", compiled.error().exit_code);
    return;
  }
  report.ok("template", config.nginx_template);
  for (const std::string& tag : compiled->raw_tags()) {
    report.warn("template", tag + " is rendered without quoting: anyone who sets it writes Nginx config");
  }
  const auto values = local_values(config, nginx.user);
  const render::RoutingState labelled = sample_state(config.routing);
  check_local_values(report, values, *compiled, labelled);
  if (config.nginx_ignore_check) report.warn("nginx", "nginx_ignore_check is set: no config is ever tested");
  std::string all;
  const render::RoutingState empty{realm_text(config.routing.realm), {}};
  for (const auto& [what, state] : {std::pair<std::string, render::RoutingState>{"a state without apps", empty},
                                    {"a sample state", without_labels(labelled)},
                                    {"a sample state with labels", labelled}}) {
    const auto text = render_here(*compiled, values, state);
    if (!text) {
      report.fail("template", what + ": " + text.error().message, kExitNo);
    } else if (program.runs && !config.nginx_ignore_check) {
      check_nginx(report, config, nginx.main_config, what, *text, state == labelled);
    }
    all += text.value_or("");
  }
  check_needs(report, program, all);
  check_surroundings(report, nginx.main_config);
}

}  // namespace chorale::agent
