#include "agent/daemon/explainer.h"

#include <chrono>
#include <utility>

#include "agent/config/policy_values.h"
#include "render/routes_codec.h"

namespace chorale::agent {
namespace {

// Beside the 5 s that names may take, within the 10 s that the admin API waits for a page.
constexpr Milliseconds kMarathonLimit{3'500};
constexpr Milliseconds kMarathonPatience{1'500};
// What ZooKeeper has not answered by then is not waited for: whoever asked has been told so long ago.
constexpr std::chrono::seconds kGivenUpAfter{30};

std::int64_t now_in_seconds() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::seconds>(now).count();
}

}  // namespace

Explainer::Explainer(Surroundings surroundings)
    : surroundings_(std::move(surroundings)), worker_(surroundings_.loop, surroundings_.workers) {}

Explainer::Inquiry* Explainer::find(std::uint64_t number) {
  const auto found = inquiries_.find(number);
  return found == inquiries_.end() ? nullptr : &found->second;
}

void Explainer::give_up_old_ones() {
  const TimePoint oldest = std::chrono::steady_clock::now() - kGivenUpAfter;
  std::erase_if(inquiries_, [&](const auto& entry) { return entry.second.since < oldest; });
}

void Explainer::explain(const std::string& app, Cluster cluster, Done done) {
  give_up_old_ones();
  if (inquiries_.size() >= kMostInquiries) {
    return done(tl::unexpected(Failure{"others are being explained now: ask again in a moment"}));
  }
  const Config& config = surroundings_.config;
  const std::uint64_t number = ++last_number_;
  Inquiry& inquiry = inquiries_[number];
  inquiry.since = std::chrono::steady_clock::now();
  inquiry.done = std::move(done);
  ExplainInputs& inputs = inquiry.inputs;
  inputs.app = app_id_of(app);
  inputs.id = config.id;
  inputs.policy = {config.routing, config.expose_env, config.health_memory, reaches_cluster_on_loopback(config)};
  inputs.own_policy = policy_values(config, std::nullopt);
  inputs.left_delimiter = config.left_delimiter;
  inputs.proxy = proxy_address(config);
  inputs.template_text = surroundings_.own_template();
  if (cluster) {
    inputs.cluster = std::move(*cluster);
    return read_committed(number);
  }
  inputs.cluster = tl::unexpected(Failure{cluster.error().message});
  inputs.routes = surroundings_.last_routes.state();
  inputs.routes_at = surroundings_.last_routes.kept_at();
  ask_marathon(number);
}

// From memory, where this proxy has applied it; else from ZooKeeper.
void Explainer::read_committed(std::uint64_t number) {
  ExplainInputs& inputs = inquiries_.at(number).inputs;
  const auto& committed = inputs.cluster->state.committed;
  if (!committed) return ask_marathon(number);
  const coordination::Identity identity = committed->identity;
  if (surroundings_.last_routes.identity() == identity) {
    inputs.routes = surroundings_.last_routes.state();
    return read_template(number, identity);
  }
  const auto taken = [this, life = std::weak_ptr<char>(life_), number, identity](auto text) {
    Inquiry* inquiry = life.expired() ? nullptr : find(number);
    if (inquiry == nullptr) return;
    if (!text) {
      inquiry->inputs.cluster = tl::unexpected(Failure{"revision " + to_text(identity) + ": " + text.error().message});
      return ask_marathon(number);
    }
    worker_.run([routes_json = std::move(*text)] { return render::decode_routes(routes_json); },
                [this, number, identity](auto routes) {
                  Inquiry* waiting = find(number);
                  if (waiting == nullptr) return;
                  if (routes) {
                    waiting->inputs.routes = std::make_shared<const render::RoutingState>(std::move(*routes));
                  }
                  read_template(number, identity);
                });
  };
  coordination::read_file(surroundings_.store(), surroundings_.config.zookeeper.root, identity, render::kRoutesFile,
                          taken);
}

void Explainer::read_template(std::uint64_t number, const coordination::Identity& identity) {
  if (template_of_ == identity) {
    inquiries_.at(number).inputs.template_text = template_text_;
    return ask_marathon(number);
  }
  const auto taken = [this, life = std::weak_ptr<char>(life_), number, identity](auto text) {
    Inquiry* inquiry = life.expired() ? nullptr : find(number);
    if (inquiry == nullptr) return;
    if (text) {
      template_of_ = identity;
      template_text_ = std::move(*text);
      inquiry->inputs.template_text = template_text_;
    }
    ask_marathon(number);
  };
  coordination::read_file(surroundings_.store(), surroundings_.config.zookeeper.root, identity, "template", taken);
}

void Explainer::ask_marathon(std::uint64_t number) {
  Inquiry& inquiry = inquiries_.at(number);
  AppInquiryOptions options;
  options.client = surroundings_.client();
  options.endpoints = surroundings_.endpoints();
  options.app = inquiry.inputs.app;
  options.all = inquiry.inputs.routes == nullptr;
  options.patience = kMarathonPatience;
  options.limit = kMarathonLimit;
  inquiry.marathon = std::make_unique<AppInquiry>(surroundings_.loop, surroundings_.workers, std::move(options),
                                                  [this, number](tl::expected<AppFindings, Failure> found) {
                                                    inquiries_.at(number).inputs.marathon = std::move(found);
                                                    work_out(number);
                                                  });
}

void Explainer::work_out(std::uint64_t number) {
  ExplainInputs inputs = std::move(inquiries_.at(number).inputs);
  inputs.time = now_in_seconds();
  worker_.run([inputs = std::move(inputs)]() mutable { return encode(agent::explain(std::move(inputs))); },
              [this, number](std::string body) {
                Inquiry* inquiry = find(number);
                if (inquiry == nullptr) return;
                const Done done = std::move(inquiry->done);
                inquiries_.erase(number);
                done(std::move(body));
              });
}

void Explainer::routes(const AppliedRoutes& applied, std::optional<std::string> app, Done done) {
  worker_.run(
      [applied, app = std::move(app), state = surroundings_.last_routes.state(),
       merge_label = surroundings_.config.routing.merge_label] {
        return routes_json(applied, state.get(), app, merge_label, now_in_seconds());
      },
      [done = std::move(done)](tl::expected<std::string, Failure> body) { done(std::move(body)); });
}

}  // namespace chorale::agent
