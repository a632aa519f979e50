// Which ports a template may listen on for apps.
#include "render/service_ports.h"

#include <gtest/gtest.h>

#include "render/template.h"
#include "tests/unit/render/sample_state.h"

namespace chorale::render {
namespace {

std::optional<ServicePortRange> range_of(std::string_view text) { return service_port_range(text, "{{"); }

App app_on(const std::string& id, std::int32_t service_port, const std::string& protocol = "tcp") {
  App app = sample_app(id);
  app.ports.front().service_port = service_port;
  app.ports.front().protocol = protocol;
  return app;
}

std::string listened(const std::vector<App>& apps, const std::string& more = "") {
  const auto compiled = Template::compile(more +
                                              "x{{#apps}}{{#ports}}{{#tcp_port}} {{path}}={{tcp_port}}{{/tcp_port}}"
                                              "{{#udp_port}} {{path}}={{.}}u{{/udp_port}}{{/ports}}{{/apps}}",
                                          "t");
  if (!compiled) return compiled.error().text();
  const auto rendered = compiled->render({"", apps});
  return rendered ? rendered->text : rendered.error().text();
}

TEST(ServicePortsTest, RangeIsMarathonsUnlessTheTemplateNamesAnother) {
  EXPECT_EQ(range_of("listen {{service_port}};"), std::nullopt);
  EXPECT_EQ(range_of("tcp_port"), std::nullopt);
  EXPECT_EQ(range_of("{{#tcp_port}}"), (ServicePortRange{10'000, 20'000}));
  EXPECT_EQ(range_of("{{ udp_port }}"), (ServicePortRange{10'000, 20'000}));
  EXPECT_EQ(service_port_range("<%#tcp_port%>", "<%"), (ServicePortRange{10'000, 20'000}));
  EXPECT_EQ(range_of("{{! service_ports 3000-3999 }}{{#tcp_port}}"), (ServicePortRange{3'000, 3'999}));
  EXPECT_EQ(range_of("# service_ports of apps\n# service_ports  1-65535\n{{tcp_port}}"), (ServicePortRange{1, 65'535}));
  for (const char* wrong : {"0-10", "10-9", "1-65536", "5", "a-b", "5-", "-5"}) {
    EXPECT_EQ(range_of(std::string("# service_ports ") + wrong + "\n{{tcp_port}}"), ServicePortRange{}) << wrong;
  }
}

TEST(ServicePortsTest, PortsOutsideTheRangeAreNotListenedOn) {
  EXPECT_EQ(listened({app_on("/a", 0), app_on("/b", 22), app_on("/c", 9'999), app_on("/d", 10'000),
                      app_on("/e", 20'000), app_on("/f", 20'001)}),
            "x /d=10000 /e=20000");
  EXPECT_EQ(listened({app_on("/b", 22), app_on("/d", 10'000)}, "{{! service_ports 22-22 }}"), "x /b=22");
}

TEST(ServicePortsTest, PortBelongsToOneAppByTransport) {
  EXPECT_EQ(listened({app_on("/a", 10'000), app_on("/b", 10'000), app_on("/c", 10'000, "udp")}),
            "x /a=10000 /c=10000u");
  EXPECT_EQ(listened({app_on("/a", 10'000, "udp,tcp"), app_on("/b", 10'000, "udp"), app_on("/c", 10'001, "udp,tcp")}),
            "x /a=10000 /a=10000u /c=10001 /c=10001u");
}

TEST(ServicePortsTest, PortWithoutServersIsNotListenedOn) {
  App app = app_on("/a", 10'000);
  Port idle;
  idle.index = 1;
  idle.service_port = 10'001;
  app.ports.push_back(idle);
  EXPECT_EQ(listened({app}), "x /a=10000");
}

TEST(ServicePortsTest, OwnersAreNamed) {
  const App first = app_on("/a", 10'000);
  const App second = app_on("/b", 10'000);
  ServicePorts ports;
  EXPECT_EQ(ports.claim(second, second.ports[0], Transport::kTcp), &second);
  EXPECT_EQ(ports.claim(first, first.ports[0], Transport::kTcp), &second);
  EXPECT_EQ(ports.claim(first, first.ports[0], Transport::kUdp), &first);
}

TEST(ServicePortsTest, HostsKnowWhetherTheyAreWildcards) {
  const auto compiled =
      Template::compile("{{#apps}}{{#hosts}}{{.}}{{^wildcard}} {{.}}.*{{/wildcard}};{{/hosts}}{{/apps}}", "t");
  ASSERT_TRUE(compiled) << compiled.error().text();
  App app = sample_app("/a");
  app.hosts = {"a.b", "*.c.d"};
  EXPECT_EQ(compiled->render({"", {app}})->text, "a.b a.b.*;*.c.d;");
}

}  // namespace
}  // namespace chorale::render
