// Runs a pure machine of coordination/ on a real Store: performs its effects for the store, posts back what the store
// says, ticks it. Loop thread only.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <memory>

#include "coordination/effects.h"
#include "coordination/events.h"
#include "coordination/store.h"

namespace chorale::agent {

class StoreRunner {
 public:
  // `post` is called for every event, never from inside a call of this class but start().
  StoreRunner(boost::asio::io_context& loop, std::unique_ptr<coordination::Store> store,
              std::function<void(coordination::Event)> post);
  StoreRunner(const StoreRunner&) = delete;
  StoreRunner& operator=(const StoreRunner&) = delete;

  void start(coordination::Started started);
  void perform(coordination::StoreEffect effect);
  // Ends the session; nothing is posted afterwards.
  void close();

  [[nodiscard]] coordination::Store& store() { return *store_; }

 private:
  void send(coordination::SendRequest request);
  void post(coordination::Event event);
  void tick();

  std::unique_ptr<coordination::Store> store_;
  std::function<void(coordination::Event)> post_;
  boost::asio::steady_timer ticker_;
  bool closed_ = false;
};

}  // namespace chorale::agent
