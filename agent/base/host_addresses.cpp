#include "agent/base/host_addresses.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <netinet/in.h>

#include <array>
#include <boost/asio/ip/address.hpp>
#include <memory>

#include "agent/base/ip_scope.h"

namespace chorale::agent {

namespace {

namespace asio = boost::asio;
using boost::system::error_code;

}  // namespace

bool is_of_this_host(const std::string& address) {
  if (ip_scope(address) == IpScope::kLoopback) return true;
  ifaddrs* list = nullptr;
  if (getifaddrs(&list) != 0) return true;  // it cannot be known
  const std::unique_ptr<ifaddrs, void (*)(ifaddrs*)> owner(list, freeifaddrs);
  error_code error;
  const auto wanted = asio::ip::make_address(address, error);
  for (const ifaddrs* entry = list; entry != nullptr; entry = entry->ifa_next) {
    if (entry->ifa_addr == nullptr) continue;
    std::array<char, INET6_ADDRSTRLEN> text{};
    const bool version6 = entry->ifa_addr->sa_family == AF_INET6;
    if (!version6 && entry->ifa_addr->sa_family != AF_INET) continue;
    const void* const bytes =
        version6 ? static_cast<const void*>(&reinterpret_cast<const sockaddr_in6*>(entry->ifa_addr)->sin6_addr)
                 : static_cast<const void*>(&reinterpret_cast<const sockaddr_in*>(entry->ifa_addr)->sin_addr);
    inet_ntop(entry->ifa_addr->sa_family, bytes, text.data(), text.size());
    if (asio::ip::make_address(text.data(), error) == wanted) return true;
  }
  return false;
}

}  // namespace chorale::agent
