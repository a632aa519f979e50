#include "agent/daemon/marathon_election.h"

#include <chrono>
#include <utility>
#include <variant>

#include "agent/base/log.h"
#include "agent/marathon/election.h"
#include "coordination/overloaded.h"

namespace chorale::agent {
namespace {

coordination::CoordinatorOptions watch_options(const MarathonElectionOptions& options) {
  coordination::CoordinatorOptions result;
  result.id = options.id;
  result.session_timeout = options.session_timeout;
  return result;
}

}  // namespace

MarathonElection::MarathonElection(boost::asio::io_context& loop, std::unique_ptr<coordination::Store> store,
                                   MarathonElectionOptions options, std::function<void()> changed)
    : options_(std::move(options)),
      watch_(watch_options(options_), election_directories(options_.root)),
      changed_(std::move(changed)),
      events_([this](const coordination::Event& event) { handle(event); }),
      runner_(loop, std::move(store), [this](coordination::Event event) { events_.post(std::move(event)); }),
      message_(watch_.message()) {}

void MarathonElection::start() { runner_.start({}); }

void MarathonElection::close() {
  events_.close();
  runner_.close();
}

void MarathonElection::handle(const coordination::Event& event) {
  for (coordination::Effect& effect : watch_.step(std::chrono::steady_clock::now(), event)) {
    if (auto* for_store = std::get_if<coordination::StoreEffect>(&effect)) {
      runner_.perform(std::move(*for_store));
    } else if (const auto* line = std::get_if<LogLine>(&std::get<coordination::AgentEffect>(effect))) {
      write_log({line->level, "Marathon's election: " + line->text});
    }
  }
  look();
}

void MarathonElection::look() {
  std::vector<std::string> endpoints;
  if (watch_.found()) endpoints = elected_endpoints(options_.root, *watch_.found(), options_.https);
  std::string message = watch_.message();
  if (message == "OK" && watch_.found() && endpoints.empty()) {
    message = "no node of Marathon stands in the election at " + options_.root.text();
  }
  if (endpoints.empty()) endpoints = endpoints_;
  if (endpoints == endpoints_ && message == message_) return;
  if (!endpoints.empty() && (endpoints_.empty() || endpoints.front() != endpoints_.front())) {
    log_info("Marathon's leader is " + endpoints.front());
  }
  endpoints_ = std::move(endpoints);
  message_ = std::move(message);
  changed_();
}

}  // namespace chorale::agent
