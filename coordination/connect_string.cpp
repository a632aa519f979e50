#include "coordination/connect_string.h"

#include <algorithm>
#include <charconv>
#include <vector>

namespace chorale::coordination {
namespace {

constexpr std::string_view kScheme = "zk://";
constexpr std::string_view kExpected = "expected zk://[user:password@]host:port[,host:port...]/path";

tl::unexpected<Error> refuse(std::string_view why) {
  return tl::unexpected(Error{ErrorKind::kMalformed, std::string(why) + "; " + std::string(kExpected)});
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  while (true) {
    const auto end = text.find(separator);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

bool is_host_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_';
}

bool is_port(std::string_view text) {
  unsigned port = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), port);
  return code == std::errc() && end == text.data() + text.size() && port >= 1 && port <= 65535;
}

// Servers are named by their place, not by their text: a password with a '/' in it would end up here.
tl::expected<std::string, Error> parse_hosts(std::string_view text) {
  std::string hosts;
  int place = 0;
  for (const auto server : split(text, ',')) {
    ++place;
    const auto colon = server.rfind(':');
    const auto host = server.substr(0, colon);
    const bool readable = colon != std::string_view::npos && !host.empty() &&
                          std::all_of(host.begin(), host.end(), is_host_character) && is_port(server.substr(colon + 1));
    if (!readable) return refuse("server " + std::to_string(place) + " of the list is not host:port");
    if (!hosts.empty()) hosts += ',';
    hosts += server;
  }
  return hosts;
}

tl::expected<Path, Error> parse_root(std::string_view text) {
  if (text.ends_with('/')) text.remove_suffix(1);
  if (text.empty()) return Path(kDefaultRoot);
  for (const auto name : split(text.substr(1), '/')) {
    if (name.empty() || name == "." || name == "..") return refuse("the path has an empty, \".\" or \"..\" part");
    const auto printable = [](char c) { return c > ' ' && c < 0x7f; };
    if (!std::all_of(name.begin(), name.end(), printable))
      return refuse("the path has a blank or unprintable character");
  }
  if (text == "/zookeeper" || text.starts_with("/zookeeper/")) return refuse("/zookeeper belongs to ZooKeeper itself");
  return Path(std::string(text));
}

}  // namespace

tl::expected<ConnectString, Error> parse_connect_string(std::string_view text) {
  if (!text.starts_with(kScheme)) return refuse("it does not begin with zk://");
  text.remove_prefix(kScheme.size());

  // The same reading as in Mesos: the path begins at the first '/', the servers after the last '@' before it.
  const auto slash = text.find('/');
  const auto authority = text.substr(0, slash);
  const auto path = slash == std::string_view::npos ? std::string_view() : text.substr(slash);
  if (path.find('@') != std::string_view::npos)
    return refuse("there is an '@' after the first '/' (a password must not hold '/')");

  ConnectString parsed;
  const auto at = authority.rfind('@');
  if (at != std::string_view::npos) {
    parsed.credentials = authority.substr(0, at);
    const auto colon = parsed.credentials.find(':');
    if (colon == std::string::npos || colon == 0 || colon + 1 == parsed.credentials.size()) {
      return refuse("the credentials before '@' are not user:password");
    }
  }
  auto hosts = parse_hosts(at == std::string_view::npos ? authority : authority.substr(at + 1));
  if (!hosts) return tl::unexpected(std::move(hosts).error());
  auto root = parse_root(path);
  if (!root) return tl::unexpected(std::move(root).error());
  parsed.hosts = std::move(*hosts);
  parsed.root = std::move(*root);
  return parsed;
}

}  // namespace chorale::coordination
