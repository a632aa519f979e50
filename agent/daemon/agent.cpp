#include "agent/daemon/agent.h"

#include <boost/asio/ip/host_name.hpp>
#include <boost/asio/post.hpp>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <sstream>
#include <thread>
#include <utility>

#include "agent/base/clock.h"
#include "agent/base/exit_code.h"
#include "agent/base/log.h"
#include "agent/base/version.h"
#include "coordination/memory_store.h"
#include "coordination/zookeeper_store.h"

namespace chorale::agent {
namespace {

constexpr std::chrono::seconds kLongestEnd{2};  // then the process ends, even with work pending

AuthorizationOptions authorization_options(const Config& config) {
  return {config.user, config.pass, config.marathon_auth_file, config.marathon_service_account_file, config.tls};
}

}  // namespace

Agent::Agent(Config config, InstanceLock lock, const NotifyEnvironment& service_manager)
    : config_(std::move(config)),
      lock_(std::move(lock)),
      started_at_(utc_now()),
      nginx_here_(find_nginx_here(
          {config_.nginx_config, config_.nginx_main_config, config_.nginx_cmd, config_.nginx_pid, {}, config_.apply})),
      signals_(loop_, SIGTERM, SIGINT, SIGHUP),
      end_timer_(loop_),
      status_timer_(loop_),
      notifier_(loop_, service_manager),
      metrics_(version(), config_.nixy_metrics),
      statsd_(loop_, config_.statsd),
      templates_(loop_, workers_, config_.nginx_template,
                 {{config_.left_delimiter, config_.right_delimiter}, config_.routing.merge_label},
                 [this] {
                   if (leadership_) leadership_->template_changed();
                   status_changed();
                 }),
      authorization_(make_authorization(loop_, workers_, authorization_options(config_))),
      endpoint_watch_(loop_, workers_, config_, authorization_, metrics_, [this] { status_changed(); }),
      framework_watch_(loop_, workers_, config_, authorization_, [this] { framework_answered(); }),
      last_routes_(loop_, workers_, config_.state_dir,
                   [this](const coordination::Identity& identity, const std::optional<std::string>& difference) {
                     routes_changed();
                     serving_log_.difference_known(identity, difference);
                   }),
      drain_(loop_, workers_, config_.state_dir, [this] { status_changed(); }),
      nginx_counting_(loop_, workers_, config_.nginx_config),
      peer_watch_(loop_, workers_, config_.state_dir, [this] { status_changed(); }),
      explainer_(explainer_surroundings()),
      serving_log_(config_.apply ? std::string() : shadow_file(config_.state_dir),
                   [](const std::string& text, const LogFacts& facts) {
                     write_log({LogLine::Level::kInfo, text, true}, Repeats::kSameText, facts);
                   }) {}

Agent::~Agent() {
  if (leadership_) leadership_->close();
  nginx_.reset();  // ends a running `nginx -t`, which the workers would otherwise wait for
  nginx_workers_.join();
  workers_.join();
}

int Agent::run() {
  if (!start()) return exit_code_;
  const LoopWatchdog watchdog(loop_, config_.session_timeout * 2 / 3,
                              [this](std::chrono::milliseconds delay) { metrics_.observe_loop_delay(delay); });
  loop_.run();
  log_info("stopped; Nginx goes on serving what it has");
  return exit_code_;
}

bool Agent::start() {
  templates_.start();
  last_routes_.load();
  if (const auto& kept = last_routes_.state()) {
    serving_log_.kept(static_cast<std::int64_t>(kept->apps.size()), render::server_count(*kept));
  }
  if (config_.apply) drain_.load();
  if (!config_.standalone) peer_watch_.load();
  routes_changed();

  HttpServerOptions options{config_.listen_address, config_.listen_port, admin_socket(config_)};
  admin_ = std::make_unique<HttpServer>(loop_, std::move(options), make_admin_api(admin_sources()));
  if (const auto listening = admin_->start(); !listening) {
    log_error("admin API: " + listening.error().message);
    exit_code_ = kExitNo;  // worth another try: the process that holds the port may be about to stop
    return false;
  }
  if (const auto listening = admin_->start_unix(); !listening) {
    log_warning(listening.error().message + "; `chorale reload` and `chorale repair` cannot reach this agent");
  }

  LocalNginx::Callbacks callbacks;
  callbacks.staged = [this](coordination::StageFinished answer) { staged(std::move(answer)); };
  callbacks.applied = [this](const coordination::RevisionApplied& done) { applied(done); };
  callbacks.changed = [this](const NginxStatus& status) { nginx_changed(status); };
  callbacks.log = [](const LogLine& line) { write_log(line); };
  const auto make_nginx = config_.apply ? make_reloaded_nginx : make_shadow_file;
  nginx_ = make_nginx(loop_, nginx_workers_, nginx_options(), std::move(callbacks));
  const auto served = nginx_->start();
  nginx_status_ = nginx_->status();
  const HealthInputs first = health_inputs();
  notifier_.ready(status_line(first, judge(first)), first.now);

  coordination_ =
      std::make_unique<CoordinationShell>(loop_, make_store(), coordinator_options(),
                                          [this](coordination::AgentEffect effect) { perform(std::move(effect)); });
  coordination_->on_session([this](coordination::SessionState state) { metrics_.session_event(state); });
  const std::string file = served ? "Nginx's file holds " + to_text(*served) : "Nginx's file is not ours yet";
  log_info("agent " + config_.id + " " + version() + " starts, admin API on port " + std::to_string(admin_->port()) +
           ", " + (config_.apply ? file : nginx_status_.message));
  if (!nginx_here_.main_config.empty()) log_info(config_.nginx_config + " is included by " + nginx_here_.main_config);
  announce_policy();
  election_ = make_election();
  coordination_->start({served, last_routes_.state() != nullptr});
  if (election_) election_->start();
  endpoint_watch_.start();
  framework_watch_.ask();
  await_signal();
  status_changed();
  return true;
}

coordination::CoordinatorOptions Agent::coordinator_options() const {
  boost::system::error_code unnamed;  // a host without a name is shown without one
  const bool anywhere = config_.listen_address == "0.0.0.0" || config_.listen_address == "::";
  coordination::CoordinatorOptions options;
  options.root = config_.zookeeper.root;
  options.id = config_.id;
  options.instance = lock_.instance();
  options.host = boost::asio::ip::host_name(unnamed);
  options.version = version();
  options.started_at = started_at_;
  options.admin = (anywhere ? options.host : config_.listen_address) + ":" + std::to_string(admin_->port());
  // A standalone agent leads itself, and votes for itself, whatever becomes of what it decides.
  options.applies = config_.apply || config_.standalone;
  options.may_lead = config_.lead && options.applies;
  options.alone = config_.standalone;
  options.session_timeout = config_.session_timeout;
  options.stage_timeout = config_.stage_timeout;
  options.keep_revisions = config_.keep_revisions;
  options.collect_interval = config_.collect_interval;
  options.random_id = random_id;
  return options;
}

std::unique_ptr<coordination::Store> Agent::make_store() {
  if (config_.standalone) {
    log_warning("no zookeeper configured: this agent runs standalone, for this proxy alone");
    return coordination::make_memory_store(coordination::make_memory_tree(), [this](std::function<void()> job) {
      boost::asio::post(loop_, std::move(job));
    });
  }
  return make_zookeeper_store(config_.zookeeper);
}

std::unique_ptr<coordination::Store> Agent::make_zookeeper_store(const coordination::ConnectString& where) {
  coordination::ZookeeperOptions options;
  options.hosts = where.hosts;
  options.session_timeout = config_.session_timeout;
  options.credentials = where.credentials;
  options.post = [this](std::function<void()> job) { boost::asio::post(loop_, std::move(job)); };
  options.log = [this](int level, const std::string& line) {
    constexpr int kWarn = 2;  // ZOO_LOG_LEVEL_WARN; lower is worse
    if (level > kWarn || !may_log_client()) return;
    write_log({LogLine::Level::kWarning, "zookeeper client: " + line}, Repeats::kSameButNumbers);
  };
  return coordination::make_zookeeper_store(std::move(options));
}

// It writes a line for every try at every server: the first ones say why an ensemble is away.
bool Agent::may_log_client() {
  constexpr int kMostWhileAway = 3;
  client_lines_ = view_.connected ? 0 : client_lines_ + 1;
  return client_lines_ <= kMostWhileAway;
}

std::unique_ptr<MarathonElection> Agent::make_election() {
  const auto& where = config_.marathon_zookeeper;
  if (!where) return nullptr;
  return std::make_unique<MarathonElection>(
      loop_, make_zookeeper_store(*where),
      MarathonElectionOptions{config_.id, where->root, config_.marathon_https, config_.session_timeout},
      [this] { election_changed(); });
}

LocalNginxOptions Agent::nginx_options() const {
  LocalNginxOptions options;
  options.config_file = config_.nginx_config;
  options.main_config = nginx_here_.main_config;
  options.command = config_.nginx_cmd;
  options.pid_file = config_.nginx_pid;
  options.state_dir = config_.state_dir;
  options.ignore_check = config_.nginx_ignore_check;
  options.repair_drift = config_.repair_drift;
  options.reload_on = config_.reload_on;
  options.local_values = local_values(config_, nginx_here_.user);
  return options;
}

Explainer::Surroundings Agent::explainer_surroundings() {
  return {loop_,
          workers_,
          config_,
          last_routes_,
          [this] { return marathon_client_options(config_, authorization_); },
          [this] { return endpoints(); },
          [this]() -> coordination::Store& { return coordination_->store(); },
          [this] { return templates_.current() ? std::string(templates_.current()->compiled.text()) : std::string(); }};
}

AdminSources Agent::admin_sources() {
  AdminSources sources;
  sources.version = version();
  sources.xproxy = [this] { return config_.xproxy; };
  sources.realm = realm_text(config_.routing.realm);
  sources.statsd = config_.statsd;
  sources.admin_token = config_.admin_token;
  sources.health = [this] { return health_inputs(); };
  sources.cluster = [this](auto done) { read_cluster(std::move(done)); };
  sources.coordination = [this] { return coordination_->describe(); };
  sources.routes = [this] { return last_routes_.state(); };
  sources.explain = [this](const std::string& app, auto cluster, auto done) {
    explainer_.explain(app, std::move(cluster), std::move(done));
  };
  sources.routes_page = [this](const std::optional<std::string>& app, auto done) {
    const auto& identity = last_routes_.identity();  // a moment behind what is applied, while they are being decoded
    const bool is_applied = identity && identity == nginx_status_.applied;
    explainer_.routes({identity, is_applied ? last_applied_at_ : std::string()}, app, std::move(done));
  };
  sources.times = [this] { return times(); };
  sources.metrics = [this](std::function<void(std::string)> done) {
    if (!config_.apply) return done(metrics_.text());  // an observer asks no Nginx anything
    nginx_counting_.count(
        std::chrono::steady_clock::now(),
        [this, done = std::move(done)](const std::optional<NginxCounters>& nginx) { done(metrics_.text(nginx)); });
  };
  sources.request_sync = [this]() -> std::string {
    if (leadership_) {
      leadership_->request_sync();
    } else {
      coordination_->post(coordination::SyncRequested{});
    }
    return "queued";
  };
  sources.after = [this](Milliseconds wait, std::function<void()> then) {
    const auto timer = std::make_shared<boost::asio::steady_timer>(loop_, wait);
    timer->async_wait([timer, then = std::move(then)](const boost::system::error_code& error) {
      if (!error) then();
    });
  };
  sources.accept = [this](const coordination::AcceptDocument& word) { return accept_loss(word); };
  sources.drain = [this](bool drained, const DrainOrder& order, auto answer) {
    drain(drained, order, std::move(answer));
  };
  sources.hold = [this](const auto& hold, auto done) { write_hold(hold, std::move(done)); };
  sources.history = [this](auto done) { read_history(std::move(done)); };
  sources.command = [this](Command command, auto done) { nginx_->command(command, std::move(done)); };
  return sources;
}

void Agent::await_signal() {
  signals_.async_wait([this](const boost::system::error_code& error, int signal) {
    if (error) return;
    if (signal == SIGHUP) {
      reread_config();
    } else if (ending_) {
      end(0);
    } else {
      end_soon();
    }
    await_signal();
  });
}

// Hands over first, so that the next leader need not wait for the session to expire.
void Agent::end_soon() {
  log_info("asked to stop: handing over");
  ending_ = true;
  notifier_.stopping("handing over; Nginx goes on serving what it has");
  end_timer_.expires_after(kLongestEnd);
  end_timer_.async_wait([this](const boost::system::error_code& error) {
    if (!error) end(0);
  });
  const auto hand_over = [this] { coordination_->post(coordination::HandoverRequested{}); };
  if (leadership_) {
    leadership_->leave_marathon(hand_over);
  } else {
    hand_over();
  }
}

void Agent::end(int exit_code) {
  exit_code_ = exit_code;
  serving_log_.flush();
  if (leadership_) leadership_->close();
  coordination_->close();
  if (election_) election_->close();
  loop_.stop();
  // The libraries wait for their own threads, and one of those may be waiting for a name that never resolves.
  std::thread([exit_code] {
    std::this_thread::sleep_for(kLongestEnd);
    std::_Exit(exit_code);
  }).detach();
}

void Agent::reread_config() {
  // What a start would refuse is refused here.
  const auto loaded = load_for_agent(config_.file);
  if (!loaded) {
    std::istringstream reasons(loaded.error().message);
    for (std::string reason; std::getline(reasons, reason);) {
      write_log({LogLine::Level::kError, "configuration not re-read: " + reason, true});
    }
    write_log({LogLine::Level::kError, "the old configuration stays in force", true});
    config_refusal_ = refusal_warning(loaded.error(), utc_now());
    return status_changed();
  }
  for (const ConfigWarning& warning : loaded->warnings) {
    write_log({LogLine::Level::kWarning, warning.text(), true});
  }
  config_refusal_.reset();
  status_changed();
  const auto values_before = local_values(config_, nginx_here_.user);
  const ConfigChanges changes = take_changes(loaded->config, config_);
  const auto values = local_values(config_, nginx_here_.user);
  nginx_->set_local_values(values);
  if (values != values_before) ask_again();
  ++rereads_;  // counted in the line, so that the log never takes it for a repetition
  log_info("configuration re-read (" + std::to_string(rereads_) + " since the start): " + changes.text());
}

// What was refused may have been refused for a value that is corrected now. Later: after the answers that Nginx has
// given by then, which are about the values of before.
void Agent::ask_again() {
  refusal_told_.forget();  // if it is refused once more, that is news
  boost::asio::post(loop_, [this] {
    coordination_->post(coordination::AnswersOutdated{});
    if (leadership_) leadership_->ask_again();
  });
}

}  // namespace chorale::agent
