// The command line: verbs, flags, help. What a verb does stands in cli/, the daemon in daemon/.
#include <CLI/CLI.hpp>
#include <functional>
#include <string>

#include "agent/base/version.h"
#include "agent/cli/cli.h"
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
  std::string id;
  std::string revision;
  std::string other_revision = "committed";
  std::string reason;
  bool history_json = false;
  StatusFlags status;
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
                   "Nixy's template; default: the one that NIXY_TOML names, where it can be read")
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
  agent->add_flag("--test", arguments.test, "only say whether a start would accept the configuration");
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

  CLI::App* history =
      add_verb(app, arguments, "history", "Show the last commits: what changed, why, and how long it took",
               [&arguments] { return run_history(arguments.config, arguments.history_json); });
  add_config(history, arguments);
  history->add_flag("--json", arguments.history_json, "as JSON, as it stands in ZooKeeper");

  CLI::App* diff =
      add_verb(app, arguments, "diff", "Show what one revision routes otherwise than another",
               [&arguments] { return run_diff(arguments.config, arguments.revision, arguments.other_revision); });
  add_config(diff, arguments);
  diff->add_option("from", arguments.revision, "a revision: 41, 5.41 or current")->type_name("REV")->required();
  diff->add_option("to", arguments.other_revision, "another one; default: what is committed")->type_name("REV");
}

// What an operator tells the whole pool.
void add_pool_verbs(CLI::App& app, Arguments& arguments) {
  CLI::App* accept = add_verb(app, arguments, "accept", "Accept what the leader holds back until an operator says so",
                              [&arguments] { return run_accept(arguments.config, arguments.what); });
  add_config(accept, arguments);
  accept
      ->add_option(
          "what", arguments.what,
          "policy: where no registered agent has the pool's policy, the leader's becomes the pool's; the digest "
          "that `chorale status` names: the loss that is held back is real")
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
  hold->add_option("--reason", arguments.reason, "why, for everybody who looks")->type_name("TEXT");

  add_config(add_verb(app, arguments, "release", "Release what is held: the current state is published at once",
                      [&arguments] { return run_release(arguments.config); }),
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
}

void add_verbs(CLI::App& app, Arguments& arguments) {
  add_agent(app, arguments);
  add_file_verbs(app, arguments);
  add_reading_verbs(app, arguments);
  add_pool_verbs(app, arguments);
  add_proxy_verbs(app, arguments);
  add_config(add_verb(app, arguments, "version", "Print the version", run_version), arguments);
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
    return app.exit(error) == 0 ? kExitFine : kExitUsage;
  }
  return arguments.run();
}
