// Config and secret files on disk. Small files in a directory of the test's own.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "agent/config/config.h"

namespace chorale::agent {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class ConfigLoadTest : public ::testing::Test {
 protected:
  ConfigLoadTest() {
    std::string pattern = (std::filesystem::temp_directory_path() / "chorale-config-XXXXXX").string();
    directory_ = ::mkdtemp(pattern.data());
  }
  ~ConfigLoadTest() override {
    std::error_code ignored;
    std::filesystem::remove_all(directory_, ignored);
  }

  std::string write(const std::string& name, const std::string& text, mode_t mode = 0600) {
    const std::string path = (directory_ / name).string();
    std::ofstream(path) << text;
    ::chmod(path.c_str(), mode);
    return path;
  }

  std::filesystem::path directory_;
};

TEST_F(ConfigLoadTest, MissingFileIsAnError) {
  const auto loaded = load_config((directory_ / "none.toml").string());
  ASSERT_FALSE(loaded);
  EXPECT_THAT(loaded.error().message, AllOf(HasSubstr("none.toml"), HasSubstr("No such file")));
  EXPECT_FALSE(load_config(directory_.string()));
}

TEST_F(ConfigLoadTest, SecretFilesAreReadAndTrimmed) {
  const auto auth = write("auth", "jo:hunter2\n");
  const auto token = write("token", "  t0ken \n");
  const auto file = write("c.toml", "id = \"p\"\nzookeeper = \"zk://a:2181/x\"\nzookeeper_auth_file = \"" + auth +
                                        "\"\nadmin_token_file = \"" + token + "\"\n");
  const auto loaded = load_config(file);
  ASSERT_TRUE(loaded) << loaded.error().message;
  EXPECT_THAT(loaded->warnings, IsEmpty());
  EXPECT_EQ(loaded->config.zookeeper.credentials, "jo:hunter2");
  EXPECT_EQ(loaded->config.admin_token, "t0ken");
}

TEST_F(ConfigLoadTest, ReadableSecretsWarn) {
  const auto token = write("token", "t0ken", 0644);
  const auto file =
      write("c.toml", "id = \"p\"\nuser = \"jo\"\npass = \"hunter2\"\nadmin_token_file = \"" + token + "\"\n", 0644);
  const auto loaded = load_config(file);
  ASSERT_TRUE(loaded) << loaded.error().message;
  std::vector<std::string> warnings;
  for (const ConfigWarning& warning : loaded->warnings) {
    EXPECT_EQ(warning.kind, ConfigWarning::Kind::kReadableSecret);
    warnings.push_back(warning.text());
  }
  EXPECT_THAT(warnings, ElementsAre(AllOf(HasSubstr(file + ": admin_token_file"), HasSubstr("chmod 600"),
                                          Not(HasSubstr("t0ken"))),
                                    AllOf(HasSubstr(file + ": it holds a password"), Not(HasSubstr("hunter2")))));
}

TEST_F(ConfigLoadTest, UnusableSecretFilesAreErrors) {
  const auto empty = write("empty", "\n");
  const auto bad = write("bad", "hunter2\n");
  const auto file = write("c.toml", "id = \"p\"\nzookeeper = \"zk://a:2181/x\"\nzookeeper_auth_file = \"" + bad +
                                        "\"\nadmin_token_file = \"" + empty + "\"\n");
  const auto loaded = load_config(file);
  ASSERT_FALSE(loaded);
  EXPECT_THAT(loaded.error().message, AllOf(HasSubstr("expected one line user:password"),
                                            HasSubstr("the file is empty"), Not(HasSubstr("hunter2"))));
}

// Their content stays where it is used.
TEST_F(ConfigLoadTest, SecretFilesOfMarathonAreLookedAt) {
  const auto open = write("open", "jo:hunter2", 0644);
  for (const char* key : {"marathon_auth_file", "marathon_service_account_file", "marathon_key_file"}) {
    const std::string more = key == std::string("marathon_key_file") ? "marathon_cert_file = '/c'\n" : "";
    const std::string text = "id = 'p'\nmarathon = 'https://a'\n" + more + key;
    const auto loaded = load_config(write("c.toml", text + " = '" + open + "'\n"));
    ASSERT_TRUE(loaded) << loaded.error().message;
    ASSERT_EQ(loaded->warnings.size(), 1U) << key;
    EXPECT_THAT(loaded->warnings[0].text(), AllOf(HasSubstr(key), HasSubstr("chmod 600"), Not(HasSubstr("hunter2"))));
    const auto missing = load_config(write("c.toml", text + " = '/no/such/file'\n"));
    ASSERT_FALSE(missing) << key;
    EXPECT_THAT(missing.error().message, AllOf(HasSubstr(key), HasSubstr("/no/such/file")));
  }
}

TEST_F(ConfigLoadTest, CredentialsHaveTwoParts) {
  for (const char* wrong : {"jo", "jo:", ":hunter2"}) {
    const auto auth = write("auth", wrong);
    const auto file = write("c.toml", "id = 'p'\nzookeeper = 'zk://a:2181/x'\nzookeeper_auth_file = '" + auth + "'\n");
    const auto loaded = load_config(file);
    ASSERT_FALSE(loaded) << wrong;
    EXPECT_EQ(loaded.error().message, file + ": zookeeper_auth_file: " + auth + ": expected one line user:password");
  }
}

TEST_F(ConfigLoadTest, StandaloneAgentReadsNoCredentials) {
  const auto loaded = load_config(write("c.toml", "id = 'p'\nzookeeper_auth_file = '/no/such/file'\n"));
  ASSERT_TRUE(loaded) << loaded.error().message;
  EXPECT_EQ(loaded->warnings.size(), 1U);
  EXPECT_EQ(loaded->config.zookeeper.credentials, "");
}

TEST_F(ConfigLoadTest, MissingSecretFileIsAnError) {
  const auto loaded = load_config(write("c.toml", "id = 'p'\nadmin_token_file = '/no/such/file'\n"));
  ASSERT_FALSE(loaded);
  EXPECT_THAT(loaded.error().message,
              AllOf(HasSubstr("c.toml: admin_token_file: "), HasSubstr("/no/such/file"), Not(HasSubstr("empty"))));
}

TEST_F(ConfigLoadTest, OnlyAReadableFileWithAPasswordWarns) {
  const auto warnings = [&](const std::string& text, mode_t mode) {
    const auto loaded = load_config(write("c.toml", "id = 'p'\n" + text, mode));
    EXPECT_TRUE(loaded) << text;
    return loaded ? loaded->warnings.size() : 99;
  };
  EXPECT_EQ(warnings("zookeeper = 'zk://jo:hunter2@a:2181/x'\n", 0644), 1U);
  EXPECT_EQ(warnings("zookeeper = 'zk://jo:hunter2@a:2181/x'\n", 0640), 0U);
  EXPECT_EQ(warnings("zookeeper = 'zk://a:2181/x'\n", 0644), 0U);
  EXPECT_EQ(warnings("user = 'jo'\npass = 'hunter2'\n", 0640), 0U);
}

TEST_F(ConfigLoadTest, EnvironmentOfTheProcessCounts) {
  ASSERT_EQ(::setenv("CHORALE_REALM", "blue=green", 1), 0);
  const auto loaded = load_config(write("c.toml", "id = 'p'\nrealm = 'red'\n"));
  ::unsetenv("CHORALE_REALM");
  ASSERT_TRUE(loaded) << loaded.error().message;
  EXPECT_THAT(loaded->config.routing.realm, ElementsAre("blue=green"));
}

}  // namespace
}  // namespace chorale::agent
