#include "tests/integration/marathon_simulator_fixture.h"

#include <linux/tcp.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <nlohmann/json.hpp>
#include <utility>

namespace chorale::testing {

using nlohmann::json;
using std::chrono::milliseconds;

Wire::Wire(std::uint16_t port, const std::string& request) : socket_(connect_to(port, kLimit)) {
  EXPECT_EQ(::send(descriptor(), request.data(), request.size(), MSG_NOSIGNAL), static_cast<ssize_t>(request.size()));
}

std::string Wire::until(const std::string& wanted) {
  const auto end = std::chrono::steady_clock::now() + kLimit;
  for (;;) {
    const auto found = received_.find(wanted, consumed_);
    if (found != std::string::npos) {
      const auto from = consumed_;
      consumed_ = found + wanted.size();
      return received_.substr(from, consumed_ - from);
    }
    if (std::chrono::steady_clock::now() > end || !receive(kLimit)) return "(never came: " + wanted + ") " + rest();
  }
}

std::string Wire::to_end() {
  while (receive(kLimit)) {
  }
  return rest();
}

bool Wire::quiet_for(milliseconds time) {
  pollfd ready{descriptor(), POLLIN, 0};
  return ::poll(&ready, 1, static_cast<int>(time.count())) == 0;
}

std::uint32_t Wire::segments_received() const {
  tcp_info info{};
  socklen_t size = sizeof(info);
  ::getsockopt(descriptor(), IPPROTO_TCP, TCP_INFO, &info, &size);
  return info.tcpi_data_segs_in;
}

bool Wire::receive(milliseconds limit) {
  pollfd ready{descriptor(), POLLIN, 0};
  if (::poll(&ready, 1, static_cast<int>(limit.count())) <= 0) return false;
  std::array<char, 65536> bytes{};
  const auto size = ::recv(descriptor(), bytes.data(), bytes.size(), 0);
  reset_ = size < 0 && errno == ECONNRESET;
  if (size <= 0) return false;
  received_.append(bytes.data(), static_cast<std::size_t>(size));
  return true;
}

std::string get(const std::string& target, const std::string& headers) {
  return "GET " + target + " HTTP/1.1\r\nHost: marathon\r\n" + headers + "\r\n";
}

std::string get_closing(const std::string& target, const std::string& headers) {
  return get(target, "Connection: close\r\n" + headers);
}

std::string body_of(const std::string& message) {
  const auto end = message.find("\r\n\r\n");
  return end == std::string::npos ? "(no HTTP answer)" : message.substr(end + 4);
}

std::vector<std::string> events_until(Wire& stream, const std::string& last) {
  std::vector<std::string> events;
  for (;;) {
    const auto text = stream.until("\r\n\r\n");
    const auto start = text.find("event: ");
    if (start == std::string::npos) return events;
    const auto type = text.substr(start + 7, text.find("\r\n", start) - start - 7);
    const auto data = json::parse(text.substr(text.find("data: ") + 6), nullptr, false);
    std::string detail;
    for (const char* key : {"taskStatus", "condition", "alive", "healthy"}) {
      if (data.contains(key)) detail = " " + (data[key].is_string() ? data[key].get<std::string>() : data[key].dump());
    }
    events.push_back(type + detail);
    if (type == last) return events;
  }
}

void SimulatorTest::start(std::vector<std::string> arguments) {
  simulator_ = std::make_unique<MarathonSimulator>(MarathonSimulator::Options{std::move(arguments)});
  ASSERT_TRUE(simulator_->start()) << simulator_->log();
}

std::string SimulatorTest::answer(const std::string& request) const {
  return Wire(simulator_->port(), request).to_end();
}

json SimulatorTest::list(const std::string& query) const {
  return json::parse(body_of(answer(get_closing("/v2/apps" + query))), nullptr, false);
}

}  // namespace chorale::testing
