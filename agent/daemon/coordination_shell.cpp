#include "agent/daemon/coordination_shell.h"

#include <chrono>
#include <utility>
#include <variant>

#include "coordination/overloaded.h"

namespace chorale::agent {
namespace {

constexpr std::chrono::milliseconds kTick{50};

}  // namespace

CoordinationShell::CoordinationShell(boost::asio::io_context& loop, std::unique_ptr<coordination::Store> store,
                                     coordination::CoordinatorOptions options, Handler handler)
    : store_(std::move(store)),
      coordinator_(std::move(options)),
      handler_(std::move(handler)),
      events_([this](const coordination::Event& event) { handle(event); }),
      ticker_(loop) {
  store_->on_session([this](const coordination::SessionEvent& event) { post(coordination::SessionChanged{event}); });
  store_->on_watch([this](const coordination::WatchEvent& event) { post(coordination::WatchFired{event}); });
}

void CoordinationShell::start(coordination::Started started) {
  post(std::move(started));
  tick();
}

void CoordinationShell::handle(const coordination::Event& event) {
  for (coordination::Effect& effect : coordinator_.step(std::chrono::steady_clock::now(), event)) {
    if (events_.closed()) return;
    std::visit(coordination::Overloaded{
                   [this](coordination::StoreEffect& for_store) { perform(std::move(for_store)); },
                   [this](coordination::AgentEffect& for_agent) { handler_(std::move(for_agent)); },
               },
               effect);
  }
}

void CoordinationShell::perform(coordination::StoreEffect effect) {
  std::visit(coordination::Overloaded{
                 [this](const coordination::OpenHandle& open) { store_->open(open.generation); },
                 [this](const coordination::CloseHandle&) { store_->close(); },
                 [this](coordination::SendRequest& request) { send(std::move(request)); },
             },
             effect);
}

void CoordinationShell::send(coordination::SendRequest request) {
  store_->execute(std::move(request.operation), [this, number = request.request](coordination::Outcome outcome) {
    post(coordination::StoreReplied{number, std::move(outcome)});
  });
}

void CoordinationShell::tick() {
  ticker_.expires_after(kTick);
  ticker_.async_wait([this](const boost::system::error_code& error) {
    if (error || events_.closed()) return;
    post(coordination::Ticked{});
    tick();
  });
}

void CoordinationShell::close() {
  events_.close();
  ticker_.cancel();
  store_->close();
}

}  // namespace chorale::agent
