#include "agent/daemon/notify.h"

#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdlib>
#include <optional>
#include <utility>

#include "agent/base/one_line.h"

namespace chorale::agent {
namespace {

constexpr std::size_t kLongestStatus = 500;
constexpr std::chrono::seconds kSentAtMostEvery{1};
constexpr int kFeedsPerInterval = 3;  // one may be lost

std::string take(const char* name) {
  const char* value = std::getenv(name);
  std::string text = value == nullptr ? "" : value;
  ::unsetenv(name);
  return text;
}

std::optional<std::int64_t> number(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value <= 0) return std::nullopt;
  return value;
}

std::string status_field(const std::string& line) { return "STATUS=" + one_line(line, kLongestStatus) + "\n"; }

}  // namespace

NotifyEnvironment take_notify_environment() {
  NotifyEnvironment environment;
  environment.socket = take("NOTIFY_SOCKET");
  const auto interval = number(take("WATCHDOG_USEC"));
  const std::string pid = take("WATCHDOG_PID");
  const bool meant = pid.empty() || number(pid) == ::getpid();
  if (interval && meant) environment.watchdog = std::chrono::microseconds(*interval);
  return environment;
}

NotifySocket::NotifySocket(const std::string& address) {
  const bool known_kind = address.starts_with('/') || address.starts_with('@');
  if (!known_kind || address.size() < 2 || address.size() >= sizeof address_.sun_path) return;
  address_.sun_family = AF_UNIX;
  std::copy(address.begin(), address.end(), address_.sun_path);
  // An abstract name begins with a zero byte and ends where the length says; a path ends at its zero byte.
  const bool abstract = address.front() == '@';
  if (abstract) address_.sun_path[0] = '\0';
  length_ = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + address.size() + (abstract ? 0 : 1));
  socket_ = UniqueFd(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
}

// Addressed every time instead of connected once: the manager may bind a new socket when it is updated.
bool NotifySocket::send(std::string_view datagram) const {
  if (!socket_) return true;
  const auto* address = reinterpret_cast<const sockaddr*>(&address_);
  const ssize_t sent = ::sendto(socket_.get(), datagram.data(), datagram.size(), MSG_NOSIGNAL, address, length_);
  return sent == static_cast<ssize_t>(datagram.size());
}

Notifier::Notifier(boost::asio::io_context& loop, const NotifyEnvironment& environment)
    : socket_(environment.socket), watchdog_(environment.watchdog), timer_(loop) {}

void Notifier::ready(const std::string& line, TimePoint now) {
  ready_owed_ = true;
  status(line, now);
  if (watchdog_.count() > 0) feed_watchdog();
}

void Notifier::status(const std::string& line, TimePoint now) {
  thread_.check();
  const std::string field = status_field(line);
  status_owed_ = field == status_sent_ ? std::string() : field;
  const bool soon = !status_sent_.empty() && now - status_sent_at_ < kSentAtMostEvery;
  if ((status_owed_.empty() || soon) && !ready_owed_) return;
  flush();
  if (status_owed_.empty()) status_sent_at_ = now;
}

void Notifier::stopping(const std::string& line) {
  timer_.cancel();
  socket_.send("STOPPING=1\n" + status_field(line));
}

void Notifier::flush() {
  const std::string datagram = (ready_owed_ ? "READY=1\n" : "") + status_owed_;
  if (datagram.empty() || !socket_.send(datagram)) return;
  ready_owed_ = false;
  if (!status_owed_.empty()) status_sent_ = std::exchange(status_owed_, std::string());
}

void Notifier::feed_watchdog() {
  thread_.check();
  socket_.send("WATCHDOG=1\n");
  timer_.expires_after(watchdog_ / kFeedsPerInterval);
  timer_.async_wait([this](const boost::system::error_code& error) {
    if (!error) feed_watchdog();
  });
}

std::string status_line(const HealthInputs& inputs, const HealthVerdict& verdict) {
  std::string line;
  const bool shadow = inputs.nginx.shadow;
  if (shadow) {
    line = "observer";
  } else if (inputs.standalone) {
    line = "standalone";
  } else if (inputs.view.role == coordination::Role::kLeader) {
    line = "leader";
  } else {
    line = inputs.view.leader.empty() ? "no leader yet" : "follower of " + inputs.view.leader;
  }
  if (inputs.nginx.applied) {
    line += (shadow ? ", touches no Nginx, wrote " : ", serving ") + to_text(*inputs.nginx.applied);
  } else {
    line += shadow ? ", touches no Nginx, wrote nothing yet" : ", serving nothing of Chorale's yet";
  }
  line += ", " + std::string(coordination::to_string(verdict.condition));
  if (verdict.condition != coordination::Condition::kOk) line += ": " + verdict.message;
  return line;
}

}  // namespace chorale::agent
