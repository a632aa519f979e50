// A CallbackListener and those who call it, on one loop.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "agent/marathon/callback_listener.h"

namespace chorale::agent {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

inline constexpr const char* kRunning =
    R"({"eventType":"status_update_event","appId":"/web","taskId":"web.1","taskStatus":"TASK_RUNNING"})";

inline std::string request(const std::string& body, const std::string& more = "",
                           const std::string& start = "POST /v1/events") {
  return start + " HTTP/1.1\r\nHost: a\r\n" + more + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
         body;
}

// Somebody who calls, on the loop of the test.
class Caller {
 public:
  Caller(asio::io_context& loop, std::uint16_t port) : socket_(loop) {
    socket_.connect({asio::ip::address_v4::loopback(), port});
    read();
  }
  void send(std::string text) {
    const auto kept = std::make_shared<std::string>(std::move(text));
    asio::async_write(socket_, asio::buffer(*kept), [kept](const error_code& /*error*/, std::size_t /*bytes*/) {});
  }
  void close() {
    error_code ignored;
    socket_.close(ignored);
  }
  [[nodiscard]] const std::string& received() const { return received_; }
  [[nodiscard]] bool ended() const { return ended_; }  // by the other side
  [[nodiscard]] std::size_t answers(const std::string& status) const {
    std::size_t count = 0;
    for (auto at = received_.find("HTTP/1.1 " + status); at != std::string::npos;
         at = received_.find("HTTP/1.1 " + status, at + 1)) {
      ++count;
    }
    return count;
  }

 private:
  void read() {
    socket_.async_read_some(asio::buffer(piece_), [this](const error_code& error, std::size_t bytes) {
      if (error == asio::error::operation_aborted) return;
      ended_ = static_cast<bool>(error);
      if (error) return;
      received_.append(piece_.data(), bytes);
      read();
    });
  }

  tcp::socket socket_;
  std::array<char, 4096> piece_{};
  std::string received_;
  bool ended_ = false;
};

class CallbackListenerTest : public ::testing::Test {
 protected:
  void listen(CallbackListenerOptions options = {}) {
    options.address = "127.0.0.1";
    CallbackListener::Callbacks callbacks;
    callbacks.allows = [this](const auto& address) {
      asked_.push_back(address.to_string());
      return allows_;
    };
    callbacks.event = [this](MarathonEvent event) {
      events_.push_back(std::move(event));
      if (on_event_) on_event_();
    };
    callbacks.refused = [this](const auto& address) { refused_.push_back(address.to_string()); };
    listener_ = std::make_unique<CallbackListener>(loop_, options, std::move(callbacks));
    const auto started = listener_->start();
    ASSERT_TRUE(started) << started.error().message;
    ASSERT_NE(listener_->port(), 0);
  }
  [[nodiscard]] Caller& call() {
    callers_.push_back(std::make_unique<Caller>(loop_, listener_->port()));
    return *callers_.back();
  }
  // Sends it over a connection of its own, and returns what comes back until the listener ends it.
  [[nodiscard]] std::string exchange(const std::string& text) {
    Caller& caller = call();
    caller.send(text);
    EXPECT_TRUE(run_until([&] { return caller.ended(); })) << text.substr(0, 200);
    return caller.received();
  }
  template <class Done>
  [[nodiscard]] bool run_until(Done done) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (!done()) {
      if (std::chrono::steady_clock::now() > deadline) return false;
      loop_.restart();
      loop_.run_one_for(std::chrono::milliseconds(20));
    }
    return true;
  }
  // Over another connection, so that whatever was sent before has been looked at.
  void expect_listening() {
    const auto before = events_.size();
    EXPECT_THAT(exchange(request(kRunning, "Connection: close\r\n")), ::testing::StartsWith("HTTP/1.1 200 OK\r\n"));
    EXPECT_EQ(events_.size(), before + 1);
  }

  asio::io_context loop_;
  std::unique_ptr<CallbackListener> listener_;
  std::vector<std::unique_ptr<Caller>> callers_;
  bool allows_ = true;
  std::vector<std::string> asked_;
  std::vector<std::string> refused_;
  std::vector<MarathonEvent> events_;
  std::function<void()> on_event_;
};

}  // namespace chorale::agent
