// What the label chorale.keepalive saves. Run by hand, on a machine that does little else:
//
//   keepalive [--rounds 20] [--requests 5000] [--clients 4] [--connections 16]
//
// Real ZooKeeper, Nginx, agent; the Marathon simulator with its backends. Two apps of one task each differ in the label
// alone. In each round the same clients ask first for the one and then for the other (in the next round the other way
// round), over connections to the proxy that stay open. A round gives two ratios, with the label to without: of
// requests a second, and of the CPU time of Nginx's workers per request. Rounds are compared with themselves, so that
// whatever else runs on the machine weighs on both; the median and the spread of the ratios say how far to trust them.
#include <poll.h>
#include <sys/socket.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <atomic>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "tests/bench/process_usage.h"
#include "tests/harness/loopback.h"
#include "tests/harness/netns.h"
#include "tests/harness/real_cluster.h"
#include "tests/harness/wait_until.h"

namespace chorale::bench {
namespace {

using std::chrono::duration;
using std::chrono::seconds;
using std::chrono::steady_clock;
using testing::RealCluster;
using testing::Socket;

struct Plan {
  int rounds = 20;
  int requests = 5'000;  // of each client, in each half of a round
  int clients = 4;
  int connections = 16;  // the label's value
};

// A connection to the proxy that is renewed before Nginx closes it (keepalive_requests is 1,000).
class Client {
 public:
  Client(std::uint16_t port, const std::string& app)
      : port_(port), request_("GET " + app + "/ HTTP/1.1\r\nHost: bench\r\n\r\n") {}

  [[nodiscard]] bool ask() {
    constexpr int kMostOnOne = 500;
    if (asked_++ % kMostOnOne == 0) socket_ = testing::connect_to(port_, seconds(5));
    if (::send(socket_.descriptor(), request_.data(), request_.size(), MSG_NOSIGNAL) < 0) return false;
    std::string answer;
    while (!is_whole(answer)) {
      constexpr int kLongestMs = 10'000;
      pollfd readable{socket_.descriptor(), POLLIN, 0};
      if (::poll(&readable, 1, kLongestMs) <= 0) return false;
      std::array<char, 4'096> buffer{};
      const ssize_t size = ::recv(socket_.descriptor(), buffer.data(), buffer.size(), 0);
      if (size <= 0) return false;
      answer.append(buffer.data(), static_cast<std::size_t>(size));
    }
    return answer.starts_with("HTTP/1.1 200 ");
  }

 private:
  [[nodiscard]] static bool is_whole(const std::string& answer) {
    constexpr std::string_view kLength = "Content-Length: ";
    const std::size_t head = answer.find("\r\n\r\n");
    const std::size_t length = answer.find(kLength);
    if (head == std::string::npos || length == std::string::npos) return false;
    std::size_t body = 0;
    std::from_chars(answer.data() + length + kLength.size(), answer.data() + answer.size(), body);
    return answer.size() >= head + 4 + body;
  }

  std::uint16_t port_;
  std::string request_;
  Socket socket_;
  int asked_ = 0;
};

struct Half {
  double requests_per_second = 0;
  double cpu_per_request = 0;  // seconds, of Nginx's workers
};

double cpu_of_workers(testing::NginxInstance& nginx) {
  double all = 0;
  for (const pid_t worker : nginx.worker_pids()) all += cpu_seconds(worker);
  return all;
}

Half ask_for(RealCluster& cluster, const std::string& app, const Plan& plan) {
  testing::NginxInstance& nginx = cluster.proxy(0).nginx();
  const double cpu = cpu_of_workers(nginx);
  const auto begin = steady_clock::now();
  std::atomic<bool> failed{false};
  std::vector<std::thread> clients;
  clients.reserve(static_cast<std::size_t>(plan.clients));
  for (int i = 0; i < plan.clients; ++i) {
    clients.emplace_back([&] {
      Client client(nginx.port(), app);
      for (int request = 0; request < plan.requests && !failed; ++request) {
        if (!client.ask()) failed = true;
      }
    });
  }
  for (std::thread& client : clients) client.join();
  if (failed) throw std::runtime_error("a request for " + app + " failed");
  const double took = duration<double>(steady_clock::now() - begin).count();
  const double count = plan.clients * plan.requests;
  return {count / took, (cpu_of_workers(nginx) - cpu) / count};
}

struct Ratios {
  std::vector<double> rate;
  std::vector<double> cpu;
};

void say(const char* what, std::vector<double> ratios) {
  std::sort(ratios.begin(), ratios.end());
  const auto at = [&](double share) {
    return ratios[static_cast<std::size_t>(share * double(ratios.size() - 1) + 0.5)];
  };
  std::printf("%s, with / without: median %.2f, half of the rounds within %.2f to %.2f, all within %.2f to %.2f\n",
              what, at(0.5), at(0.25), at(0.75), at(0), at(1));
}

int measure(const Plan& plan) {
  RealCluster cluster({.proxies = 1});
  if (!cluster.start()) throw std::runtime_error("the cluster did not start\n" + cluster.logs());
  const std::string connections = std::to_string(plan.connections);
  if (!cluster.marathon().create("/with", 1, {{"labels", {{"chorale.keepalive", connections}}}}) ||
      !cluster.marathon().create("/without", 1)) {
    throw std::runtime_error("no apps");
  }
  const bool routed = testing::wait_until(
      [&] { return cluster.proxy(0).routes("/with") && cluster.proxy(0).routes("/without") && cluster.converged(); },
      seconds(30));
  if (!routed) throw std::runtime_error("the apps are not routed\n" + cluster.logs());
  for (const char* app : {"/with", "/without"}) (void)ask_for(cluster, app, {1, 200, plan.clients, plan.connections});

  Ratios ratios;
  for (int round = 0; round < plan.rounds; ++round) {
    Half with;
    Half without;
    if (round % 2 == 0) with = ask_for(cluster, "/with", plan);
    without = ask_for(cluster, "/without", plan);
    if (round % 2 != 0) with = ask_for(cluster, "/with", plan);
    ratios.rate.push_back(with.requests_per_second / without.requests_per_second);
    ratios.cpu.push_back(with.cpu_per_request / without.cpu_per_request);
    std::printf("round %2d: with %7.0f requests/s, %5.1f us CPU each; without %7.0f requests/s, %5.1f us\n", round + 1,
                with.requests_per_second, with.cpu_per_request * 1e6, without.requests_per_second,
                without.cpu_per_request * 1e6);
    std::fflush(stdout);
  }
  say("requests a second", ratios.rate);
  say("CPU of Nginx's workers per request", ratios.cpu);
  return EXIT_SUCCESS;
}

}  // namespace
}  // namespace chorale::bench

int main(int argc, char** argv) {
  chorale::bench::Plan plan;
  CLI::App app{"What keeping connections to servers saves"};
  app.add_option("--rounds", plan.rounds)->check(CLI::Range(1, 10'000));
  app.add_option("--requests", plan.requests, "of each client in each half of a round")
      ->check(CLI::Range(100, 10'000'000));
  app.add_option("--clients", plan.clients)->check(CLI::Range(1, 256));
  app.add_option("--connections", plan.connections, "the label's value")->check(CLI::Range(1, 1024));
  CLI11_PARSE(app, argc, argv);
  chorale::testing::enter_private_network();
  try {
    return chorale::bench::measure(plan);
  } catch (const std::exception& error) {
    std::cerr << "keepalive: " << error.what() << "\n";
    return EXIT_FAILURE;
  }
}
