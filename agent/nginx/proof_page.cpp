#include "agent/nginx/proof_page.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "agent/base/http_client.h"
#include "agent/base/one_line.h"
#include "agent/nginx/listens.h"
#include "coordination/digest.h"
#include "render/local_values.h"

namespace chorale::agent {
namespace {

constexpr std::string_view kOpening = "$pid ";
constexpr std::size_t kMarkBytes = 32;
constexpr std::size_t kMostPageBytes = 16 * 1024;  // of what stands there instead
constexpr const char* kAnyHost = "chorale";

// `return` runs before `allow` and `deny` would. A request from this host to its own address has the same address on
// both sides; no other has.
std::string location(const std::string& mark) {
  return "location = " + std::string(kProofPath) +
         " { access_log off; default_type text/plain; if ($remote_addr = $server_addr) { return 200 \"" +
         std::string(kOpening) + mark + "\"; } return 404; }";
}

// Where this host reaches that listener; nullopt: not by plain HTTP.
std::optional<std::pair<std::string, std::uint16_t>> reached(const std::vector<std::string_view>& listen) {
  for (std::size_t i = 2; i < listen.size(); ++i) {
    for (const char* other : {"ssl", "quic", "http2", "udp", "proxy_protocol"}) {
      if (listen[i] == other) return std::nullopt;
    }
  }
  const auto at = parse_listen_address(listen[1]);
  if (!at) return std::nullopt;
  if (!at->address.is_unspecified()) return std::pair(at->address.to_string(), at->port);
  return std::pair(at->address.is_v6() ? "::1" : "127.0.0.1", at->port);
}

std::string host_among(const std::vector<std::string_view>& names) {
  for (const std::string_view name : names) {
    if (!name.empty() && name != "_" && name.front() != '.' && name.find_first_of("*~$\"") == std::string::npos) {
      return std::string(name);
    }
  }
  return kAnyHost;
}

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
  Url url;
  url.host = page.address;
  url.port = std::to_string(page.port);
  url.target = kProofPath;
  HttpQuestion question{longest, kMostPageBytes};
  question.host = page.host;
  question.from = page.address;  // else the system may take another address of this host: the page answers one alone
  const auto answer = ask_http(url, question);
  if (!answer) return tl::unexpected(answer.error());
  if (answer->status != 200) return tl::unexpected(Failure{"HTTP " + std::to_string(answer->status)});
  if (auto said = parse_proof_answer(answer->body)) return *said;
  return tl::unexpected(Failure{"\"" + one_line(answer->body, 60) + "\""});
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
