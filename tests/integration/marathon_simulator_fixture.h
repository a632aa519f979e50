// What the tests of the Marathon simulator share: a connection on which every byte is seen, and a simulator of their
// own.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <utility>
#include <vector>

#include "tests/harness/loopback.h"
#include "tests/harness/marathon_simulator.h"

namespace chorale::testing {

inline constexpr std::chrono::seconds kLimit{10};

// A connection whose received bytes are all kept.
class Wire {
 public:
  Wire(std::uint16_t port, const std::string& request);
  explicit Wire(Socket socket) : socket_(std::move(socket)) {}

  // Reads until `wanted` came after what was already consumed; consumes up to its end and returns that.
  std::string until(const std::string& wanted);
  // Everything up to the end of the connection.
  std::string to_end();
  // True if nothing arrives and nothing closes for that long.
  bool quiet_for(std::chrono::milliseconds time);
  [[nodiscard]] bool was_reset() const { return reset_; }
  // How many TCP segments with data came in.
  [[nodiscard]] std::uint32_t segments_received() const;

 private:
  [[nodiscard]] int descriptor() const { return socket_.descriptor(); }
  [[nodiscard]] std::string rest() const { return received_.substr(consumed_); }
  bool receive(std::chrono::milliseconds limit);

  Socket socket_;
  std::string received_;
  std::size_t consumed_ = 0;
  bool reset_ = false;
};

inline constexpr const char* kStream = "Accept: text/event-stream\r\n";

[[nodiscard]] std::string get(const std::string& target, const std::string& headers = "Accept: application/json\r\n");
[[nodiscard]] std::string get_closing(const std::string& target, const std::string& headers = "");
[[nodiscard]] std::string body_of(const std::string& message);

// The events of a stream up to the first of type `last` or the stream's end, as "type" or "type detail".
std::vector<std::string> events_until(Wire& stream, const std::string& last);

class SimulatorTest : public ::testing::Test {
 protected:
  void start(std::vector<std::string> arguments);
  // The whole answer to a request that closes its connection.
  [[nodiscard]] std::string answer(const std::string& request) const;
  // GET /v2/apps with a query.
  [[nodiscard]] nlohmann::json list(const std::string& query) const;

  std::unique_ptr<MarathonSimulator> simulator_;
};

}  // namespace chorale::testing
