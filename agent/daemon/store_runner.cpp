#include "agent/daemon/store_runner.h"

#include <chrono>
#include <utility>
#include <variant>

#include "coordination/overloaded.h"

namespace chorale::agent {
namespace {

constexpr std::chrono::milliseconds kTick{50};

}  // namespace

StoreRunner::StoreRunner(boost::asio::io_context& loop, std::unique_ptr<coordination::Store> store,
                         std::function<void(coordination::Event)> post)
    : store_(std::move(store)), post_(std::move(post)), ticker_(loop) {
  store_->on_session(
      [this](const coordination::SessionEvent& event) { this->post(coordination::SessionChanged{event}); });
  store_->on_watch([this](const coordination::WatchEvent& event) { this->post(coordination::WatchFired{event}); });
}

void StoreRunner::start(coordination::Started started) {
  post(std::move(started));
  tick();
}

void StoreRunner::perform(coordination::StoreEffect effect) {
  std::visit(coordination::Overloaded{
                 [this](const coordination::OpenHandle& open) { store_->open(open.generation); },
                 [this](const coordination::CloseHandle&) { store_->close(); },
                 [this](coordination::SendRequest& request) { send(std::move(request)); },
             },
             effect);
}

void StoreRunner::send(coordination::SendRequest request) {
  store_->execute(std::move(request.operation), [this, number = request.request](coordination::Outcome outcome) {
    post(coordination::StoreReplied{number, std::move(outcome)});
  });
}

void StoreRunner::post(coordination::Event event) {
  if (!closed_) post_(std::move(event));
}

void StoreRunner::tick() {
  ticker_.expires_after(kTick);
  ticker_.async_wait([this](const boost::system::error_code& error) {
    if (error || closed_) return;
    post(coordination::Ticked{});
    tick();
  });
}

void StoreRunner::close() {
  closed_ = true;
  ticker_.cancel();
  store_->close();
}

}  // namespace chorale::agent
