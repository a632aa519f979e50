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
  for (const RoutingState& each : {state, RoutingState{}, state_of({sample_app("/a")})}) {
    const auto decoded = decode_routes(encode_routes(each).text);
    ASSERT_TRUE(decoded) << decoded.error().text();
    EXPECT_EQ(*decoded, each);
  }
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
  EXPECT_EQ(error_with("\"id\":\"/web\"", "\"id\":/web"), "routes.json:2: is not JSON");
  EXPECT_EQ(
      error_with("\"env\":{},", ""),
      "routes.json:2: is not an app as Chorale writes it (a key is missing, unknown, repeated, out of order or of "
      "another type)");
  EXPECT_EQ(error_with("10.0.0.1:31000", "[::1:31000"),
            "routes.json:2: app /web: a server's host is not an IPv4 or IPv6 address");
  EXPECT_EQ(error_with("10.0.0.1:31000", "::1]:31000"),
            "routes.json:2: app /web: a server's host is not an IPv4 or IPv6 address");
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
    {"MissingKey", "\"env\":{},", "", 3},
    {"UnknownKey", "\"id\":\"/web\",", "\"id\":\"/web\",\"tls\":true,", 3},
    {"RepeatedKey", "\"owner\":", "\"owner\":\"x\",\"owner\":", 2},
    {"MissingLabels", "\"labels\":{},\"env\"", "\"env\"", 3},
    {"MissingPorts", "\"ports\":", "\"Ports\":", 2},
    {"MissingWeight", "\"weight\":1,", "", 2},
    {"LabelsOfAnotherType", "\"env\":{}", "\"env\":\"x\"", 3},
    {"HostsOfAnotherType", "[\"web.example.com\"]", "\"web.example.com\"", 3},
    {"KeyOrder", "\"id\":\"/web\",\"name\":\"web\"", "\"name\":\"web\",\"id\":\"/web\"", 3},
    {"Type", "\"weight\":1", "\"weight\":\"1\"", 2},
    {"HugeNumber", "\"weight\":1", "\"weight\":4294967297", 2},
    {"Fraction", "\"weight\":1", "\"weight\":1.5", 2},
    {"UnknownHealth", "\"health\":\"alive\"", "\"health\":\"dead\"", 2},
    {"ListOfNumbers", "\"hosts\":[\"web.example.com\"]", "\"hosts\":[7]", 3},
    {"NoComma", "},\n{\"id\":\"/web\"", "}\n{\"id\":\"/web\"", 2},
    {"Blank", "{\"id\":\"/web\"", "{ \"id\":\"/web\"", 3},
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
