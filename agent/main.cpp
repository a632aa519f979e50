// The command line: verbs, flags, help. What a verb does stands in cli/, the daemon in daemon/.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <functional>
#include <iostream>
#include <optional>
#include <string>
#include <vector>

#include "agent/base/nearest.h"
#include "agent/base/version.h"
#include "agent/cli/cli.h"
#include "agent/cli/table.h"
#include "agent/daemon/run_agent.h"

namespace {

using namespace chorale::agent;

constexpr const char* kDefaultConfig = "/etc/chorale/chorale.toml";

struct Arguments {
  std::string config = kDefaultConfig;
  std::string apps_file;
  std::string app;
  std::string nginx_file;
  std::string nixy_file;
  std::string template_file;
  std::string directory = ".";
  std::string what;
  std::string reason;
  std::string id;
  std::string digest;
  std::string revision;
  std::string other_revision = "committed";
  StatusFlags status;
  bool json = false;
  HistoryFlags history;
  TemplatePush push;
  bool test = false;
  std::function<int()> run;
};

CLI::App* add_verb(CLI::App& app, Arguments& arguments, const std::string& name, const std::string& help,
                   std::function<int()> run) {
  CLI::App* verb = app.add_subcommand(name, help);
  verb->callback([&arguments, run = std::move(run)] { arguments.run = run; });
  return verb;
}

void add_config(CLI::App* verb, Arguments& arguments) {
  verb->add_option("-f,--file", arguments.config, "configuration file")->type_name("FILE")->capture_default_str();
}

// It reads no configuration of Chorale's: no -f.
void add_migrate(CLI::App& app, Arguments& arguments) {
  CLI::App* migrate =
      add_verb(app, arguments, "migrate", "Make a chorale.toml and a template out of Nixy's",
               [&arguments] { return run_migrate(arguments.nixy_file, arguments.template_file, arguments.directory); });
  migrate->add_option("nixy-toml", arguments.nixy_file, "Nixy's configuration")->type_name("NIXY_TOML")->required();
  migrate
      ->add_option("template", arguments.template_file,
                   "Nixy's template; default: the one that NIXY_TOML names, if it can be read")
      ->type_name("TEMPLATE");
  migrate->add_option("-o", arguments.directory, "where the new files are put; none is overwritten")
      ->type_name("DIR")
      ->capture_default_str();
}

void add_agent(CLI::App& app, Arguments& arguments) {
  CLI::App* agent = add_verb(app, arguments, "agent", "Run the agent of this proxy (the daemon)", [&arguments] {
    return arguments.test ? test_config(arguments.config) : run_agent(arguments.config);
  });
  add_config(agent, arguments);
  agent->add_flag("--test", arguments.test, "start nothing; say whether a start would accept the configuration");
}

// What a file means, before it is used.
void add_file_verbs(CLI::App& app, Arguments& arguments) {
  add_config(
      add_verb(app, arguments, "check",
               "Check config, template, Nginx, ZooKeeper and Marathon; prints one finding per line: ok, warn or fail",
               [&arguments] { return run_check(arguments.config); }),
      arguments);

  CLI::App* render = add_verb(app, arguments, "render", "Print nginx.conf as this proxy would get it",
                              [&arguments] { return run_render(arguments.config, arguments.apps_file); });
  add_config(render, arguments);
  render->add_option("--apps", arguments.apps_file, "a body of Marathon's /v2/apps?embed=apps.tasks; default: no apps")
      ->type_name("FILE");

  CLI::App* compare =
      add_verb(app, arguments, "compare", "Compare an Nginx file in service, such as Nixy's, with the committed routes",
               [&arguments] { return run_compare(arguments.config, arguments.nginx_file); });
  add_config(compare, arguments);
  compare->add_option("nginx-file", arguments.nginx_file, "the file, or the output of `nginx -T`")
      ->type_name("NGINX_FILE")
      ->required();

  add_migrate(app, arguments);
}

// What is, and why.
void add_reading_verbs(CLI::App& app, Arguments& arguments) {
  CLI::App* status = add_verb(app, arguments, "status", "Show the cluster: leader, revisions, every agent",
                              [&arguments] { return run_status(arguments.config, arguments.status); });
  add_config(status, arguments);
  status->add_flag("--json", arguments.status.json, "as JSON");
  status->add_flag("--watch", arguments.status.watch, "show every change until interrupted");

  CLI::App* routes = add_verb(app, arguments, "routes", "Show what is routed where in the committed revision",
                              [&arguments] { return run_routes(arguments.config, arguments.app); });
  add_config(routes, arguments);
  routes->add_option("app", arguments.app, "one app in detail, e.g. /shop/cart")->type_name("APP");

  CLI::App* explain = add_verb(app, arguments, "explain", "Say why an app is routed, or why it is not, and what to do",
                               [&arguments] { return run_explain(arguments.config, arguments.app, arguments.json); });
  add_config(explain, arguments);
  explain->add_flag("--json", arguments.json, "as JSON");
  explain->add_option("app", arguments.app, "the id of an app or a pod, e.g. /shop/cart")->type_name("APP")->required();
  explain->footer(
      "Exit codes: 0 the app is routed, also by an earlier definition while it is quarantined, 1 it is not, "
      "3 ZooKeeper could not be reached.");

  CLI::App* history =
      add_verb(app, arguments, "history", "Show the last commits: what changed, why, and how long it took",
               [&arguments] { return run_history(arguments.config, arguments.history); });
  add_config(history, arguments);
  history->add_flag("--json", arguments.history.json, "as JSON, as it stands in ZooKeeper");
  history->add_option("--since", arguments.history.since, "only what was committed within this time, e.g. 30m, 24h")
      ->type_name("TIME");

  CLI::App* diff =
      add_verb(app, arguments, "diff", "Show which apps and servers differ between two revisions",
               [&arguments] { return run_diff(arguments.config, arguments.revision, arguments.other_revision); });
  add_config(diff, arguments);
  diff->add_option("from", arguments.revision, "a revision: 41, 5.41 or current")->type_name("REV")->required();
  diff->add_option("to", arguments.other_revision, "another one; default: what is committed")->type_name("REV");
}

// What an operator tells the whole pool.
void add_pool_verbs(CLI::App& app, Arguments& arguments) {
  CLI::App* accept =
      add_verb(app, arguments, "accept", "Accept a loss of routes that the leader holds back, or its policy",
               [&arguments] { return run_accept(arguments.config, arguments.what); });
  add_config(accept, arguments);
  accept
      ->add_option(
          "what", arguments.what,
          "the digest that `chorale status` names: this loss is real; or policy: the leader's becomes the pool's, "
          "if no registered agent has the pool's")
      ->type_name("DIGEST|policy")
      ->required();

  CLI::App* forget = add_verb(app, arguments, "forget", "Remove a member that is gone for good from the pool",
                              [&arguments] { return run_forget(arguments.config, arguments.id); });
  add_config(forget, arguments);
  forget->add_option("id", arguments.id, "the id of its agent")->type_name("ID")->required();

  CLI::App* hold = add_verb(app, arguments, "hold", "Serve a revision, whatever changes, until `chorale release`",
                            [&arguments] { return run_hold(arguments.config, arguments.revision, arguments.reason); });
  add_config(hold, arguments);
  hold->add_option("revision", arguments.revision, "41, 5.41 or current: what is committed now")
      ->type_name("REV|current")
      ->required();
  hold->add_option("--reason", arguments.reason, "why; everybody who looks sees it")->type_name("TEXT");

  add_config(add_verb(app, arguments, "release", "Release what is held: the current state is published at once",
                      [&arguments] { return run_release(arguments.config); }),
             arguments);
}

void add_template(CLI::App& app, Arguments& arguments) {
  CLI::App* verb = app.add_subcommand("template", "Give the whole pool a template: push, show, history, rollback");
  verb->require_subcommand(1);
  add_config(verb, arguments);
  CLI::App* push = add_verb(*verb, arguments, "push", "Test a template on what is served, and give it to all proxies",
                            [&arguments] { return run_template_push(arguments.config, arguments.push); });
  add_config(push, arguments);
  push->add_option("file", arguments.push.file, "the template; without it the one that is on trial goes to all")
      ->type_name("FILE");
  push->add_option("--on", arguments.push.on, "only to this proxy, by the id of its agent; may be given again")
      ->type_name("ID")
      ->needs("file");
  CLI::App* show = add_verb(*verb, arguments, "show", "Print the template that was pushed last, or is in use",
                            [&arguments] { return run_template_show(arguments.config, arguments.digest); });
  add_config(show, arguments);
  show->add_option("digest", arguments.digest, "another one, by what `history` shows")->type_name("DIGEST");
  add_config(add_verb(*verb, arguments, "history", "Show what was pushed when and by whom, and which is in use",
                      [&arguments] { return run_template_history(arguments.config); }),
             arguments);
  add_config(add_verb(*verb, arguments, "rollback",
                      "Go back to the template before (a second one undoes that), or end a trial",
                      [&arguments] { return run_template_rollback(arguments.config); }),
             arguments);
}

// What an operator tells this proxy.
void add_proxy_verbs(CLI::App& app, Arguments& arguments) {
  add_config(add_verb(app, arguments, "reload", "Test and reload this proxy's Nginx: a certificate was renewed",
                      [&arguments] { return run_reload(arguments.config); }),
             arguments);
  add_config(add_verb(app, arguments, "repair", "Put Chorale's own file back over an edit that is only reported",
                      [&arguments] { return run_repair(arguments.config); }),
             arguments);
  CLI::App* drain = add_verb(app, arguments, "drain", "Take this proxy out of the balancer, over restarts",
                             [&arguments] { return run_drain(arguments.config, arguments.reason); });
  add_config(drain, arguments);
  drain->add_option("--reason", arguments.reason, "why; everybody who looks sees it")->type_name("TEXT");
  add_config(add_verb(app, arguments, "undrain", "Put this proxy back into the balancer",
                      [&arguments] { return run_undrain(arguments.config); }),
             arguments);
}

void add_verbs(CLI::App& app, Arguments& arguments) {
  add_agent(app, arguments);
  add_file_verbs(app, arguments);
  add_reading_verbs(app, arguments);
  add_pool_verbs(app, arguments);
  add_template(app, arguments);
  add_proxy_verbs(app, arguments);
  add_config(add_verb(app, arguments, "version", "Print the version", run_version), arguments);
}

// Usage errors.

// The first argument that is neither an option nor the value of one that may stand before a verb.
std::string verb_in(const std::vector<std::string>& words) {
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (words[i] == "-f" || words[i] == "--file") {
      ++i;
    } else if (!words[i].starts_with('-')) {
      return words[i];
    }
  }
  return {};
}

std::string meant(const std::string& word, const std::vector<std::string>& names) {
  const auto found = nearest(word, {names.begin(), names.end()});
  return found.empty() ? std::string() : "; did you mean " + std::string(found) + "?";
}

std::vector<std::string> options_of(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
    for (const std::string& name : option->get_snames()) names.push_back("-" + name);
  }
  return names;
}

// Names what was probably meant where a verb or an option is mistyped; nullopt: it is another mistake.
std::optional<std::string> mistyped(const CLI::App& app, const std::vector<std::string>& words) {
  const std::string verb = verb_in(words);
  if (verb.empty()) return std::nullopt;
  std::vector<std::string> verbs;
  std::vector<std::string> options = options_of(app);
  bool is_known = false;
  for (const CLI::App* one : app.get_subcommands([](const CLI::App*) { return true; })) {
    verbs.push_back(one->get_name());
    if (one->get_name() != verb) continue;
    is_known = true;
    const auto more = options_of(*one);
    options.insert(options.end(), more.begin(), more.end());
    for (const CLI::App* nested : one->get_subcommands([](const CLI::App*) { return true; })) {
      const auto theirs = options_of(*nested);
      options.insert(options.end(), theirs.begin(), theirs.end());
    }
  }
  if (!is_known) {
    return "there is no verb \"" + safe(verb) + "\"" + meant(verb, verbs) + "\n`chorale --help` lists the verbs.";
  }
  for (const std::string& word : words) {
    const std::string name = word.substr(0, word.find('='));
    if (!name.starts_with("--") || name == "--") continue;
    if (std::find(options.begin(), options.end(), name) != options.end()) continue;
    return verb + " has no option " + safe(name) + meant(name, options) + "\n`chorale " + verb + " --help` lists them.";
  }
  return std::nullopt;
}

int complain_usage(const CLI::App& app, const CLI::ParseError& error, const std::vector<std::string>& words) {
  if (const auto text = mistyped(app, words)) {
    std::cerr << "chorale: " << *text << "\n";
  } else if (verb_in(words).empty()) {
    std::cout << app.help();
  } else {
    app.exit(error);
  }
  return kExitUsage;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Chorale keeps every Nginx of a proxy pool on the same routes.", "chorale");
  app.footer(
      "Exit codes: 0 fine, 1 the answer is no, 2 wrong usage or config, 3 ZooKeeper or the agent could not be "
      "reached.\n"
      "`chorale VERB --help` explains a verb.");
  app.set_version_flag("--version", "chorale " + version());
  app.require_subcommand(1);
  Arguments arguments;
  add_config(&app, arguments);
  add_verbs(app, arguments);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error);  // --help, --version
    return complain_usage(app, error, {argv + 1, argv + argc});
  }
  return arguments.run();
}
