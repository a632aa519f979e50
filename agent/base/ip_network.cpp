#include "agent/base/ip_network.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <optional>

namespace chorale::agent {
namespace {

using Address = std::array<unsigned char, 16>;

constexpr unsigned kWrapped = 96;  // bits before an IPv4 address
constexpr unsigned kLongest = 128;

std::optional<Address> read_address(const std::string& text) {
  Address bytes{};
  if (::inet_pton(AF_INET6, text.c_str(), bytes.data()) == 1) return bytes;
  if (::inet_pton(AF_INET, text.c_str(), bytes.data() + kWrapped / 8) != 1) return std::nullopt;
  std::fill(bytes.begin() + 10, bytes.begin() + 12, static_cast<unsigned char>(0xff));
  return bytes;
}

}  // namespace

tl::expected<IpNetwork, Failure> IpNetwork::parse(std::string_view text) {
  const auto refused = [&] {
    return tl::unexpected(Failure{"expected an address or a network, e.g. \"10.0.0.1\" or \"10.0.0.0/8\", found \"" +
                                  std::string(text) + "\""});
  };
  const auto slash = text.find('/');
  const std::string address(text.substr(0, slash));
  const auto first = read_address(address);
  if (!first) return refused();
  if (slash == std::string_view::npos) return IpNetwork(*first, kLongest);
  const unsigned before = address.find(':') == std::string::npos ? kWrapped : 0;
  const std::string_view digits = text.substr(slash + 1);
  const char* const end = digits.data() + digits.size();
  unsigned prefix = 0;
  const auto read = std::from_chars(digits.data(), end, prefix);
  if (read.ec != std::errc{} || read.ptr != end || prefix > kLongest - before) return refused();
  return IpNetwork(*first, prefix + before);
}

bool IpNetwork::contains(const std::string& address) const {
  const auto bytes = read_address(address);
  if (!bytes) return false;
  for (unsigned bit = 0; bit < prefix_; ++bit) {
    const unsigned mask = 0x80U >> bit % 8;
    if (((*bytes)[bit / 8] & mask) != (first_[bit / 8] & mask)) return false;
  }
  return true;
}

}  // namespace chorale::agent
