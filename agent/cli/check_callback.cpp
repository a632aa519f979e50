// Whether Marathon could reach the leading agent with its events: everything that can be told from this host.
#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <string>
#include <vector>

#include "agent/base/exit_code.h"
#include "agent/base/host_addresses.h"
#include "agent/base/listening.h"
#include "agent/base/url.h"
#include "agent/cli/check_parts.h"

namespace chorale::agent {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

constexpr std::chrono::milliseconds kCallbackPatience{1'000};

std::vector<asio::ip::address> addresses_of(const std::string& host) {
  asio::io_context loop;
  tcp::resolver resolver(loop);
  error_code error;
  std::vector<asio::ip::address> addresses;
  for (const auto& found : resolver.resolve(host, "", error)) addresses.push_back(found.endpoint().address());
  return addresses;
}

// Of the URL's host; nullopt: it is one of this host's that the listener takes, and Marathon can call it.
std::optional<std::string> why_elsewhere(const Config& config, const std::string& host) {
  const auto addresses = addresses_of(host);
  if (addresses.empty()) return "the name " + host + " does not resolve";
  const auto listening = asio::ip::make_address(config.callback_address);
  std::string why;
  for (const auto& address : addresses) {
    const std::string text = address.to_string();
    if (address.is_unspecified()) {
      why = text + " is no address that Marathon could call";
    } else if (address.is_loopback() && !reaches_cluster_on_loopback(config)) {
      why = text + " is Marathon's own host, as Marathon sees it";
    } else if (!is_of_this_host(text)) {
      why = text + " is no address of this host";
    } else if (!listening.is_unspecified() && address != listening) {
      why = "callback_listen is on " + config.callback_address + " alone, not on " + text;
    } else {
      return std::nullopt;
    }
  }
  return why;
}

// A listener of ours answers so, whoever asks.
bool is_listener_of_events(const Config& config) {
  const bool any = asio::ip::make_address(config.callback_address).is_unspecified();
  const auto url = parse_url(
      "http://" + host_and_port(any ? "127.0.0.1" : config.callback_address, std::to_string(config.callback_port)));
  const auto answer = url ? ask_http(url->below("/v1/events"), {kCallbackPatience}) : tl::unexpected(url.error());
  return answer && answer->body.empty() && (answer->status == 403 || answer->status == 405);
}

void check_callback_port(CheckReport& report, const Config& config) {
  const std::string where = host_and_port(config.callback_address, config.callback_port);
  const auto error = try_to_listen({asio::ip::make_address(config.callback_address), config.callback_port});
  if (!error) {
    report.ok("callback", where + " is free");
  } else if (error == asio::error::address_in_use && is_listener_of_events(config)) {
    report.ok("callback", where + ": an agent that leads listens there");
  } else {
    report.fail("callback",
                where + ": " + error.message() +
                    "; set callback_listen to an address and a free port of "
                    "this host",
                kExitNo);
  }
}

}  // namespace

void check_callback(CheckReport& report, const Config& config) {
  if (!config.event_callbacks) return;
  const auto url = parse_url(config.callback_url);
  if (!url) return;  // load_config has refused it
  std::vector<std::string> complaints;
  if (url->tls) complaints.emplace_back("it is https, and callback_listen takes http");
  if (url->port != std::to_string(config.callback_port)) {
    complaints.push_back("its port is " + url->port + ", that of callback_listen " +
                         std::to_string(config.callback_port));
  }
  if (const auto why = why_elsewhere(config, url->host)) complaints.push_back(*why);
  for (const std::string& complaint : complaints) {
    const std::string text = "callback_url " + url->text() + " does not lead to this agent: " + complaint;
    if (config.callback_from.empty()) {
      report.fail("callback", text + " (if something in between passes it on, name that in callback_from)", kExitUsage);
    } else {
      report.warn("callback", text + "; is it passed on?");
    }
  }
  if (complaints.empty()) report.ok("callback", "callback_url " + url->text() + " leads to this host");
  check_callback_port(report, config);
}

}  // namespace chorale::agent
