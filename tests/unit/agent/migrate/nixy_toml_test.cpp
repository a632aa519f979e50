// nixy.toml as a chorale.toml: the same keys with the same meaning, what differs is said, no secret in any message.
#include "agent/migrate/nixy_toml.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agent/config/key_table.h"

namespace chorale::agent {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

constexpr const char* kMarathon = "marathon = [\"http://a:8080\"]\n";

NixyToml nixy(const std::string& text) {
  auto read = read_nixy_toml(text, "nixy.toml");
  EXPECT_TRUE(read) << read.error().message;
  return read ? *std::move(read) : NixyToml{};
}

std::string refusal(const std::string& text) {
  const auto read = read_nixy_toml(text, "nixy.toml");
  return read ? "" : read.error().message;
}

ChoraleToml made(const std::string& text, const NewPlace& place = {}) { return chorale_toml(nixy(text), place); }

std::vector<std::string> said(const std::vector<Finding>& findings, Finding::Kind kind) {
  std::vector<std::string> texts;
  for (const Finding& one : findings) {
    if (one.kind == kind) texts.push_back(std::to_string(one.line) + ": " + one.message);
  }
  return texts;
}
std::vector<std::string> marks(const ChoraleToml& toml) { return said(toml.findings, Finding::Kind::kMark); }
std::vector<std::string> notes(const ChoraleToml& toml) { return said(toml.findings, Finding::Kind::kNote); }

// As the agent reads the new file.
Config loaded(const ChoraleToml& toml) {
  const auto config = parse_config(toml.text, "chorale.toml", {"proxy-1", {}});
  EXPECT_TRUE(config) << config.error().message << "\n" << toml.text;
  if (!config) return {};
  for (const ConfigWarning& warning : config->warnings) ADD_FAILURE() << warning.text();
  return config->config;
}

NewPlace place_of_template() {
  NewPlace place;
  place.nixy_directory = "/etc/nixy";
  place.nginx_template = "/new/nginx.conf.mustache";
  return place;
}

TEST(NixyTomlTest, EveryKeyKeepsItsMeaning) {
  const ChoraleToml toml = made(
      "port = \"6000\"\nxproxy = \"x1\"\nmarathon = [\"http://a:8080\", \"https://b:8443/\"]\nuser = \"u\"\npass = "
      "\"p\\\"\\\\\"\n"
      "realm = \"r\"\nnginx_config = \"/n.conf\"\nnginx_template = \"/n.tmpl\"\nnginx_cmd = \"docker exec nginx "
      "nginx\"\n"
      "nginx_ignore_check = true\nleft_delimiter = \"<%\"\nright_delimiter = \"%>\"\n"
      "[statsd]\naddr = \"s:8125\"\nnamespace = \"n\"\nsample_rate = 100\n",
      [] {
        NewPlace place = place_of_template();
        place.delimiters = {"<%", "%>"};
        return place;
      }());
  EXPECT_THAT(toml.findings, IsEmpty());
  const Config config = loaded(toml);
  EXPECT_EQ(config.listen_port, 6000);
  EXPECT_EQ(config.xproxy, "x1");
  EXPECT_THAT(config.marathon, ElementsAre("http://a:8080", "https://b:8443"));
  EXPECT_EQ(config.user, "u");
  EXPECT_EQ(config.pass, "p\"\\");
  EXPECT_THAT(config.routing.realm, ElementsAre("r"));
  EXPECT_EQ(config.nginx_config, "/n.conf");
  EXPECT_EQ(config.nginx_template, "/new/nginx.conf.mustache");
  EXPECT_THAT(config.nginx_cmd, ElementsAre("docker", "exec", "nginx", "nginx"));
  EXPECT_TRUE(config.nginx_ignore_check);
  EXPECT_EQ(config.left_delimiter, "<%");
  EXPECT_EQ(config.right_delimiter, "%>");
  EXPECT_EQ(config.statsd.address, "s:8125");
  EXPECT_EQ(config.statsd.name_space, "n");
  EXPECT_TRUE(config.standalone);
}

TEST(NixyTomlTest, ZooKeeperIsThereToBeFilledIn) {
  const ChoraleToml toml = made("marathon = [\"http://m1:8080\", \"http://m2:8080\", \"http://[::1]:8080\"]\n");
  EXPECT_THAT(toml.text,
              AllOf(HasSubstr("# TO BE FILLED IN: Nixy knows no ZooKeeper. Without this key the agent runs standalone"),
                    HasSubstr("\n#zookeeper = \"zk://m1:2181,m2:2181/chorale\"\n")));
  const std::string filled = [&] {
    std::string text = toml.text;
    return text.erase(text.find("#zookeeper"), 1);
  }();
  EXPECT_FALSE(loaded({filled, {}}).standalone);
}

TEST(NixyTomlTest, NothingSetIsNothingButWhatIsMissing) {
  const ChoraleToml toml = made("");
  EXPECT_THAT(marks(toml), ElementsAre("0: marathon: it is not set: fill it in"));
  EXPECT_THAT(notes(toml),
              ElementsAre(HasSubstr("0: port: it is not set"), HasSubstr("0: nginx_config: it is not set")));
  EXPECT_THAT(toml.text, HasSubstr("\n#zookeeper = \"zk://master-1:2181,"));
  EXPECT_THAT(toml.text, HasSubstr("\n#nginx_template = \"/etc/chorale/nginx.conf.mustache\"\n"));
  EXPECT_THAT(loaded(toml).marathon, IsEmpty());
  EXPECT_EQ(loaded(toml).listen_port, 8000);
}

TEST(NixyTomlTest, KeysOfAnyCaseAreRead) { EXPECT_EQ(nixy("Port = \"1\"\nXPROXY = \"x\"\n").xproxy, "x"); }

TEST(NixyTomlTest, PortWithoutQuotesIsRead) { EXPECT_EQ(loaded(made("port = 6000\n")).listen_port, 6000); }

TEST(NixyTomlTest, UnknownKeysAreNamedAndNotCopied) {
  const NixyToml read = nixy("marathn = [\"http://a:1\"]\nzookeeper = \"zk://z:2181/c\"\n[apps]\nx = 1\n");
  EXPECT_THAT(said(read.findings, Finding::Kind::kNote),
              AllOf(SizeIs(3), Contains(HasSubstr("1: unknown key 'marathn' is ignored; did you mean 'marathon'?")),
                    Contains("2: zookeeper: Nixy has no such key, so that it is not copied"),
                    Contains(HasSubstr("unknown key 'apps'"))));
  EXPECT_THAT(chorale_toml(read, {}).text, Not(HasSubstr("z:2181/c")));
}

TEST(NixyTomlTest, WhatNixyWouldRefuseIsRefusedWithItsLine) {
  EXPECT_EQ(
      refusal("\nxproxy = 1\nmarathon = \"http://a\"\nnginx_ignore_check = \"no\"\n[statsd]\nsample_rate = \"1\"\n"),
      "nixy.toml:2: xproxy: expected a text in quotes\n"
      "nixy.toml:3: marathon: expected an array of texts\n"
      "nixy.toml:4: nginx_ignore_check: expected true or false\n"
      "nixy.toml:6: statsd.sample_rate: expected a whole number");
  EXPECT_THAT(refusal("pass = \"secret"), AllOf(HasSubstr("nixy.toml:1: this is not TOML"), Not(HasSubstr("secret"))));
  EXPECT_THAT(refusal("port = \"1\"\nPort = \"2\"\n"), HasSubstr("port: set twice"));
}

TEST(NixyTomlTest, RelativePathsBecomeAbsolute) {
  const ChoraleToml toml =
      made(std::string(kMarathon) + "nginx_config = \"../nginx.conf\"\nport = \"1\"\n", place_of_template());
  EXPECT_EQ(loaded(toml).nginx_config, "/etc/nginx.conf");
  EXPECT_THAT(notes(toml),
              ElementsAre("2: nginx_config: a relative path is now /etc/nginx.conf; Nixy took it from where it was "
                          "started"));
}

TEST(NixyTomlTest, CredentialsInUrlsBecomeKeys) {
  const ChoraleToml toml =
      made("marathon = [\"http://u:secret@a:8080\", \"http://u:secret@b:8080/\"]\nport = \"1\"\n", place_of_template());
  const Config config = loaded(toml);
  EXPECT_THAT(config.marathon, ElementsAre("http://a:8080", "http://b:8080"));
  EXPECT_EQ(config.user, "u");
  EXPECT_EQ(config.pass, "secret");
  EXPECT_THAT(notes(toml), Contains(HasSubstr("1: marathon: the credentials in its URLs are now `user` and `pass`")));
  for (const Finding& one : toml.findings) EXPECT_THAT(one.message, Not(HasSubstr("secret")));
  EXPECT_TRUE(nixy("marathon = [\"http://u:secret@a:8080\"]\n").holds_secret());
}

TEST(NixyTomlTest, CredentialsOfTheKeysWinOverThoseOfUrls) {
  const ChoraleToml toml =
      made("marathon = [\"http://v:other@a:8080\"]\nuser = \"u\"\npass = \"p\"\n", place_of_template());
  EXPECT_EQ(loaded(toml).user, "u");
  EXPECT_EQ(loaded(toml).pass, "p");
  EXPECT_THAT(toml.text, Not(HasSubstr("other")));
  EXPECT_THAT(notes(toml), Contains(HasSubstr("credentials in its URLs are dropped")));
}

TEST(NixyTomlTest, CredentialsThatDifferNeedAHand) {
  const ChoraleToml toml = made("marathon = [\"http://u:one@a:8080\", \"http://u:two@b:8080\"]\n", place_of_template());
  EXPECT_THAT(marks(toml), ElementsAre(HasSubstr("user: the URLs of marathon hold credentials that differ")));
  EXPECT_THAT(toml.text, Not(HasSubstr("@")));
  EXPECT_EQ(loaded(toml).user, "");
}

TEST(NixyTomlTest, CredentialsOfUrlsAreDecoded) {
  const Config config = loaded(made("marathon = [\"http://u%40x:o%6ee%2F@a:8080\"]\n", place_of_template()));
  EXPECT_EQ(config.user, "u@x");
  EXPECT_EQ(config.pass, "one/");
  const Config alone = loaded(made("marathon = [\"http://u@a:8080\"]\n", place_of_template()));
  EXPECT_EQ(alone.user, "u");
  EXPECT_EQ(alone.pass, "");
}

TEST(NixyTomlTest, PasswordWithoutUserIsNotCopied) {
  const ChoraleToml toml = made(std::string(kMarathon) + "pass = \"secret\"\n");
  EXPECT_THAT(toml.text, Not(HasSubstr("secret")));
  EXPECT_THAT(notes(toml), Contains("2: pass: not copied: it has no effect without user"));
}

TEST(NixyTomlTest, SecretsAreKnown) {
  EXPECT_TRUE(nixy("pass = \"p\"\n").holds_secret());
  EXPECT_FALSE(nixy(std::string(kMarathon) + "user = \"u\"\n").holds_secret());
}

TEST(NixyTomlTest, UrlThatChoraleRefusesNeedsAHand) {
  const ChoraleToml toml = made(
      "marathon = [\"http://u:secret@a:8080/path\", \"b:8080\", \"http://c:8080\", \"http://c:8080/\"]\nuser=\"u\"\n");
  EXPECT_THAT(loaded(toml).marathon, ElementsAre("http://a:8080/path", "http://c:8080"));
  EXPECT_THAT(marks(toml), SizeIs(1));
  EXPECT_THAT(marks(toml), Contains(HasSubstr("1: marathon: Chorale refuses one of its URLs")));
  EXPECT_THAT(toml.text, Not(HasSubstr("secret")));
}

TEST(NixyTomlTest, ValueThatChoraleRefusesIsLeftOutAndSaid) {
  const ChoraleToml toml =
      made(std::string(kMarathon) + "port = \"http\"\nrealm = \"a$b\"\n[statsd]\naddr = \"nowhere\"\n");
  EXPECT_EQ(loaded(toml).listen_port, 8000);
  EXPECT_TRUE(loaded(toml).routing.realm.empty());
  EXPECT_THAT(marks(toml),
              ElementsAre(HasSubstr("3: realm: Chorale refuses its value"), HasSubstr("2: port: Chorale refuses"),
                          HasSubstr("5: statsd.addr: Chorale refuses")));
  EXPECT_THAT(toml.text, HasSubstr("\n# port is left out: Chorale refuses its value"));
}

TEST(NixyTomlTest, SampleRateIsWithinItsRange) {
  const auto rate = [](const std::string& written) {
    const ChoraleToml toml = made(std::string(kMarathon) + "[statsd]\nsample_rate = " + written + "\n");
    return std::pair(loaded(toml).statsd.sample_rate, notes(toml).size());
  };
  const std::size_t usual = notes(made(kMarathon)).size();
  EXPECT_EQ(rate("100"), std::pair(100, usual));
  EXPECT_EQ(rate("500"), std::pair(100, usual));
  EXPECT_EQ(rate("10"), std::pair(10, usual + 1)) << "Nixy sent every message";
  EXPECT_EQ(rate("0"), std::pair(1, usual + 1));
}

TEST(NixyTomlTest, DelimitersAreThoseOfTheNewTemplate) {
  NewPlace place = place_of_template();
  place.delimiters = {"[[", "]]"};
  const ChoraleToml toml = made(std::string(kMarathon) + "left_delimiter = \"<=\"\nright_delimiter = \"=>\"\n", place);
  EXPECT_EQ(loaded(toml).left_delimiter, "[[");
  EXPECT_EQ(loaded(toml).right_delimiter, "]]");
  EXPECT_THAT(notes(toml), Contains(HasSubstr("2: left_delimiter: Chorale's delimiters hold no blanks")));
  const ChoraleToml none = made(std::string(kMarathon) + "left_delimiter = \"<%\"\nright_delimiter = \"%>\"\n");
  EXPECT_EQ(loaded(none).left_delimiter, "{{") << "the template that the package brings has its own";
}

TEST(NixyTomlTest, EmptyDelimitersAreGosOwn) {
  const NixyToml read = nixy("left_delimiter = \"\"\nright_delimiter = \"\"\n");
  EXPECT_EQ(read.delimiters.left, "{{");
  EXPECT_EQ(read.delimiters.right, "}}");
}

TEST(NixyTomlTest, TemplateGetsWhatItAsksFor) {
  NewPlace place = place_of_template();
  place.needs.env = {"STAGE", "ZONE"};
  place.needs.getenv = {"DC", "PORT"};
  place.environment = {{"DC", "fra\n1"}};
  const ChoraleToml toml = made(std::string(kMarathon) + "[statsd]\naddr = \"s:1\"\n", place);
  const Config config = loaded(toml);
  EXPECT_THAT(config.expose_env, ElementsAre("STAGE", "ZONE"));
  EXPECT_EQ(config.local.at("env_DC"), "fra\n1");
  EXPECT_EQ(config.local.at("env_PORT"), "");
  EXPECT_EQ(config.statsd.address, "s:1");
  EXPECT_THAT(marks(toml), ElementsAre(HasSubstr("0: [local] env_PORT: the template asks for this variable")));
  EXPECT_THAT(notes(toml), Contains(HasSubstr("0: [local] env_DC: has the value that the variable has here")));
}

TEST(NixyTomlTest, MergingIsConfiguredAndWhereItsWeightsComeFromIsSaid) {
  NewPlace place = place_of_template();
  place.needs.merge_label = "svc";
  const ChoraleToml toml = made(kMarathon, place);
  (void)loaded(toml);
  EXPECT_THAT(marks(toml), IsEmpty());
  EXPECT_THAT(toml.text, HasSubstr("\nmerge_label = \"svc\"\n"));
  EXPECT_THAT(notes(toml),
              Contains(HasSubstr("merge_label: the weight of an app's tasks is its label chorale.weight")));
}

TEST(NixyTomlTest, FactsAreWhatATemplateMayRead) {
  const NixyFacts facts =
      nixy(
          "port = \"1\"\nmarathon = [\"http://a\"]\nnginx_config = \"c\"\nnginx_template = \"t\"\nnginx_cmd = \"x\"\n"
          "nginx_ignore_check = true\nleft_delimiter = \"<\"\n[statsd]\naddr = \"s\"\nnamespace = \"n\"\n"
          "sample_rate = 7\n")
          .facts();
  EXPECT_EQ(facts.port, "1");
  EXPECT_THAT(facts.marathon, ElementsAre("http://a"));
  EXPECT_EQ(facts.nginx_config, "c");
  EXPECT_EQ(facts.nginx_template, "t");
  EXPECT_EQ(facts.nginx_cmd, "x");
  EXPECT_TRUE(facts.nginx_ignore_check);
  EXPECT_EQ(facts.delimiters.left, "<");
  EXPECT_EQ(facts.statsd_address, "s");
  EXPECT_EQ(facts.statsd_namespace, "n");
  EXPECT_EQ(facts.statsd_sample_rate, 7);
}

}  // namespace
}  // namespace chorale::agent
