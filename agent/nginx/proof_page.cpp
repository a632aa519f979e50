#include "agent/nginx/proof_page.h"

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <charconv>
#include <utility>

#include "agent/base/one_line.h"
#include "coordination/digest.h"
#include "render/local_values.h"

namespace chorale::agent {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using asio::ip::tcp;
using boost::system::error_code;

constexpr std::string_view kOpening = "$pid ";
constexpr std::size_t kMarkBytes = 32;
constexpr std::uint16_t kHttpPort = 80;
constexpr const char* kAnyHost = "chorale";

// `return` runs before `allow` and `deny` would. A request from this host to its own address has the same address on
// both sides; no other has.
std::string location(const std::string& mark) {
  return "location = " + std::string(kProofPath) +
         " { access_log off; default_type text/plain; if ($remote_addr = $server_addr) { return 200 \"" +
         std::string(kOpening) + mark + "\"; } return 404; }";
}

std::optional<std::uint16_t> port_in(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc() || end != text.data() + text.size() || port == 0) return std::nullopt;
  return port;
}

// Where this host reaches that listener; nullopt: not by plain HTTP.
std::optional<std::pair<std::string, std::uint16_t>> reached(const std::vector<std::string_view>& listen) {
  for (std::size_t i = 2; i < listen.size(); ++i) {
    for (const char* other : {"ssl", "quic", "http2", "udp", "proxy_protocol"}) {
      if (listen[i] == other) return std::nullopt;
    }
  }
  std::string_view where = listen[1];
  if (const auto port = port_in(where)) return std::pair("127.0.0.1", *port);
  std::uint16_t port = kHttpPort;
  const std::size_t colon = where.rfind(':');
  if (colon != std::string_view::npos && !where.ends_with(']')) {
    const auto named = port_in(where.substr(colon + 1));
    if (!named) return std::nullopt;  // "unix:/run/x" among them
    port = *named;
    where = where.substr(0, colon);
  }
  if (where == "*" || where == "localhost") return std::pair("127.0.0.1", port);
  if (where.starts_with('[') && where.ends_with(']')) where = where.substr(1, where.size() - 2);
  error_code error;
  const auto address = asio::ip::make_address(std::string(where), error);
  if (error) return std::nullopt;
  if (!address.is_unspecified()) return std::pair(address.to_string(), port);
  return std::pair(address.is_v6() ? "::1" : "127.0.0.1", port);
}

std::string host_among(const std::vector<std::string_view>& names) {
  for (const std::string_view name : names) {
    if (!name.empty() && name != "_" && name.front() != '.' && name.find_first_of("*~$\"") == std::string::npos) {
      return std::string(name);
    }
  }
  return kAnyHost;
}

class Request {
 public:
  explicit Request(const ProofPage& page) : message_{http::verb::get, std::string(kProofPath), 11}, socket_(loop_) {
    message_.set(http::field::host, page.host);
    message_.set(http::field::connection, "close");
    error_code error;
    const auto address = asio::ip::make_address(page.address, error);
    if (failed(error)) return;
    socket_.async_connect(tcp::endpoint(address, page.port), [this](const error_code& refused) {
      if (!failed(refused)) send();
    });
  }

  tl::expected<std::string, Failure> wait(Milliseconds longest) {
    loop_.run_for(longest);
    if (!done_) return tl::unexpected(Failure{"no answer within " + std::to_string(longest.count()) + " ms"});
    if (error_) return tl::unexpected(Failure{error_.message()});
    if (answer_.result_int() != 200) {
      return tl::unexpected(Failure{"HTTP " + std::to_string(answer_.result_int())});
    }
    return answer_.body();
  }

 private:
  bool failed(const error_code& error) {
    if (error) error_ = error;
    if (error) done_ = true;
    return done_;
  }
  void send() {
    http::async_write(socket_, message_, [this](const error_code& unsent, std::size_t) {
      if (failed(unsent)) return;
      http::async_read(socket_, buffer_, answer_, [this](const error_code& unread, std::size_t) {
        failed(unread);
        done_ = true;
      });
    });
  }

  http::request<http::empty_body> message_;
  http::response<http::string_body> answer_;
  boost::beast::flat_buffer buffer_{16 * 1024};
  asio::io_context loop_{1};
  tcp::socket socket_;
  error_code error_;
  bool done_ = false;
};

}  // namespace

tl::expected<std::string, render::Error> fill_in(std::string_view text, std::map<std::string, std::string> values) {
  values[kProofName].clear();
  auto without = render::fill_in_local_values(text, values);
  if (!without || text.find("@{" + std::string(kProofName) + "}") == std::string_view::npos) return without;
  values[kProofName] = location(coordination::sha256_hex(*without).substr(0, kMarkBytes));
  return render::fill_in_local_values(text, values);
}

void ProofPageReader::read(const ConfigDirective& directive) {
  if (found_) return;
  if (directive.end == ';') note(directive.words);
  if (directive.end == '{') open_.push_back({directive.words, {}, {}, {}});
  if (directive.end != '}' || open_.empty()) return;
  found_ = page_of(open_.back());
  open_.pop_back();
}

std::optional<ProofPage> ProofPageReader::page_of(const Block& server) {
  if (server.mark.empty()) return std::nullopt;
  std::vector<std::vector<std::string_view>> listens = server.listens;
  if (listens.empty()) listens.push_back({"listen", "80"});
  for (const auto& listen : listens) {
    if (auto where = reached(listen)) {
      return ProofPage{where->first, where->second, host_among(server.names), std::string(server.mark)};
    }
  }
  return std::nullopt;
}

// What a directive says of the blocks that it stands in.
void ProofPageReader::note(const std::vector<std::string_view>& words) {
  if (open_.empty() || words.size() < 2) return;
  Block& inner = open_.back();
  if (words[0] == "listen") inner.listens.push_back(words);
  if (words[0] == "server_name") inner.names.insert(inner.names.end(), words.begin() + 1, words.end());
  if (words[0] != "return" || !words.back().starts_with(kOpening) || open_.size() < 3) return;
  const auto& place = open_[open_.size() - 2].directive;  // around the `if`
  if (place.size() == 3 && place[0] == "location" && place[1] == "=" && place[2] == kProofPath) {
    open_[open_.size() - 3].mark = words.back().substr(kOpening.size());
  }
}

std::optional<ProofPage> find_proof_page(std::string_view text) {
  ProofPageReader reader;
  ConfigDirectives directives(text);
  while (const ConfigDirective* directive = directives.next()) reader.read(*directive);
  return reader.found();
}

tl::expected<ProofAnswer, Failure> ask(const ProofPage& page, Milliseconds longest) {
  const auto body = Request(page).wait(longest);
  if (!body) return tl::unexpected(body.error());
  if (auto answer = parse_proof_answer(*body)) return *answer;
  return tl::unexpected(Failure{"\"" + one_line(*body, 60) + "\""});
}

std::optional<ProofAnswer> parse_proof_answer(std::string_view body) {
  ProofAnswer answer;
  const char* const end = body.data() + body.size();
  const auto [rest, error] = std::from_chars(body.data(), end, answer.pid);
  if (error != std::errc() || answer.pid <= 0 || rest == end || *rest != ' ') return std::nullopt;
  answer.mark = std::string(rest + 1, end);
  if (answer.mark.size() != kMarkBytes) return std::nullopt;
  return answer;
}

}  // namespace chorale::agent
