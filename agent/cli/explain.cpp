// `chorale explain APP`: asks Marathon about the app, reads what is committed, and says what comes of it and why.
#include <boost/asio/io_context.hpp>
#include <boost/asio/thread_pool.hpp>
#include <chrono>
#include <iostream>
#include <string>
#include <utility>

#include "agent/cli/check_parts.h"
#include "agent/cli/cli.h"
#include "agent/cli/explain_text.h"
#include "agent/cli/known_state.h"
#include "agent/cli/load.h"
#include "agent/config/policy_values.h"
#include "agent/core/explanation.h"
#include "agent/marathon/app_inquiry.h"

namespace chorale::agent {
namespace {

namespace asio = boost::asio;

tl::expected<AppFindings, Failure> ask_marathon(const Config& config, const std::string& app, bool all) {
  AppInquiryOptions options;
  options.app = app;
  options.all = all;
  options.endpoints = config.marathon;
  if (config.marathon_zookeeper) {
    auto elected = elected_marathon(*config.marathon_zookeeper, config.marathon_https);
    if (!elected) return tl::unexpected(Failure{elected.error().message});
    options.endpoints = *std::move(elected);
  }
  asio::io_context loop{1};
  asio::thread_pool workers{1};
  options.client.with_readiness = config.routing.respect_readiness;
  options.client.tls = config.tls;
  options.client.authorization = make_authorization(
      loop, workers,
      {config.user, config.pass, config.marathon_auth_file, config.marathon_service_account_file, config.tls});
  tl::expected<AppFindings, Failure> result = tl::unexpected(Failure{"Marathon was not asked"});
  {
    const auto work = asio::make_work_guard(loop);
    const AppInquiry inquiry(loop, workers, std::move(options), [&](tl::expected<AppFindings, Failure> found) {
      result = std::move(found);
      loop.stop();
    });
    loop.run();
  }
  workers.join();
  return result;
}

}  // namespace

int run_explain(const std::string& config_file, const std::string& app, bool json) {
  const auto config = load_or_complain(config_file);
  if (!config) return kExitUsage;
  KnownState known = read_known_state(*config);
  ExplainInputs inputs;
  inputs.app = app_id_of(app);
  inputs.id = config->id;
  inputs.marathon = ask_marathon(*config, inputs.app, known.routes == nullptr);
  const int unknown = known.cluster ? kExitFine : known.cluster.error().exit_code;
  inputs.cluster = std::move(known.cluster).map_error([](const CliError& error) { return Failure{error.message}; });
  inputs.routes = std::move(known.routes);
  inputs.routes_at = known.routes_at;
  inputs.policy = {config->routing, config->expose_env, config->health_memory, reaches_cluster_on_loopback(*config)};
  inputs.own_policy = policy_values(*config, std::nullopt);
  inputs.template_text = std::move(known.template_text);
  inputs.left_delimiter = config->left_delimiter;
  inputs.proxy = proxy_address(*config);
  inputs.time =
      std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch()).count();
  const Explanation explanation = explain(std::move(inputs));
  std::cout << (json ? encode(explanation) : explain_text(explanation)) << std::flush;
  if (unknown == kExitUnreachable) return kExitUnreachable;
  return explanation.routed ? kExitFine : kExitNo;
}

}  // namespace chorale::agent
