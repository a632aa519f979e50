// The table itself, and what a running agent takes of a changed file.
#include "agent/config/key_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace chorale::agent {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

Config parsed(const std::string& text) {
  auto loaded = parse_config(text, "test.toml", {"proxy-1", {}});
  EXPECT_TRUE(loaded) << (loaded ? "" : loaded.error().message);
  return loaded ? std::move(loaded->config) : Config{};
}

ConfigChanges changes(const std::string& before, const std::string& after) {
  Config running = parsed(before);
  return take_changes(parsed(after), running);
}

TEST(KeyTableTest, EveryKeyStandsOnceAndIsDescribed) {
  for (const Key& key : key_table()) {
    EXPECT_EQ(find_key(key.name), &key) << key.name;
    EXPECT_TRUE(key.text.ends_with('.')) << key.name;
    EXPECT_FALSE(key.heading.empty()) << key.name;
    EXPECT_TRUE(key.more.empty() || key.more.ends_with('.')) << key.name;
  }
  EXPECT_EQ(find_key("no_such_key"), nullptr);
}

// What `written` gives can stand in the file and gives the same value.
TEST(KeyTableTest, EveryDefaultCanBeRead) {
  const Config defaults = parsed("");
  for (const Key& key : key_table()) {
    if (!key.example.empty()) continue;
    const auto dot = key.name.find('.');
    const std::string section = dot == std::string_view::npos ? "" : "[" + std::string(key.name.substr(0, dot)) + "]\n";
    const std::string name(dot == std::string_view::npos ? key.name : key.name.substr(dot + 1));
    const Config shown = parsed(section + name + " = " + written(key.type, defaults) + "\n");
    for (const Key& other : key_table()) EXPECT_TRUE(same(other.type, defaults, shown)) << key.name << other.name;
  }
}

TEST(KeyTableTest, NearestKeyIsTheOneThatWasMeant) {
  ASSERT_NE(nearest_key("zookeper"), nullptr);
  EXPECT_EQ(nearest_key("zookeper")->name, "zookeeper");
  EXPECT_EQ(nearest_key("statsd.address")->name, "statsd.addr");
  EXPECT_EQ(nearest_key("prt")->name, "port");
  EXPECT_EQ(nearest_key("frobnicate"), nullptr);
}

TEST(KeyTableTest, RangesAndTypesAreNamed) {
  EXPECT_EQ(range_of(find_key("session_timeout")->type), "from 1s to 10m");
  EXPECT_EQ(range_of(find_key("statsd.sample_rate")->type), "from 1 to 100");
  EXPECT_EQ(range_of(find_key("shrink_limit")->type), "from 0 to 1");
  EXPECT_EQ(range_of(find_key("realm")->type), "");
  EXPECT_EQ(name_of(find_key("session_timeout")->type), "duration");
  EXPECT_EQ(name_of(find_key("expose_env")->type), "list");
  EXPECT_EQ(name_of(find_key("realm")->type), "string or list");
  EXPECT_EQ(name_of(find_key("nginx_ignore_check")->type), "flag");
  EXPECT_EQ(name_of(find_key("shrink_limit")->type), "number");
  EXPECT_EQ(name_of(find_key("drift")->type), "string");
}

TEST(KeyTableTest, ValuesAreWrittenAsToml) {
  const Config config = parsed(
      "zookeeper = 'zk://jo:pw@a:1/x'\nrealm = 'blue \\d'\nlisten = '[::1]:9'\n"
      "nginx_cmd = ['sudo', 'nginx']\ndrift = 'report'\nnginx_ignore_check = true\n");
  EXPECT_EQ(written(find_key("zookeeper")->type, config), R"("zk://jo:pw@a:1/x")");
  EXPECT_EQ(written(find_key("realm")->type, config), R"("blue \\d")");
  EXPECT_EQ(written(find_key("listen")->type, config), R"("[::1]:9")");
  EXPECT_EQ(written(find_key("nginx_cmd")->type, config), R"(["sudo", "nginx"])");
  EXPECT_EQ(written(find_key("drift")->type, config), R"("report")");
  EXPECT_EQ(written(find_key("nginx_ignore_check")->type, config), "true");
  EXPECT_EQ(written(find_key("zookeeper")->type, Config{}), R"("")");
  EXPECT_EQ(written(find_key("realm")->type, Config{}), R"("")");
  EXPECT_EQ(written(find_key("realm")->type, parsed("realm = ['b', 'a']\n")), R"(["a", "b"])");
}

TEST(ConfigChangesTest, RunningAgentTakesXproxyAndLocalValues) {
  Config running = parsed("realm = 'a'\n");
  const auto changed = take_changes(parsed("xproxy = 'x'\nrealm = 'b'\n[local]\na = 'b'\n"), running);
  EXPECT_THAT(changed.in_force, ElementsAre("xproxy", "[local]"));
  EXPECT_THAT(changed.at_next_start, ElementsAre("realm"));
  EXPECT_EQ(running.xproxy, "x");
  EXPECT_EQ(running.local.at("a"), "b");
  EXPECT_THAT(running.routing.realm, ElementsAre("a"));
  EXPECT_EQ(changed.text(), "in force: xproxy, [local]; at the next start: realm");
}

TEST(ConfigChangesTest, OnlyWhatDiffersIsNamed) {
  EXPECT_EQ(changes("", "session_timeout = '10000ms'\ndrift = 'repair'\n").text(), "nothing has changed");
  EXPECT_EQ(changes("", "xproxy = 'x'\n").text(), "in force: xproxy");
  EXPECT_EQ(changes("", "pass = 'x'\nuser = 'y'\n").text(), "at the next start: user, pass");
  EXPECT_EQ(changes("", "port = 1\n").text(), "at the next start: listen, port");
}

// Said at every re-read, as long as it waits.
TEST(ConfigChangesTest, WaitingKeysStayWaiting) {
  Config running = parsed("");
  const Config next = parsed("realm = 'b'\nxproxy = 'x'\n");
  EXPECT_EQ(take_changes(next, running).text(), "in force: xproxy; at the next start: realm");
  EXPECT_EQ(take_changes(next, running).text(), "at the next start: realm");
}

TEST(ConfigChangesTest, ChangedSecretIsAChangeOfItsFilesKey) {
  Config before = parsed("zookeeper = 'zk://a:1/x'\nzookeeper_auth_file = '/auth'\nadmin_token_file = '/token'\n");
  Config after = before;
  after.admin_token = "new";
  EXPECT_THAT(take_changes(after, before).at_next_start, ElementsAre("admin_token_file"));
  after = before;
  after.zookeeper.credentials = "jo:new";
  EXPECT_THAT(take_changes(after, before).at_next_start, ElementsAre("zookeeper_auth_file"));
  EXPECT_THAT(changes("zookeeper = 'zk://jo:a@a:1/x'\n", "zookeeper = 'zk://jo:b@a:1/x'\n").at_next_start,
              ElementsAre("zookeeper"));
  EXPECT_THAT(take_changes(before, before).at_next_start, IsEmpty());
}

}  // namespace
}  // namespace chorale::agent
