// What an Nginx file in service routes otherwise than the committed routes.
#include "agent/cli/comparison.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace chorale::agent {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

// As Nixy's template writes it.
const char* const kFile = R"(
events {}
http {
  # upstream commented { server 10.0.0.9:1; }
  upstream web.example { server slave-1:31000; server slave-2:31001 weight=2; }
  upstream "old app" { server 10.0.0.3:31002; server 10.0.0.3:31009 down; server unix:/run/x.sock; }
  upstream empty { zone z 64k; }
  server { listen 80; server_name a; location / { proxy_pass http://web.example; } }
}
stream { upstream ports { server [2001:db8::1]:31005; } }
)";

render::Server server(const std::string& address) {
  render::Server server;
  server.address = address;
  return server;
}

render::App app(const std::string& id, const std::vector<std::vector<std::string>>& ports) {
  render::App app;
  app.id = id;
  for (const auto& addresses : ports) {
    render::Port port;
    for (const std::string& address : addresses) port.servers.push_back(server(address));
    app.ports.push_back(std::move(port));
  }
  return app;
}

const HostAddresses kHosts{{"slave-1", {"10.0.0.1"}}, {"slave-2", {"10.0.0.2", "2001:db8::2"}}};

Comparison compare(std::vector<render::App> apps, const std::string& file = kFile) {
  return compare_routes({"", std::move(apps)}, upstreams_of(file), kHosts);
}

TEST(ComparisonTest, UpstreamsAreReadAsNginxReadsThem) {
  EXPECT_THAT(upstreams_of(kFile), ElementsAre(Pair("empty", IsEmpty()), Pair("old app", ElementsAre("10.0.0.3:31002")),
                                               Pair("ports", ElementsAre("[2001:db8::1]:31005")),
                                               Pair("web.example", ElementsAre("slave-1:31000", "slave-2:31001"))));
  EXPECT_THAT(host_names_in(upstreams_of(kFile)), ElementsAre("slave-1", "slave-2"));
  EXPECT_THAT(upstreams_of("} upstream a { server 1.1.1.1:1"), ElementsAre(Pair("a", IsEmpty())));
  EXPECT_THAT(upstreams_of("} upstream a { server 1.1.1.1:1; }"), ElementsAre(Pair("a", ElementsAre("1.1.1.1:1"))));
  EXPECT_THAT(upstreams_of("upstream a { balancer_by_x { y z; } server 1.1.1.1:1; } server 2.2.2.2:2;"),
              ElementsAre(Pair("a", ElementsAre("1.1.1.1:1"))));
  EXPECT_THAT(upstreams_of(""), IsEmpty());
}

TEST(ComparisonTest, UpstreamBelongsToTheAppOfItsServersWhateverItsName) {
  const Comparison all = compare({app("/gone/old", {{"10.0.0.3:31002"}}), app("/tcp", {{"[2001:db8::1]:31005"}}),
                                  app("/web", {{"10.0.0.1:31000", "10.0.0.2:31001"}})},
                                 std::string(kFile));
  EXPECT_EQ(all.alike, 3U);
  EXPECT_THAT(all.different, IsEmpty());
  EXPECT_THAT(all.not_in_file, IsEmpty());
  EXPECT_THAT(all.of_no_app, IsEmpty()) << "one without servers serves nothing";
  EXPECT_TRUE(all.equal());
}

TEST(ComparisonTest, ServersOfOneSideAreNamedAsThatSideWritesThem) {
  const Comparison found = compare({app("/web", {{"10.0.0.1:31000", "10.0.0.7:31007"}}), app("/new", {{"10.0.0.8:1"}})},
                                   "upstream w { server slave-1:31000; server slave-2:31001; }");
  ASSERT_EQ(found.different.size(), 1U);
  EXPECT_EQ(found.different[0].app, "/web");
  EXPECT_EQ(found.different[0].upstream, "w");
  EXPECT_THAT(found.different[0].only_routed, ElementsAre("10.0.0.7:31007"));
  EXPECT_THAT(found.different[0].only_file, ElementsAre("slave-2:31001"));
  EXPECT_THAT(found.not_in_file, ElementsAre("/new"));
  EXPECT_EQ(comparison_text(found),
            "/web (upstream w): only routed 10.0.0.7:31007; only in the file slave-2:31001\n"
            "/new: routed, not in the file\n"
            "0 apps alike, 1 different, 1 only routed, 0 upstreams only in the file\n");
}

TEST(ComparisonTest, UpstreamWithMostOfAnAppsServersIsItsOwn) {
  const Comparison found =
      compare({app("/web", {{"10.0.0.1:1", "10.0.0.2:1", "10.0.0.3:1"}})},
              "upstream a { server 10.0.0.1:1; } upstream b { server 10.0.0.2:1; server 10.0.0.3:1; }");
  ASSERT_EQ(found.different.size(), 1U);
  EXPECT_EQ(found.different[0].upstream, "b");
  EXPECT_THAT(found.different[0].only_routed, ElementsAre("10.0.0.1:1"));
  EXPECT_THAT(found.different[0].only_file, IsEmpty());
  EXPECT_THAT(found.of_no_app, IsEmpty()) << "it serves the app too";
}

TEST(ComparisonTest, OfTwoWithAsManyTheFirstIsCompared) {
  const Comparison found =
      compare({app("/web", {{"10.0.0.1:1"}})},
              "upstream b { server 10.0.0.1:1; } upstream a { server 10.0.0.1:1; server 10.0.0.9:1; }");
  ASSERT_EQ(found.different.size(), 1U);
  EXPECT_EQ(found.different[0].upstream, "a");
  EXPECT_THAT(found.different[0].only_file, ElementsAre("10.0.0.9:1"));
}

TEST(ComparisonTest, HostNameMayMeanAnIpv6Address) {
  const Comparison found = compare({app("/web", {{"[2001:db8::2]:31001"}})}, "upstream a { server slave-2:31001; }");
  EXPECT_TRUE(found.equal()) << comparison_text(found);
}

// A template may serve any port of an app.
TEST(ComparisonTest, EachPortOfAnAppMayHaveAnUpstream) {
  const Comparison found =
      compare({app("/two", {{"10.0.0.1:1"}, {"10.0.0.1:2"}}), app("/second", {{}, {"10.0.0.4:2"}})},
              "upstream a { server 10.0.0.1:1; } upstream b { server 10.0.0.1:2; } "
              "upstream c { server 10.0.0.4:2; }");
  EXPECT_TRUE(found.equal()) << comparison_text(found);
  EXPECT_EQ(found.alike, 2U);
}

TEST(ComparisonTest, AppThatIsKeptWithoutServersIsOfNoFile) {
  render::App never = app("/never", {});
  const Comparison found =
      compare({app("/idle", {{}}), never, app("/web", {{}, {"10.0.0.1:31000", "10.0.0.2:31001"}})});
  EXPECT_EQ(found.alike, 1U) << "its second port alone has servers";
  EXPECT_THAT(found.not_in_file, IsEmpty());
}

TEST(ComparisonTest, TextFromOutsideStaysOnItsLine) {
  EXPECT_EQ(comparison_text(compare({}, "upstream 'a\x1b\nb' { server 10.0.0.1:1; }")).find('\x1b'), std::string::npos);
}

}  // namespace
}  // namespace chorale::agent
