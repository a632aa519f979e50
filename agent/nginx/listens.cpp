#include "agent/nginx/listens.h"

#include <algorithm>
#include <charconv>
#include <functional>
#include <set>
#include <string>
#include <utility>

#include "agent/nginx/config_words.h"

namespace chorale::agent {
namespace {

namespace asio = boost::asio;

constexpr std::uint16_t kHttpPort = 80;  // what `listen ADDRESS` means

std::optional<std::uint16_t> port_in(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc() || end != text.data() + text.size() || port == 0) return std::nullopt;
  return port;
}

bool is_udp(const std::vector<std::string_view>& listen) {
  return std::any_of(listen.begin() + 2, listen.end(),
                     [](std::string_view option) { return option == "udp" || option == "quic"; });
}

// Of a text that is read from its beginning to its end.
class LineCounter {
 public:
  explicit LineCounter(std::string_view text) : text_(text) {}

  // REQUIRES: `at` is not before that of an earlier call.
  int line_of(std::size_t at) {
    for (; at_ < at; ++at_) line_ += text_[at_] == '\n' ? 1 : 0;
    return line_;
  }

 private:
  std::string_view text_;
  std::size_t at_ = 0;
  int line_ = 1;
};

}  // namespace

std::optional<BindAddress> parse_listen_address(std::string_view text) {
  if (const auto port = port_in(text)) return BindAddress{asio::ip::address_v4::any(), *port};
  std::uint16_t port = kHttpPort;
  const std::size_t colon = text.rfind(':');
  if (colon != std::string_view::npos && !text.ends_with(']')) {
    const auto named = port_in(text.substr(colon + 1));
    if (!named) return std::nullopt;  // "unix:/run/x" among them
    port = *named;
    text = text.substr(0, colon);
  }
  if (text == "*") return BindAddress{asio::ip::address_v4::any(), port};
  if (text == "localhost") return BindAddress{asio::ip::address_v4::loopback(), port};
  if (text.starts_with('[') && text.ends_with(']')) text = text.substr(1, text.size() - 2);
  boost::system::error_code error;
  const auto address = asio::ip::make_address(std::string(text), error);
  return error ? std::nullopt : std::optional(BindAddress{address, port});
}

std::vector<Listen> listens_in(std::string_view text) {
  std::vector<Listen> found;
  std::set<std::pair<BindAddress, bool>> known;
  std::vector<bool> servers;  // of the open blocks: is it one?
  LineCounter lines(text);
  ConfigDirectives directives(text);
  while (const ConfigDirective* directive = directives.next()) {
    const auto& words = directive->words;
    if (directive->end == '{') servers.push_back(!words.empty() && words[0] == "server");
    if (directive->end == '}' && !servers.empty()) servers.pop_back();
    // At the top: the text is included in a server.
    if (directive->end != ';' || words.size() < 2 || words[0] != "listen" || !(servers.empty() || servers.back())) {
      continue;
    }
    const auto at = parse_listen_address(words[1]);
    const bool udp = is_udp(words);
    if (!at || !known.emplace(*at, udp).second) continue;
    const char* begin = words[0].data();  // a quoted word is a copy
    const bool within = std::less_equal<>()(text.data(), begin) && std::less<>()(begin, text.data() + text.size());
    found.push_back({*at, udp, within ? lines.line_of(static_cast<std::size_t>(begin - text.data())) : 0});
  }
  return found;
}

}  // namespace chorale::agent
