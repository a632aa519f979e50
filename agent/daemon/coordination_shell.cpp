#include "agent/daemon/coordination_shell.h"

#include <chrono>
#include <utility>
#include <variant>

#include "coordination/overloaded.h"

namespace chorale::agent {

CoordinationShell::CoordinationShell(boost::asio::io_context& loop, std::unique_ptr<coordination::Store> store,
                                     coordination::CoordinatorOptions options, Handler handler)
    : coordinator_(std::move(options)),
      handler_(std::move(handler)),
      events_([this](const coordination::Event& event) { handle(event); }),
      runner_(loop, std::move(store), [this](coordination::Event event) { post(std::move(event)); }) {}

void CoordinationShell::handle(const coordination::Event& event) {
  if (const auto* session = std::get_if<coordination::SessionChanged>(&event); session != nullptr && on_session_) {
    on_session_(session->event.state);
  }
  for (coordination::Effect& effect : coordinator_.step(std::chrono::steady_clock::now(), event)) {
    if (events_.closed()) return;
    std::visit(coordination::Overloaded{
                   [this](coordination::StoreEffect& for_store) { runner_.perform(std::move(for_store)); },
                   [this](coordination::AgentEffect& for_agent) { handler_(std::move(for_agent)); },
               },
               effect);
  }
}

void CoordinationShell::close() {
  events_.close();
  runner_.close();
}

}  // namespace chorale::agent
