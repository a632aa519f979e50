#include "agent/daemon/peer_watch.h"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <charconv>
#include <utility>
#include <vector>

#include "agent/base/atomic_file.h"
#include "agent/base/http_exchange.h"
#include "agent/base/log.h"
#include "agent/base/text_file.h"
#include "agent/marathon/loop_gate.h"
#include "agent/marathon/name_lookup.h"

namespace chorale::agent {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

constexpr std::chrono::seconds kTimeLimit{3};
constexpr std::size_t kMaxBodyBytes = 256 * 1024;
constexpr std::size_t kMaxFileBytes = 1024 * 1024;

struct HostPort {
  std::string host;
  std::uint16_t port = 0;
};

std::optional<HostPort> split(const std::string& admin) {
  const std::size_t colon = admin.rfind(':');
  if (colon == std::string::npos || colon == 0) return std::nullopt;
  HostPort result{admin.substr(0, colon), 0};
  const char* const end = admin.data() + admin.size();
  const auto [stop, error] = std::from_chars(admin.data() + colon + 1, end, result.port);
  if (error != std::errc() || stop != end || result.port == 0) return std::nullopt;
  return result;
}

}  // namespace

// Name, connection, GET /v1/health; `done` is called once, unless close() comes first. A name that hangs keeps its
// thread, so that the question stays under way for as long.
class PeerWatch::Question : public std::enable_shared_from_this<Question> {
 public:
  using Done = std::function<void(std::optional<PeerHealth>)>;

  Question(asio::io_context& loop, std::string id, HostPort address, Done done)
      : id_(std::move(id)), address_(std::move(address)), done_(std::move(done)), socket_(loop), timer_(loop) {}

  void begin(const std::shared_ptr<LoopGate>& names) {
    timer_.expires_after(kTimeLimit);
    timer_.async_wait([self = shared_from_this()](const error_code& error) {
      if (error) return;
      self->late_ = true;
      if (self->named_) self->end(std::nullopt);
    });
    look_up(names, address_.host, [self = shared_from_this()](const Addresses& found) {
      self->named_ = true;
      if (self->late_ || !found) return self->end(std::nullopt);
      self->connect(found->front());
    });
  }

  void close() {
    done_ = nullptr;
    end(std::nullopt);
  }

 private:
  void connect(const asio::ip::address& address) {
    if (done_ == nullptr) return;
    socket_.async_connect({address, address_.port}, [self = shared_from_this()](const error_code& error) {
      if (error) return self->end(std::nullopt);
      self->ask();
    });
  }

  void ask() {
    HttpQuestion question{kTimeLimit, kMaxBodyBytes};
    question.host = address_.host;
    HttpExchange<tcp::socket>::begin(socket_, "/v1/health", question,
                                     [self = shared_from_this()](const tl::expected<HttpAnswer, Failure>& answer) {
                                       if (!answer) return self->end(std::nullopt);
                                       self->end(read_peer_health(self->id_, answer->status, answer->body));
                                     });
  }

  void end(std::optional<PeerHealth> health) {
    timer_.cancel();
    error_code ignored;
    socket_.close(ignored);  // what is under way comes back with an error, and finds `done_` gone
    if (const Done done = std::exchange(done_, nullptr)) done(health);
  }

  std::string id_;
  HostPort address_;
  Done done_;
  tcp::socket socket_;
  asio::steady_timer timer_;
  bool named_ = false;
  bool late_ = false;
};

PeerWatch::PeerWatch(asio::io_context& loop, asio::thread_pool& workers, const std::string& state_dir,
                     std::function<void()> changed)
    : loop_(loop),
      worker_(loop, workers),
      file_(state_dir + "/peers.json"),
      names_(std::make_shared<LoopGate>(loop)),
      changed_(std::move(changed)) {}

PeerWatch::~PeerWatch() {
  names_->close();
  for (const auto& [id, question] : questions_) question->close();
}

void PeerWatch::load() {
  if (const auto text = read_text_file(file_, kMaxFileBytes)) cut_off_.know(decode_peers(*text));
}

void PeerWatch::look(TimePoint now, const coordination::ViewChanged& view) {
  const bool hears = view.connected && view.registered;
  if (hears && cut_off_.know(view.peers)) keep();
  if (hears) asking_ = false;
  const auto to_ask = cut_off_.step(now, hears);
  if (!to_ask.empty() && !std::exchange(asking_, true)) {
    log_warning("no word from the cluster for 30 s: asks the other agents what they serve");
  }
  for (const coordination::PeerAddress& peer : to_ask) ask(peer);
}

void PeerWatch::keep() {
  if (std::exchange(keeping_, true)) {
    keep_again_ = true;
    return;
  }
  keep_again_ = false;
  // A file that cannot be written costs only the memory of a start without ZooKeeper.
  worker_.run(
      [text = encode_peers(cut_off_.peers()), file = file_] { return replace_file(file, text, {}).has_value(); },
      [this](bool) {
        keeping_ = false;
        if (keep_again_) keep();
      });
}

void PeerWatch::ask(const coordination::PeerAddress& peer) {
  auto address = split(peer.admin);
  if (!address || questions_.contains(peer.id)) return answered(peer.id, std::nullopt);
  auto question = std::make_shared<Question>(loop_, peer.id, std::move(*address),
                                             [this, id = peer.id](std::optional<PeerHealth> health) {
                                               questions_.erase(id);
                                               answered(id, health);
                                             });
  questions_.emplace(peer.id, question);
  question->begin(names_);
}

void PeerWatch::answered(const std::string& id, std::optional<PeerHealth> health) {
  cut_off_.answered(id, health);
  changed_();
}

}  // namespace chorale::agent
