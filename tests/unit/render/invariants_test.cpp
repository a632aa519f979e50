#include "render/invariants.h"

#include <gtest/gtest.h>

#include <functional>

#include "tests/unit/render/sample_state.h"

namespace chorale::render {
namespace {

TEST(InvariantsTest, SampleStateKeepsAll) {
  const auto broken = find_broken_invariant(sample_state());
  EXPECT_FALSE(broken) << broken->message;
  EXPECT_FALSE(find_broken_invariant(RoutingState{}));
}

TEST(InvariantsTest, OutermostValuesAreKept) {
  RoutingState state{"", {sample_app("/a")}};
  Port& first = state.apps[0].ports[0];
  first.protocol = "udp,tcp";
  first.service_port = 65'535;
  first.container_port = 65'535;
  first.lost_port = 65'535;
  first.servers.push_back(first.servers[0]);  // two servers at one address: Nginx takes them as two
  Port last;
  last.index = 65'535;
  last.protocol = "udp";
  last.servers = {sample_server("::1", 65'535), sample_server("::1", 1)};
  std::swap(last.servers[0], last.servers[1]);
  state.apps[0].ports.push_back(last);
  const auto broken = find_broken_invariant(state);
  EXPECT_FALSE(broken) << broken->message;
}

struct Breach {
  const char* name;
  std::function<void(RoutingState&)> commit;
  int line;
  const char* message;
};

class InvariantsBreachTest : public testing::TestWithParam<Breach> {};

TEST_P(InvariantsBreachTest, IsFoundAndNamed) {
  RoutingState state = sample_state();
  GetParam().commit(state);
  const auto broken = find_broken_invariant(state);
  ASSERT_TRUE(broken);
  EXPECT_EQ(broken->file, "routes.json");
  EXPECT_EQ(broken->line, GetParam().line);
  EXPECT_EQ(broken->message, GetParam().message);
}

const Breach kBreaches[] = {
    {"Realm", [](RoutingState& s) { s.realm = "a\nb"; }, 1,
     "the realm has 0x0a at byte 2, expected no control characters"},
    {"Id", [](RoutingState& s) { s.apps[1].id = "web"; }, 3, "an app's id does not begin with '/'"},
    {"AppOrder", [](RoutingState& s) { std::swap(s.apps[0], s.apps[1]); }, 3,
     "app /shop/cart: apps are not sorted by id, or one stands twice"},
    {"SameApp", [](RoutingState& s) { s.apps[1].id = "/shop/cart"; }, 3,
     "app /shop/cart: apps are not sorted by id, or one stands twice"},
    {"SameName", [](RoutingState& s) { s.apps[1].name = s.apps[0].name; }, 3,
     "app /web: its name cart.shop is that of /shop/cart"},
    {"SameHost", [](RoutingState& s) { s.apps[1].hosts = s.apps[0].hosts; }, 3,
     "app /web: its host cart.shop.example.com belongs to /shop/cart"},
    {"Name", [](RoutingState& s) { s.apps[0].name = ""; }, 2, "app /shop/cart: its name is empty"},
    {"Path", [](RoutingState& s) { s.apps[1].path = "/web/"; }, 3, "app /web: its path has an empty segment"},
    {"Host",
     [](RoutingState& s) {
       s.apps[1].hosts = {"a", "b_"};
     },
     3, "app /web: one of its hosts has '_', expected letters, digits, '-' and '.'"},
    {"NoServer",
     [](RoutingState& s) {
       s.apps[1].ports[0].servers.clear();
       s.apps[1].main_port = 1;
     },
     3, "app /web: a port beside its main one has no server"},
    {"PortHost",
     [](RoutingState& s) {
       s.apps[1].ports[0].hosts = {"a", "b_"};
     },
     3, "app /web: a port's host has '_', expected letters, digits, '-' and '.'"},
    {"SamePortHost", [](RoutingState& s) { s.apps[1].ports[0].hosts = s.apps[0].hosts; }, 3,
     "app /web: its host cart.shop.example.com belongs to /shop/cart"},
    {"OwnPortHost", [](RoutingState& s) { s.apps[1].ports[0].hosts = s.apps[1].hosts; }, 3,
     "app /web: its host web.example.com belongs to /web"},
    {"PortOrder", [](RoutingState& s) { s.apps[0].ports[0].index = 1; }, 2,
     "app /shop/cart: its ports are not sorted by index"},
    {"PortIndex", [](RoutingState& s) { s.apps[1].ports[0].index = -1; }, 3,
     "app /web: a port's index is not within 0..65535"},
    {"HugePortIndex", [](RoutingState& s) { s.apps[1].ports[0].index = 65'536; }, 3,
     "app /web: a port's index is not within 0..65535"},
    {"ServicePort", [](RoutingState& s) { s.apps[1].ports[0].service_port = 65'536; }, 3,
     "app /web: a service port is not within 0..65535"},
    {"NegativeServicePort", [](RoutingState& s) { s.apps[1].ports[0].service_port = -1; }, 3,
     "app /web: a service port is not within 0..65535"},
    {"LostPort", [](RoutingState& s) { s.apps[1].ports[0].lost_port = 65'536; }, 3,
     "app /web: a lost service port is not within 0..65535"},
    {"NegativeLostPort", [](RoutingState& s) { s.apps[1].ports[0].lost_port = -1; }, 3,
     "app /web: a lost service port is not within 0..65535"},
    {"ContainerPort", [](RoutingState& s) { s.apps[1].ports[0].container_port = 65'536; }, 3,
     "app /web: a container port is not within 0..65535"},
    {"NegativeContainerPort", [](RoutingState& s) { s.apps[1].ports[0].container_port = -1; }, 3,
     "app /web: a container port is not within 0..65535"},
    {"Protocol", [](RoutingState& s) { s.apps[1].ports[0].protocol = "sctp"; }, 3,
     "app /web: a port's protocol is none of tcp, udp and udp,tcp"},
    {"ServerOrder", [](RoutingState& s) { std::swap(s.apps[0].ports[0].servers[0], s.apps[0].ports[0].servers[1]); }, 2,
     "app /shop/cart: its servers are not sorted by address"},
    {"ServerHost", [](RoutingState& s) { s.apps[1].ports[0].servers = {sample_server("slave-1", 80)}; }, 3,
     "app /web: a server's host is not an IPv4 or IPv6 address"},
    {"ServerPort", [](RoutingState& s) { s.apps[1].ports[0].servers = {sample_server("10.0.0.1", 0)}; }, 3,
     "app /web: a server has port 0"},
    {"Address", [](RoutingState& s) { s.apps[1].ports[0].servers[0].address = "10.0.0.9:31000"; }, 3,
     "app /web: a server's address is not its host and port"},
    {"Weight", [](RoutingState& s) { s.apps[1].ports[0].servers[0].weight = 0; }, 3,
     "app /web: a server's weight is below 1, which Nginx refuses"},
    {"TaskId", [](RoutingState& s) { s.apps[1].ports[0].servers[0].task_id = "$x"; }, 3,
     "app /web: a server's task id has '$' at byte 1, expected no '$', which Nginx cannot escape"},
    {"PortName", [](RoutingState& s) { s.apps[1].ports[0].name = "\n"; }, 3,
     "app /web: a port's name has 0x0a at byte 1, expected no control characters"},
    {"Version", [](RoutingState& s) { s.apps[1].ports[0].servers[0].version = "$x"; }, 3,
     "app /web: a server's version has '$' at byte 1, expected no '$', which Nginx cannot escape"},
    {"Label", [](RoutingState& s) { s.apps[1].labels["k"] = "@{pass}"; }, 3,
     "app /web: labels.k has '@{', which stands for a value local to a proxy"},
    {"LabelName", [](RoutingState& s) { s.apps[1].labels["a\n"] = "v"; }, 3,
     "app /web: the name of one of its labels has 0x0a at byte 2, expected no control characters"},
    {"Env", [](RoutingState& s) { s.apps[1].env["E"] = "\xff"; }, 3,
     "app /web: env.E has 0xff at byte 1, expected UTF-8"},
    {"PortLabel", [](RoutingState& s) { s.apps[1].ports[0].labels["k"] = "\t"; }, 3,
     "app /web: labels.k has 0x09 at byte 1, expected no control characters"},
    {"HealthPath", [](RoutingState& s) { s.apps[1].health_path = "/\r"; }, 3,
     "app /web: its health path has 0x0d at byte 2, expected no control characters"},
};

INSTANTIATE_TEST_SUITE_P(All, InvariantsBreachTest, testing::ValuesIn(kBreaches),
                         [](const testing::TestParamInfo<Breach>& test) { return std::string(test.param.name); });

}  // namespace
}  // namespace chorale::render
