// A small routing state that keeps every invariant, for the tests of render/.
#pragma once

#include <string>
#include <vector>

#include "render/allow_list.h"
#include "render/routing_state.h"

namespace chorale::render {

inline Server sample_server(const std::string& host, std::uint16_t port) {
  Server server;
  server.host = host;
  server.port = port;
  server.address = (host.find(':') == std::string::npos ? host : "[" + host + "]") + ":" + std::to_string(port);
  server.task_id = "task-" + std::to_string(port);
  server.version = "2026-01-02T03:04:05.678Z";
  server.health = Health::kAlive;
  return server;
}

inline App sample_app(const std::string& id, std::vector<Server> servers = {sample_server("10.0.0.1", 31000)}) {
  App app;
  app.id = id;
  app.name = name_of_app_id(id);
  app.path = id;
  app.hosts = {app.name + ".example.com"};
  app.ports.emplace_back();
  app.ports.front().servers = std::move(servers);
  return app;
}

// "/shop/cart" with two servers, two ports, labels and env; "/web" with the least that an app has.
inline RoutingState sample_state() {
  App cart = sample_app("/shop/cart", {sample_server("10.0.0.1", 31000), sample_server("10.0.0.2", 31001)});
  cart.hosts.emplace_back("*.cart.example.com");
  cart.ports.front().name = "http";
  cart.ports.front().service_port = 10'000;
  Port metrics;
  metrics.index = 1;
  metrics.protocol = "udp";
  metrics.labels = {{"scrape", "yes"}};
  metrics.servers = {sample_server("2001:db8::1", 31002)};
  cart.ports.push_back(metrics);
  cart.labels = {{"com.example.team", "a \"b\" \\ c"}, {"empty", ""}, {"owner", "jo; return 200 pwned"}};
  cart.env = {{"APP_ENV", "prod"}};
  cart.health_path = "/health?full=1";
  RoutingState state;
  state.realm = "eu-1";
  state.apps = {cart, sample_app("/web")};
  return state;
}

}  // namespace chorale::render
