#include "render/routes_codec.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/unit/render/sample_state.h"

namespace chorale::render {
namespace {

constexpr const char* kWebLine =
    R"({"id":"/web","name":"web","path":"/web","hosts":["web.example.com"],"ports":[{"index":0,"name":"",)"
    R"("protocol":"tcp","service_port":0,"labels":{},"servers":[{"address":"10.0.0.1:31000","task_id":"task-31000",)"
    R"("version":"2026-01-02T03:04:05.678Z","weight":1,"health":"alive"}]}],"labels":{},"env":{},"health_path":""})";

RoutingState state_of(std::vector<App> apps) { return RoutingState{"", std::move(apps)}; }

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const std::size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return at == std::string::npos ? text : text.replace(at, from.size(), to);
}

TEST(RoutesCodecTest, WritesOneLineForEachApp) {
  EXPECT_EQ(encode_routes(RoutingState{}).text, "{\"realm\":\"\",\"apps\":[\n]}\n");
  EXPECT_EQ(encode_routes(state_of({sample_app("/web")})).text,
            std::string("{\"realm\":\"\",\"apps\":[\n") + kWebLine + "\n]}\n");
  const std::string text = encode_routes(sample_state()).text;
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 4);
}

TEST(RoutesCodecTest, WritesTextAsAPersonReadsIt) {
  App app = sample_app("/web");
  app.labels = {{"k", "caf\xc3\xa9 \"x\""}};
  const std::string text = encode_routes(state_of({app})).text;
  EXPECT_NE(text.find("\"labels\":{\"k\":\"caf\xc3\xa9 \\\"x\\\"\"}"), std::string::npos) << text;
}

TEST(RoutesCodecTest, ReadsBackWhatItWrote) {
  RoutingState state = sample_state();
  state.apps[1].labels = {{"caf\xc3\xa9", "\xf0\x9f\x8e\xb5 \"\\/"}, {"quote", "\""}, {"slash", "\\"}, {"z", "]}"}};
  state.apps[1].ports[0].servers[0].health = Health::kUnknown;
  state.apps[1].ports[0].container_port = 8'080;
  state.apps[1].ports[0].lost_port = 10'000;
  for (const RoutingState& each : {state, RoutingState{}, state_of({sample_app("/a")})}) {
    const auto decoded = decode_routes(encode_routes(each).text);
    ASSERT_TRUE(decoded) << decoded.error().text();
    EXPECT_EQ(*decoded, each);
  }
}

// Older versions read the state too, as long as nobody uses what they do not know.
TEST(RoutesCodecTest, WhatNobodyUsesIsNotWritten) {
  const std::string text = encode_routes(sample_state()).text;
  EXPECT_EQ(text.find("main_port"), std::string::npos);
  RoutingState state = sample_state();
  for (App& app : state.apps) app.hosts.clear();
  EXPECT_EQ(encode_routes(state).text.find(R"("hosts":[")"), std::string::npos);
}

TEST(RoutesCodecTest, MainPortAndHostsOfPortsAreKept) {
  RoutingState state = sample_state();
  App& web = state.apps[1];
  Port admin = web.ports[0];
  admin.index = 1;
  admin.hosts = {"admin.example.com", "ops.example.com"};
  web.ports.push_back(admin);
  web.main_port = 1;
  const std::string text = encode_routes(state).text;
  EXPECT_NE(text.find(R"("main_port":1,"ports":)"), std::string::npos) << text;
  EXPECT_NE(text.find(R"("hosts":["admin.example.com","ops.example.com"],"servers":)"), std::string::npos) << text;
  const auto read = decode_routes(text);
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(*read, state);
  EXPECT_EQ(&read->apps[1].servers(), &read->apps[1].ports[1].servers);
}

TEST(RoutesCodecTest, AnAppMayBeKeptWithoutServers) {
  RoutingState state = sample_state();
  state.apps[0].ports.clear();
  state.apps[1].ports[0].servers.clear();
  const auto read = decode_routes(encode_routes(state).text);
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(*read, state);
  EXPECT_TRUE(read->apps[0].servers().empty());
  EXPECT_TRUE(read->apps[1].servers().empty());
}

TEST(RoutesCodecTest, SectionsNameTheAppOfEveryLine) {
  const Rendered rendered = encode_routes(sample_state());
  EXPECT_EQ(app_at_line(rendered, 1), "");
  EXPECT_EQ(app_at_line(rendered, 2), "/shop/cart");
  EXPECT_EQ(app_at_line(rendered, 3), "/web");
  EXPECT_EQ(app_at_line(rendered, 4), "");
  EXPECT_EQ(app_at_line(rendered, 5), "");
}

TEST(RoutesCodecTest, TextThatIsNotUtf8IsWrittenButNotReadBack) {
  App app = sample_app("/web");
  app.labels["k"] = "\xff\"";
  const auto decoded = decode_routes(encode_routes(state_of({app})).text);
  EXPECT_TRUE(!decoded || decoded->apps[0].labels != app.labels);
}

TEST(RoutesCodecTest, EveryCutIsNoticed) {
  const std::string text = encode_routes(sample_state()).text;
  for (std::size_t size = 0; size < text.size(); ++size) {
    EXPECT_FALSE(decode_routes(text.substr(0, size))) << "cut after " << size << " bytes";
  }
}

TEST(RoutesCodecTest, MissingLineIsNoticedByTheCommas) {
  const std::string text = encode_routes(sample_state()).text;
  const std::string without_last = text.substr(0, text.find("\n{\"id\":\"/web\"")) + "\n]}\n";
  const auto decoded = decode_routes(without_last);
  ASSERT_FALSE(decoded);
  EXPECT_EQ(decoded.error().text(), "routes.json:2: the last app ends with ','");
}

TEST(RoutesCodecTest, ErrorSaysWhatIsWrong) {
  const std::string text = encode_routes(state_of({sample_app("/web")})).text;
  const auto error_with = [&](const std::string& from, const std::string& to) {
    const auto decoded = decode_routes(replaced(text, from, to));
    return decoded ? "" : decoded.error().text();
  };
  EXPECT_EQ(decode_routes("{}").error().text(), "routes.json: is cut off in its first line");
  EXPECT_EQ(error_with("\"id\":\"/web\"", "\"id\":/web"), "routes.json:2: is not one JSON object");
  EXPECT_EQ(error_with("\"id\":\"/web\",", ""), "routes.json:2: an app's \"id\" is missing");
  EXPECT_EQ(error_with("\"env\":{}", "\"env\":[]"), "routes.json:2: an app's \"env\" is not an object");
  EXPECT_EQ(error_with("\"weight\":1", "\"weight\":true"),
            "routes.json:2: an app's \"weight\" is not a whole number of 32 bits");
  EXPECT_EQ(error_with("10.0.0.1:31000", "[::1:31000"),
            "routes.json:2: app /web: a server's host is not an IPv4 or IPv6 address");
  EXPECT_EQ(error_with("10.0.0.1:31000", "::1]:31000"),
            "routes.json:2: app /web: a server's host is not an IPv4 or IPv6 address");
}

// The exact bytes of sample_state() as 0.1 writes them.
const std::string kRoutes01 =
    R"({"realm":"eu-1","apps":[)"
    "\n"
    R"({"id":"/shop/cart","name":"cart.shop","path":"/shop/cart","hosts":["cart.shop.example.com",)"
    R"("*.cart.example.com"],"ports":[{"index":0,"name":"http","protocol":"tcp","service_port":10000,"labels":{)"
    R"(},"servers":[{"address":"10.0.0.1:31000","task_id":"task-31000","version":"2026-01-02T03:04:05.678Z",)"
    R"("weight":1,"health":"alive"},{"address":"10.0.0.2:31001","task_id":"task-31001",)"
    R"("version":"2026-01-02T03:04:05.678Z","weight":1,"health":"alive"}]},{"index":1,"name":"",)"
    R"("protocol":"udp","service_port":0,"labels":{"scrape":"yes"},"servers":[{"address":"[2001:db8::1]:31002",)"
    R"("task_id":"task-31002","version":"2026-01-02T03:04:05.678Z","weight":1,"health":"alive"}]}],"labels":{)"
    R"("com.example.team":"a \"b\" \\ c","empty":"","owner":"jo; return 200 pwned"},"env":{"APP_ENV":"prod"},)"
    R"("health_path":"/health?full=1"},)"
    "\n"
    R"({"id":"/web","name":"web","path":"/web","hosts":["web.example.com"],"ports":[{"index":0,"name":"",)"
    R"("protocol":"tcp","service_port":0,"labels":{},"servers":[{"address":"10.0.0.1:31000",)"
    R"("task_id":"task-31000","version":"2026-01-02T03:04:05.678Z","weight":1,"health":"alive"}]}],"labels":{},)"
    R"("env":{},"health_path":""})"
    "\n"
    R"(]})"
    "\n";

TEST(RoutesCodecTest, WhatVersion01WroteIsReadAndStillWritten) {
  const auto decoded = decode_routes(kRoutes01);
  ASSERT_TRUE(decoded) << decoded.error().text();
  EXPECT_EQ(*decoded, sample_state());
  EXPECT_EQ(encode_routes(sample_state()).text, kRoutes01);
}

TEST(RoutesCodecTest, KeysOfANewerVersionAreIgnored) {
  std::string text = replaced(kRoutes01, "\"realm\":\"eu-1\",", "\"policy\":{\"x\":[1]},\"realm\":\"eu-1\",");
  text = replaced(text, "\"realm\":\"eu-1\",", "\"realm\":\"eu-1\",\"shards\":4,");
  text = replaced(text, "{\"id\":\"/shop/cart\",", "{\"retry\":\"http_500\",\"id\":\"/shop/cart\",");
  text = replaced(text, "{\"index\":0,", "{\"tls\":true,\"index\":0,");
  text = replaced(text, "{\"address\":", "{\"zone\":null,\"address\":");
  const auto decoded = decode_routes(text);
  ASSERT_TRUE(decoded) << decoded.error().text();
  EXPECT_EQ(*decoded, sample_state());
}

TEST(RoutesCodecTest, OrderOfKeysAndBlanksMeanNothing) {
  std::string text = replaced(kRoutes01, R"("id":"/web","name":"web")", R"("name": "web" ,"id": "/web")");
  const auto decoded = decode_routes(text);
  ASSERT_TRUE(decoded) << decoded.error().text();
  EXPECT_EQ(*decoded, sample_state());
}

TEST(RoutesCodecTest, AKeyThatAnOlderVersionDidNotWriteHasItsDefault) {
  const auto expect = [](const std::string& from, const std::string& to, auto change) {
    RoutingState expected = sample_state();
    change(expected.apps[0], expected.apps[0].ports[0], expected.apps[0].ports[0].servers[0]);
    const auto decoded = decode_routes(replaced(kRoutes01, from, to));
    ASSERT_TRUE(decoded) << from << ": " << decoded.error().text();
    EXPECT_EQ(*decoded, expected) << from;
  };
  using Change = void (*)(App&, Port&, Server&);
  const struct {
    std::string from, to;
    Change change;
  } cases[] = {
      {R"("hosts":)", R"("Hosts":)", [](App& app, Port&, Server&) { app.hosts.clear(); }},
      {R"("labels":{"com)", R"("Labels":{"com)", [](App& app, Port&, Server&) { app.labels.clear(); }},
      {R"("env":)", R"("Env":)", [](App& app, Port&, Server&) { app.env.clear(); }},
      {R"(,"health_path":"/health?full=1")", "", [](App& app, Port&, Server&) { app.health_path.clear(); }},
      {R"("name":"http",)", "", [](App&, Port& port, Server&) { port.name.clear(); }},
      {R"("protocol":"tcp",)", "", [](App&, Port& port, Server&) { port.protocol = "tcp"; }},
      {R"("service_port":10000,)", "", [](App&, Port& port, Server&) { port.service_port = 0; }},
      {R"("labels":{},)", "", [](App&, Port& port, Server&) { port.labels.clear(); }},
      {R"("version":"2026-01-02T03:04:05.678Z",)", "", [](App&, Port&, Server& server) { server.version.clear(); }},
      {R"("weight":1,)", "", [](App&, Port&, Server& server) { server.weight = 1; }},
      {R"(,"health":"alive")", "", [](App&, Port&, Server& server) { server.health = Health::kUnknown; }},
  };
  for (const auto& [from, to, change] : cases) expect(from, to, change);
}

struct Damage {
  const char* name;
  const char* from;
  const char* to;
  int line;
};

class RoutesCodecDamageTest : public testing::TestWithParam<Damage> {};

TEST_P(RoutesCodecDamageTest, IsAnErrorWithItsLine) {
  const std::string text = encode_routes(sample_state()).text;
  const auto decoded = decode_routes(replaced(text, GetParam().from, GetParam().to));
  ASSERT_FALSE(decoded);
  EXPECT_EQ(decoded.error().file, "routes.json");
  EXPECT_EQ(decoded.error().line, GetParam().line) << decoded.error().text();
}

const Damage kDamages[] = {
    {"Head", "\"realm\"", "\"Realm\"", 1},
    {"HeadType", "\"eu-1\"", "1", 1},
    {"NoJson", "\"id\":\"/web\"", "\"id\":/web", 3},
    {"NoObject", "{\"id\":\"/web\"", "[{\"id\":\"/web\"", 3},
    {"Behind", "\"apps\":[", "\"apps\":[ ", 1},
    {"NoApps", ",\"apps\":[", "", 1},
    {"NoId", "\"id\":\"/web\",", "", 3},
    {"NoName", "\"name\":\"web\",", "", 3},
    {"NoPath", "\"path\":\"/web\",", "", 3},
    {"NoPorts", "\"ports\":", "\"Ports\":", 2},
    {"NoIndex", "\"index\":1,", "", 2},
    {"NoServers", "\"servers\":[{\"address\":\"[2001", "\"Servers\":[{\"address\":\"[2001", 2},
    {"NoAddress", "\"address\":", "\"Address\":", 2},
    {"NoTask", "\"task_id\":\"task-31001\",", "", 2},
    {"LabelsOfNumbers", "\"owner\":\"jo; return 200 pwned\"", "\"owner\":1", 2},
    {"LabelsOfAnotherType", "\"env\":{}", "\"env\":\"x\"", 3},
    {"HostsOfAnotherType", "[\"web.example.com\"]", "\"web.example.com\"", 3},
    {"PortsOfNumbers", "\"ports\":[{", "\"ports\":[7,{", 2},
    {"ServersOfTexts", "\"servers\":[{", "\"servers\":[\"x\",{", 2},
    {"Type", "\"weight\":1", "\"weight\":\"1\"", 2},
    {"HugeNumber", "\"weight\":1", "\"weight\":4294967297", 2},
    {"Fraction", "\"weight\":1", "\"weight\":1.5", 2},
    {"UnknownHealth", "\"health\":\"alive\"", "\"health\":\"dead\"", 2},
    {"ListOfNumbers", "\"hosts\":[\"web.example.com\"]", "\"hosts\":[7]", 3},
    {"NoComma", "},\n{\"id\":\"/web\"", "}\n{\"id\":\"/web\"", 2},
    {"AppOrder", "\"id\":\"/web\"", "\"id\":\"/a\"", 3},
    {"Injection", "\"path\":\"/web\"", "\"path\":\"/web; }\"", 3},
    {"NoPortInAddress", "\"address\":\"10.0.0.2:31001\"", "\"address\":\"10.0.0.2\"", 2},
    {"SpelledPort", "\"address\":\"10.0.0.2:31001\"", "\"address\":\"10.0.0.2:031001\"", 2},
    {"Tail", "]}\n", "]}\n\n", 3},
};

INSTANTIATE_TEST_SUITE_P(All, RoutesCodecDamageTest, testing::ValuesIn(kDamages),
                         [](const testing::TestParamInfo<Damage>& test) { return std::string(test.param.name); });

}  // namespace
}  // namespace chorale::render
