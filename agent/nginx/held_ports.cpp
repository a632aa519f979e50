#include "agent/nginx/held_ports.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/asio/ip/tcp.hpp>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <memory>
#include <set>
#include <sstream>
#include <thread>

#include "agent/base/atomic_file.h"
#include "agent/base/one_line.h"
#include "agent/base/unique_fd.h"
#include "agent/nginx/master.h"

namespace chorale::agent {
namespace {

namespace asio = boost::asio;
namespace fs = std::filesystem;

constexpr int kLooks = 3;
constexpr std::chrono::milliseconds kBetweenLooks{250};
constexpr unsigned kListening = 0x0a;    // TCP_LISTEN
constexpr unsigned kBeingOpened = 0x03;  // TCP_SYN_RECV; CentOS 7's kernel lists it between those that listen
constexpr std::size_t kLongestName = 40;

template <typename Number>
std::optional<Number> hex(std::string_view text) {
  Number number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, 16);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

// "0100007F:1F90": words of 32 bits as this host's integers, and the port.
std::optional<BindAddress> parse_local(std::string_view text) {
  const std::size_t colon = text.find(':');
  if (colon != 8 && colon != 32) return std::nullopt;
  const auto port = hex<std::uint16_t>(text.substr(colon + 1));
  asio::ip::address_v6::bytes_type bytes{};
  for (std::size_t at = 0; at < colon; at += 8) {
    const auto word = hex<std::uint32_t>(text.substr(at, 8));
    if (!word) return std::nullopt;
    std::memcpy(bytes.data() + at / 2, &*word, sizeof *word);
  }
  if (!port) return std::nullopt;
  if (colon == 32) return BindAddress{asio::ip::address_v6(bytes), *port};
  return BindAddress{asio::ip::address_v4({bytes[0], bytes[1], bytes[2], bytes[3]}), *port};
}

std::vector<OpenSocket> open_sockets(int pid) {
  std::vector<OpenSocket> all;
  for (const char* name : {"tcp", "tcp6", "udp", "udp6"}) {
    std::ifstream file("/proc/" + std::to_string(pid) + "/net/" + name);  // without IPv6 there are two of them
    const auto some = read_open_sockets(file, name[0] == 'u');
    all.insert(all.end(), some.begin(), some.end());
  }
  return all;
}

// Of a process; empty: they may not be seen.
std::set<std::uint64_t> sockets_of(const std::string& pid) {
  constexpr std::string_view kSocket = "socket:[";
  std::set<std::uint64_t> inodes;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator("/proc/" + pid + "/fd", error)) {
    std::error_code gone;
    const std::string target = fs::read_symlink(entry.path(), gone).string();
    if (gone || !target.starts_with(kSocket)) continue;
    std::uint64_t inode = 0;
    std::from_chars(target.data() + kSocket.size(), target.data() + target.size(), inode);
    inodes.insert(inode);
  }
  return inodes;
}

// The process that has this socket open; nullopt: none that may be seen.
std::optional<int> holder_of(std::uint64_t inode) {
  std::error_code error;
  for (const auto& entry : fs::directory_iterator("/proc", error)) {
    const std::string name = entry.path().filename();
    const auto pid = parse_pid(name);
    if (pid && sockets_of(name).contains(inode)) return pid;
  }
  return std::nullopt;
}

std::string name_of(int pid) {
  const auto file = read_file("/proc/" + std::to_string(pid) + "/comm");
  return "process " + std::to_string(pid) +
         (file && *file ? " (" + one_line((*file)->text.substr(0, (*file)->text.find('\n')), kLongestName) + ")" : "");
}

// Asked of the system itself, which knows the options of the other socket. It does not listen.
bool bind_fails(const Listen& wanted) {
  const bool v6 = wanted.at.address.is_v6();
  const UniqueFd probe(::socket(v6 ? AF_INET6 : AF_INET, (wanted.udp ? SOCK_DGRAM : SOCK_STREAM) | SOCK_CLOEXEC, 0));
  const int on = 1;
  if (!wanted.udp) ::setsockopt(probe.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);  // as Nginx does
  const asio::ip::tcp::endpoint endpoint(wanted.at.address, wanted.at.port);             // the same for UDP
  return ::bind(probe.get(), endpoint.data(), static_cast<socklen_t>(endpoint.size())) != 0 && errno == EADDRINUSE;
}

bool is_same(const Listen& wanted, const OpenSocket& open) { return open.udp == wanted.udp && open.at == wanted.at; }

std::optional<HeldPort> look(const std::vector<Listen>& wanted, const MasterProcess& master) {
  const std::set<std::uint64_t> own = sockets_of(std::to_string(master.pid));
  if (own.empty()) return std::nullopt;
  std::vector<OpenSocket> open = open_sockets(master.pid);
  const auto foreign =
      std::stable_partition(open.begin(), open.end(), [&](const OpenSocket& one) { return own.contains(one.inode); });
  for (const Listen& one : wanted) {
    if (std::any_of(open.begin(), foreign, [&](const OpenSocket& has) { return is_same(one, has); })) continue;
    const auto holds =
        std::find_if(foreign, open.end(), [&](const OpenSocket& other) { return may_collide(one, other); });
    if (holds == open.end() || !bind_fails(one)) continue;
    const auto holder = holder_of(holds->inode);
    const auto stat = holder ? process_stat(*holder) : std::nullopt;
    if (stat && stat->parent == master.pid) continue;  // an old worker that is about to close it
    return HeldPort{one, holder ? name_of(*holder) : "another program"};
  }
  return std::nullopt;
}

}  // namespace

std::vector<OpenSocket> read_open_sockets(std::istream& lines, bool udp) {
  std::vector<OpenSocket> open;
  for (std::string line; std::getline(lines, line);) {
    std::istringstream fields(line);
    std::array<std::string, 10> field;  // sl local remote state queues timer retransmissions uid timeout inode
    for (std::string& one : field) fields >> one;
    const auto local = parse_local(field[1]);
    const auto state = hex<unsigned>(field[3]);
    OpenSocket socket{{}, udp, 0};
    const char* const end = field[9].data() + field[9].size();
    const auto [rest, error] = std::from_chars(field[9].data(), end, socket.inode);
    if (!fields || !local || !state || error != std::errc() || rest != end) continue;
    if (!udp && *state == kBeingOpened) continue;
    if (!udp && *state != kListening) break;
    socket.at = *local;
    open.push_back(socket);
  }
  return open;
}

bool may_collide(const Listen& wanted, const OpenSocket& open) {
  if (wanted.udp != open.udp || wanted.at.port != open.at.port) return false;
  if (wanted.at.address.is_v4() && open.at.address.is_v6()) return open.at.address.is_unspecified();
  if (wanted.at.address.is_v4() != open.at.address.is_v4()) return false;
  return wanted.at.address == open.at.address || wanted.at.address.is_unspecified() || open.at.address.is_unspecified();
}

std::optional<HeldPort> find_held_port(const std::vector<Listen>& wanted, const NginxLocations& locations,
                                       const std::string& program, const std::atomic<bool>& stop) {
  const auto master = find_own_master(locations, program);
  if (!master) return std::nullopt;
  std::optional<HeldPort> held;
  for (int i = 0; i < kLooks && !stop; ++i) {
    if (i > 0) std::this_thread::sleep_for(kBetweenLooks);
    held = look(wanted, *master);
    if (!held) return std::nullopt;
  }
  return held;
}

}  // namespace chorale::agent
