#include "agent/marathon/rest_client.h"

#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstdint>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "agent/marathon/error_message.h"
#include "agent/marathon/loop_gate.h"
#include "agent/marathon/name_lookup.h"
#include "agent/marathon/requests.h"
#include "agent/marathon/rest_exchange.h"
#include "coordination/loop_thread.h"

namespace chorale::agent {
namespace {

constexpr std::chrono::seconds kFreshAddress{60};
constexpr std::chrono::seconds kLocateWithin{5};
constexpr const char* kEndedBeforeAnswer = "Failed to read HTTP status line";  // cpprest's words

}  // namespace

class RestClient::Impl : public std::enable_shared_from_this<Impl> {
 public:
  Impl(boost::asio::io_context& loop, RestOptions options)
      : loop_(loop),
        gate_(std::make_shared<LoopGate>(loop)),
        options_(std::move(options)),
        authorization_(options_.authorization ? options_.authorization : fixed_authorization("")),
        exchanges_(options_.tls, options_.max_body_bytes) {}

  void send(std::string&& method, const Url& url, Milliseconds time_limit, Handler&& handler) {
    thread_.check();
    const std::uint64_t id = ++last_id_;
    Pending& pending = pending_.try_emplace(id, std::move(method), url, std::move(handler), loop_).first->second;
    pending.timer.expires_after(time_limit);
    pending.timer.async_wait([weak = weak_from_this(), id, time_limit](const boost::system::error_code& error) {
      const auto self = weak.lock();
      if (self != nullptr && !error) {
        self->cancel(id);
        self->fail(id, 0, "no complete answer within " + std::to_string(time_limit.count()) + " ms");
      }
    });
    send(id, pending);
  }

  void close() {
    gate_->close();
    for (const auto& [id, pending] : std::exchange(pending_, {})) {
      pending.cancel();
    }
  }

 private:
  struct Pending {
    Pending(std::string what, Url where, Handler then, boost::asio::io_context& loop)
        : method(std::move(what)), url(std::move(where)), handler(std::move(then)), timer(loop), locating(loop) {}
    std::string method;
    Url url;
    Handler handler;
    boost::asio::steady_timer timer;     // destroyed with the entry, and then silent
    boost::asio::steady_timer locating;  // another endpoint may be known; likewise
    RestExchanges::Cancel cancel = [] {};
    std::string authorization;  // what was sent
    bool renewed = false;       // after a 401
    std::size_t tried = 0;      // addresses of the host, without an answer
    int redirects = 0;
    bool retried = false;
  };

  // Of a host: where it is, and who waits to know.
  struct Host {
    std::vector<std::string> addresses;
    std::chrono::steady_clock::time_point known_at;
    std::vector<std::uint64_t> waiting;
  };

  void send(std::uint64_t id, Pending& pending) {
    pending.authorization.clear();
    authorization_->get([weak = weak_from_this(), id](tl::expected<std::string, Failure> value) {
      const auto self = weak.lock();
      const auto at = self == nullptr ? decltype(pending_)::iterator{} : self->pending_.find(id);
      if (self == nullptr || at == self->pending_.end()) return;  // timed out meanwhile, or the client was closed
      if (!value) return self->fail_later(id, value.error().message);
      at->second.authorization = *std::move(value);
      self->locate(id, at->second);
    });
  }

  void locate(std::uint64_t id, Pending& pending) {
    Host& host = hosts_[pending.url.host];
    if (!host.addresses.empty() && std::chrono::steady_clock::now() - host.known_at < kFreshAddress) {
      return send_to(host.addresses[pending.tried % host.addresses.size()], id, pending);
    }
    pending.locating.expires_after(kLocateWithin);
    pending.locating.async_wait([weak = weak_from_this(), id](const boost::system::error_code& error) {
      const auto self = weak.lock();
      if (self != nullptr && !error) self->fail(id, 0, "the name does not resolve within 5 s");
    });
    host.waiting.push_back(id);
    if (host.waiting.size() > 1) return;  // one question for all of them: a name may hang for a minute
    look_up(gate_, pending.url.host, [weak = weak_from_this(), name = pending.url.host](const Addresses& found) {
      if (const auto self = weak.lock()) self->located(name, found);
    });
  }

  void located(const std::string& name, const Addresses& found) {
    Host& host = hosts_[name];
    host.addresses.clear();
    host.known_at = std::chrono::steady_clock::now();
    if (found) {
      for (const auto& address : *found) host.addresses.push_back(address.to_string());
    }
    for (const std::uint64_t id : std::exchange(host.waiting, {})) {
      const auto at = pending_.find(id);
      if (at == pending_.end()) continue;  // timed out meanwhile, or the client was closed
      at->second.locating.cancel();
      if (found) {
        send_to(host.addresses[at->second.tried % host.addresses.size()], id, at->second);
      } else {
        fail(id, 0, "cannot resolve the name: " + found.error());
      }
    }
  }

  void send_to(const std::string& address, std::uint64_t id, Pending& pending) {
    pending.cancel = exchanges_.start(pending.method, pending.url, address, pending.authorization,
                                      [gate = gate_, weak = weak_from_this(), id](RestOutcome outcome) {
                                        gate->post([weak, id, outcome = std::move(outcome)]() mutable {
                                          if (const auto self = weak.lock()) {
                                            self->finished(id, std::move(outcome));
                                          }
                                        });
                                      });
  }

  void finished(std::uint64_t id, RestOutcome outcome) {
    thread_.check();
    const auto at = pending_.find(id);
    if (at == pending_.end()) {
      return;  // timed out meanwhile
    }
    Pending& pending = at->second;
    if (outcome.status == 0) {
      // A kept socket that the server closed meanwhile: asking again is safe, see send().
      if (answered_.count(pending.url.origin()) != 0 && !std::exchange(pending.retried, true)) {
        return send(id, pending);
      }
      if (++pending.tried < hosts_[pending.url.host].addresses.size()) {
        return send(id, pending);
      }
      hosts_[pending.url.host].addresses.clear();  // it may have moved
      // cpprest does not say which alert ended the connection; a certificate that is not taken ends it there.
      const bool ended = *outcome.error == kEndedBeforeAnswer;
      return fail(id, 0, *outcome.error + (ended ? certificate_hint(pending.url, 400, options_.tls) : ""));
    }
    answered_.insert(pending.url.origin());
    if (!outcome.complete) {
      cancel(id);  // else cpprest would go on reading into its buffers
    }
    if (outcome.status >= 200 && outcome.status <= 299) {
      return outcome.error ? fail(id, 0, *outcome.error) : answer(id, std::move(outcome.body));
    }
    if (outcome.status == 401 && !pending.renewed && authorization_->renew(pending.authorization)) {
      pending.renewed = true;
      return send(id, pending);
    }
    if (is_redirect(outcome.status) && !outcome.location.empty()) {
      return follow(id, pending, outcome.location);
    }
    const std::string message = error_message_of(outcome.body);
    fail(id, outcome.status,
         "HTTP " + std::to_string(outcome.status) + (message.empty() ? "" : " \"" + message + "\"") +
             certificate_hint(pending.url, outcome.status, options_.tls));
  }

  void follow(std::uint64_t id, Pending& pending, const std::string& location) {
    auto next = redirect_target(pending.url, location);
    if (!next) {
      return fail(id, 0, next.error().message);
    }
    if (++pending.redirects > kMaxRedirects) {
      return fail(id, 0, "more than " + std::to_string(kMaxRedirects) + " redirects");
    }
    pending.url = std::move(*next);
    pending.tried = 0;
    pending.retried = false;
    send(id, pending);
  }

  void cancel(std::uint64_t id) {
    if (const auto at = pending_.find(id); at != pending_.end()) {
      at->second.cancel();
    }
  }

  // For what is known within send().
  void fail_later(std::uint64_t id, const std::string& what) {
    boost::asio::post(loop_, [weak = weak_from_this(), id, what] {
      if (const auto self = weak.lock()) self->fail(id, 0, what);
    });
  }

  void fail(std::uint64_t id, unsigned status, const std::string& what) {
    if (const auto at = pending_.find(id); at != pending_.end()) {
      Failure failure{at->second.method + " " + at->second.url.text() + ": " + what};
      answer(id, tl::unexpected(RestFailure{status, std::move(failure)}));
    }
  }

  void answer(std::uint64_t id, tl::expected<std::string, RestFailure> result) {
    const auto entry = pending_.extract(id);
    entry.mapped().handler(std::move(result));
  }

  boost::asio::io_context& loop_;
  std::shared_ptr<LoopGate> gate_;
  const RestOptions options_;
  const std::shared_ptr<Authorization> authorization_;
  RestExchanges exchanges_;
  std::map<std::uint64_t, Pending> pending_;
  std::map<std::string, Host> hosts_;  // endpoints and where they redirect
  std::set<std::string> answered_;     // origins that may hold a kept socket
  std::uint64_t last_id_ = 0;
  coordination::LoopThread thread_;
};

RestClient::RestClient(boost::asio::io_context& loop, RestOptions options)
    : impl_(std::make_shared<Impl>(loop, std::move(options))) {}

RestClient::~RestClient() { impl_->close(); }

void RestClient::send(std::string method, const Url& url, Milliseconds time_limit, Handler handler) {
  impl_->send(std::move(method), url, time_limit, std::move(handler));
}

void RestClient::cancel_all() { impl_->close(); }

}  // namespace chorale::agent
