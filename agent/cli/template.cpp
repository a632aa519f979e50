// `chorale template`: the pool's template by an operator's word, over every leader's file. It is tested on the routes
// that are served before anybody gets it, and may go to some proxies first.
#include <algorithm>
#include <chrono>
#include <iostream>
#include <string>
#include <utility>
#include <vector>

#include "agent/base/clock.h"
#include "agent/base/log.h"
#include "agent/cli/cli.h"
#include "agent/cli/draft_file.h"
#include "agent/cli/load.h"
#include "agent/cli/operator_name.h"
#include "agent/cli/read_routes.h"
#include "agent/cli/refusal_text.h"
#include "agent/cli/rendering.h"
#include "agent/cli/table.h"
#include "agent/cli/template_store.h"
#include "agent/cli/template_text.h"
#include "agent/config/config.h"
#include "agent/core/applying/published_files.h"
#include "coordination/digest.h"

namespace chorale::agent {
namespace {

using coordination::ClusterSnapshot;
using coordination::TemplateDocument;
using coordination::TemplateVersion;
using std::chrono::milliseconds;
using Found = std::optional<TemplateStore::Found>;

constexpr milliseconds kTemplatePollInterval{200};
constexpr int kTemplatePolls = 100;  // 20 s: two tests of Nginx and a back-off

// What all agents but the canaries get.
std::optional<TemplateVersion> ruling(const TemplateDocument& document) {
  if (document.on.empty()) return document.current;
  return document.previous.empty() ? std::nullopt : std::optional(document.previous.front());
}

// Why the template must not be pushed; nullopt: nothing is known against it.
tl::expected<std::optional<std::string>, CliError> judge(const Config& config, const std::string& text,
                                                         const std::string& name) {
  const auto compiled = render::Template::compile(
      text, name, {{config.left_delimiter, config.right_delimiter}, config.routing.merge_label});
  if (!compiled) return compiled.error().text();
  for (const std::string& tag : compiled->raw_tags()) {
    std::cerr << "warning: " << tag << " is rendered without quoting: anyone who sets it writes Nginx config\n";
  }
  const auto routes = read_routes(config);
  if (!routes) return tl::unexpected(routes.error());
  const NginxHere nginx = nginx_here(config);
  const auto rendered = render_here(*compiled, local_values(config, nginx.user), *routes);
  if (!rendered) return rendered.error().message;
  if (!config.apply) {
    std::cerr << "note: not tested here: an observer touches no Nginx\n";
    return std::nullopt;
  }
  const DraftFile draft(config, *rendered);
  if (draft.failure()) return "cannot write a file to test: " + draft.failure()->message;
  const auto refused = ask_nginx(config, nginx.main_config, draft);
  if (refused) {
    if (!*refused) return std::nullopt;
    return refusal_in_template(**refused, draft.path(), *compiled, *routes) +
           "; tested with the routes that are served";
  }
  std::cerr << "note: not tested here: " << refused.error().message << "\n";
  return std::nullopt;
}

std::optional<CliError> unknown_agent(const ClusterSnapshot& cluster, const std::vector<std::string>& ids) {
  std::vector<std::string> known;
  for (const coordination::AgentDocument& agent : cluster.agents) known.push_back(agent.id);
  for (const std::string& id : ids) {
    if (std::find(known.begin(), known.end(), id) != known.end()) continue;
    return CliError{kExitNo, "no agent " + safe(id) + " is registered; there are " + list_of(known)};
  }
  return std::nullopt;
}

// The template of the committed revision, where nothing was pushed before: what a rollback goes back to.
tl::expected<TemplateVersion, CliError> committed_template(const TemplateStore& store, const ClusterSnapshot& cluster) {
  if (!cluster.state.committed) {
    return tl::unexpected(CliError{kExitNo, "nothing is committed yet: there is nothing to test it on"});
  }
  const auto manifest = store.manifest(cluster.state.committed->identity);
  if (!manifest) return tl::unexpected(manifest.error());
  const auto file = manifest->files.find("template");
  if (file == manifest->files.end()) {
    return tl::unexpected(CliError{kExitNo, "the committed revision has no template"});
  }
  return TemplateVersion{file->second, "the leader's file", cluster.state.committed->created_at, true};
}

void keep_few(std::vector<TemplateVersion>& versions) {
  if (versions.size() > coordination::kPreviousTemplates) versions.resize(coordination::kPreviousTemplates);
}

// Where the file rules: what it said when something was pushed over it, or what the leader's says now.
bool is_wanted(const std::string& digest, const ClusterSnapshot& cluster, const TemplateDocument& document) {
  if (digest == document.current.file.digest) return true;
  return document.current.from_file &&
         std::any_of(cluster.agents.begin(), cluster.agents.end(), [&](const coordination::AgentDocument& agent) {
           return agent.role == coordination::Role::kLeader && agent.template_digest == digest;
         });
}

// Whether a revision of it is committed, and all who are meant serve it. Otherwise what is still missing.
tl::expected<std::optional<std::string>, CliError> still_missing(const TemplateStore& store,
                                                                 const ClusterSnapshot& cluster,
                                                                 const TemplateDocument& document) {
  const auto& committed = cluster.state.committed;
  if (!committed) return std::optional<std::string>("nothing is committed");
  const auto manifest = store.manifest(committed->identity);
  if (!manifest) return std::optional<std::string>(manifest.error().message);  // replaced meanwhile
  const auto digest_of = [&](std::string_view name) {
    const auto file = manifest->files.find(std::string(name));
    return file == manifest->files.end() ? std::string() : file->second.digest;
  };
  const bool canaries = !document.on.empty();
  if (!is_wanted(digest_of(canaries ? kCanaryTemplateName : kTemplateName), cluster, document) ||
      (!canaries && !digest_of(kCanaryTemplateName).empty()) ||
      (canaries && digest_of(kCanariesName) != coordination::sha256_hex(canary_lines(document.on)))) {
    return std::optional<std::string>("no revision of it is committed");
  }
  for (const coordination::AgentDocument& agent : cluster.agents) {
    const bool meant = !canaries || std::find(document.on.begin(), document.on.end(), agent.id) != document.on.end();
    if (!meant || !agent.applies || (agent.applied && agent.applied->identity == committed->identity)) continue;
    return std::optional<std::string>(safe(agent.id) + " does not serve " + to_text(committed->identity) + " yet");
  }
  return std::nullopt;
}

// What the leader says against it.
std::optional<std::string> refusal(const ClusterSnapshot& cluster) {
  for (const coordination::AgentDocument& agent : cluster.agents) {
    const bool says = agent.role == coordination::Role::kLeader && agent.message.starts_with("template: ") &&
                      agent.message.find("pushed template") != std::string::npos;
    if (says) return safe(agent.id) + " refuses it: " + safe(agent.message);
  }
  return std::nullopt;
}

// `before`: what the leader had said against the one before.
int await(ClusterSession& session, const TemplateStore& store, const TemplateDocument& document,
          const std::optional<std::string>& before) {
  std::string missing = "no leader has looked at it";
  for (int poll = 0; poll < kTemplatePolls && session.pause(kTemplatePollInterval); ++poll) {
    const auto cluster = session.read_cluster(kClusterPatience);
    if (!cluster) return complain(cluster.error());
    const auto lacks = still_missing(store, *cluster, document);
    if (!lacks) return complain(lacks.error());
    if (!*lacks) {
      std::cout << (document.current.from_file ? std::string("the leader's template file")
                                               : "template " + short_digest(document.current))
                << " is served by " << (document.on.empty() ? "all" : list_of(document.on) + " alone") << ", revision "
                << to_text(cluster->state.committed->identity) << "\n"
                << wrapped("", rollback_text(document));
      return kExitFine;
    }
    if (cluster->state.held) {
      return complain(
          {kExitNo, "it is stored, and comes into force after `chorale release`: " + to_text(*cluster->state.held)});
    }
    if (const auto says = refusal(*cluster); says && says != before) {
      return complain({kExitNo, *says + "; what was in use stays; `chorale template rollback` takes it back"});
    }
    missing = **lacks;
  }
  return complain({kExitNo, "it is stored, but not in force after 20 s: " + missing + "; see `chorale status`"});
}

// Puts `current` in front, for the agents in `on` or for all.
TemplateDocument document_of(TemplateVersion current, std::vector<std::string> on, const TemplateVersion& before,
                             const Found& found) {
  TemplateDocument document{std::move(current), std::move(on), {}};
  // With canaries its first is what all others go on with, also where that is the same.
  if (!document.on.empty() || before.file.digest != document.current.file.digest) document.previous.push_back(before);
  if (found) {
    const auto& older = found->document.previous;
    const std::ptrdiff_t ruling_at = found->document.on.empty() ? 0 : 1;
    if (std::ssize(older) > ruling_at) {
      document.previous.insert(document.previous.end(), older.begin() + ruling_at, older.end());
    }
  }
  keep_few(document.previous);
  return document;
}

int push(const Config& config, ClusterSession& session, const TemplatePush& what) {
  const TemplateStore store(session, config.zookeeper.root);
  const auto cluster = session.read_cluster(kClusterPatience);
  if (!cluster) return complain(cluster.error());
  if (const auto error = unknown_agent(*cluster, what.on)) return complain(*error);
  const auto found = store.read();
  if (!found) return complain(found.error());
  const bool promotes = what.file.empty();
  if (promotes && (!*found || (*found)->document.on.empty())) {
    return complain({kExitUsage, "no template is on trial: name the file to push"});
  }
  const auto text = promotes ? store.text_of((*found)->document.current) : slurp(what.file);
  if (!text) return complain(text.error());
  if (text->empty() || text->size() > coordination::kMaxTemplateBytes) {
    return complain({kExitNo, what.file + ": a template has 1 byte to 1 MiB"});
  }
  const auto against = judge(config, *text, promotes ? "the template on trial" : what.file);
  if (!against) return complain(against.error());
  if (*against) return complain({kExitNo, **against});

  const auto rules = *found ? ruling((*found)->document) : std::nullopt;
  const bool file_rules = !rules || rules->from_file;
  auto before = file_rules ? committed_template(store, *cluster) : tl::expected<TemplateVersion, CliError>(*rules);
  if (!before) return complain(before.error());
  const auto entry = store.store_text(*text);
  if (!entry) return complain(entry.error());
  const TemplateDocument document = document_of({*entry, operator_name(), utc_now()}, what.on, *before, *found);
  if (const auto written = store.write(document, *found); !written) return complain(written.error());
  return await(session, store, document, refusal(*cluster));
}

int rollback(const Config& config, ClusterSession& session) {
  const TemplateStore store(session, config.zookeeper.root);
  const auto cluster = session.read_cluster(kClusterPatience);
  if (!cluster) return complain(cluster.error());
  const auto found = store.read();
  if (!found) return complain(found.error());
  if (!*found || (*found)->document.previous.empty()) {
    return complain({kExitNo, "there is no earlier template: see `chorale template history`"});
  }
  TemplateDocument document = (*found)->document;
  const bool on_trial = !document.on.empty();
  const TemplateVersion undone = std::exchange(document.current, document.previous.front());
  document.previous.erase(document.previous.begin());
  document.on.clear();
  document.rolled_back_by = operator_name();
  if (!on_trial) {  // so that a second rollback undoes the first
    document.previous.insert(document.previous.begin(), undone);
  }
  if (const auto written = store.write(document, *found); !written) return complain(written.error());
  std::cout << wrapped("", (on_trial ? "the trial ends of " : "taken back: ") + version_text(undone) + "; " +
                               version_text(document.current) + " rules again")
            << std::flush;
  return await(session, store, document, refusal(*cluster));
}

int history(ClusterSession& session) {
  const auto cluster = session.read_cluster(kClusterPatience);
  if (!cluster) return complain(cluster.error());
  for (const std::string& unreadable : cluster->unreadable) {
    if (unreadable.starts_with("the pushed template")) return complain({kExitNo, safe(unreadable)});
  }
  std::cout << template_history_text(*cluster);
  return kExitFine;
}

int show(const Config& config, ClusterSession& session, const std::string& digest) {
  const TemplateStore store(session, config.zookeeper.root);
  const auto found = store.read();
  if (!found) return complain(found.error());
  std::vector<TemplateVersion> versions;
  if (*found) {
    versions = (*found)->document.previous;
    versions.insert(versions.begin(), (*found)->document.current);
  } else {
    const auto cluster = session.read_cluster(kClusterPatience);
    if (!cluster) return complain(cluster.error());
    const auto committed = committed_template(store, *cluster);
    if (!committed) return complain(committed.error());
    versions.push_back(*committed);
  }
  const auto is_it = [&](const TemplateVersion& version) { return version.file.digest.starts_with(digest); };
  const auto chosen = std::find_if(versions.begin(), versions.end(), is_it);
  if (chosen == versions.end()) {
    return complain({kExitNo, "no template " + safe(digest) + " is kept; see `chorale template history`"});
  }
  const auto text = store.text_of(*chosen);
  if (!text) return complain(text.error());
  std::cout << *text;
  return kExitFine;
}

template <class Verb>
int with_cluster(const std::string& config_file, Verb verb) {
  const auto config = load_or_complain(config_file);
  if (!config) return kExitUsage;
  if (config->standalone) {
    return complain(
        {kExitUsage, "no zookeeper configured: a standalone agent's template is its file, " + config->nginx_template});
  }
  ClusterSession session(config->zookeeper);
  return verb(*config, session);
}

}  // namespace

int run_template_push(const std::string& config_file, const TemplatePush& what) {
  return with_cluster(config_file,
                      [&](const Config& config, ClusterSession& session) { return push(config, session, what); });
}

int run_template_rollback(const std::string& config_file) { return with_cluster(config_file, rollback); }

int run_template_history(const std::string& config_file) {
  return with_cluster(config_file, [](const Config&, ClusterSession& session) { return history(session); });
}

int run_template_show(const std::string& config_file, const std::string& digest) {
  return with_cluster(config_file,
                      [&](const Config& config, ClusterSession& session) { return show(config, session, digest); });
}

}  // namespace chorale::agent
