#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

#include "tests/architecture/rules.h"

namespace chorale::testing {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

// A source tree of a test's own, gone with the test.
class ArchitectureTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (fs::temp_directory_path() / "architecture_test.XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    root_ = pattern;
  }
  void TearDown() override { fs::remove_all(root_); }

  void write(const std::string& path, const std::string& text) {
    fs::create_directories((root_ / path).parent_path());
    std::ofstream(root_ / path) << text;
  }
  [[nodiscard]] std::vector<std::string> breaches() const { return find_breaches(root_); }

 private:
  fs::path root_;
};

TEST_F(ArchitectureTest, ChoraleKeepsItsOwnRules) {
  std::string all;
  for (const std::string& breach : find_breaches(CHORALE_SOURCE_DIR)) all += breach + "\n";
  EXPECT_EQ(all, "");
  // The check would pass as well if it read nothing.
  EXPECT_TRUE(fs::exists(fs::path(CHORALE_SOURCE_DIR) / "render/template.cpp"));
}

TEST_F(ArchitectureTest, AgentMayKnowBothRooms) {
  write("agent/daemon/loop.cpp", "#include \"render/a.h\"\n#include \"coordination/b.h\"\n#include <boost/asio.hpp>\n");
  write("render/a.h", "#include <kainjow/mustache.hpp>\n");
  write("coordination/zookeeper_store_watch.cpp", "#include <zookeeper/zookeeper.h>\n");
  write("agent/marathon/rest_client.cpp", "#include <cpprest/http_client.h>\n");
  write("tests/unit/a_test.cpp", "#include \"agent/daemon/loop.h\"\nstd::mutex allowed_here;\n");
  EXPECT_THAT(breaches(), IsEmpty());
}

TEST_F(ArchitectureTest, RoomsMayNotKnowEachOther) {
  write("coordination/a.cpp", "\n#include \"render/a.h\"\n");
  write("render/a.cpp", "#include \"agent/a.h\"\n#  include \"coordination/a.h\"\n");
  EXPECT_THAT(breaches(),
              ElementsAre("coordination/a.cpp:2: coordination/ may not know render/, but includes render/a.h",
                          "render/a.cpp:1: render/ may not know agent/, but includes agent/a.h",
                          "render/a.cpp:2: render/ may not know coordination/, but includes coordination/a.h"));
}

TEST_F(ArchitectureTest, ProductMayNotIncludeTests) {
  write("agent/main.cpp", "#include \"tests/fakes/fake.h\"\n");
  EXPECT_THAT(breaches(), ElementsAre("agent/main.cpp:1: the product includes a test header, tests/fakes/fake.h"));
}

TEST_F(ArchitectureTest, LibrariesStayInTheirFiles) {
  write("agent/daemon/loop.cpp",
        "#include <zookeeper/zookeeper.h>\n#include <cpprest/json.h>\n#include <pplx/threadpool.h>\n");
  write("agent/marathon/client.h", "#include <cpprest/http_client.h>\n");
  write("agent/nginx/page.cpp", "#include <boost/beast/http.hpp>\n");
  write("agent/base/http_exchange.h", "#include <boost/beast/http.hpp>\n");
  write("agent/http/server.cpp", "#include <boost/beast/http.hpp>\n");
  write("agent/marathon/sse.cpp", "#include <boost/beast/http.hpp>\n");
  EXPECT_THAT(
      breaches(),
      ElementsAre("agent/daemon/loop.cpp:1: only coordination/zookeeper_store*.cpp may include zookeeper/zookeeper.h",
                  "agent/daemon/loop.cpp:2: only agent/marathon/*.cpp may include cpprest/json.h",
                  "agent/daemon/loop.cpp:3: only agent/marathon/*.cpp may include pplx/threadpool.h",
                  "agent/marathon/client.h:1: only agent/marathon/*.cpp may include cpprest/http_client.h",
                  "agent/nginx/page.cpp:1: only agent/http/, agent/marathon/ and the client in agent/base/ may include "
                  "boost/beast/http.hpp"));
}

TEST_F(ArchitectureTest, OneFileIncludesMustache) {
  write("render/a.cpp", "#include <kainjow/mustache.hpp>\n");
  write("render/b.cpp", "#include <kainjow/mustache.hpp>\n");
  EXPECT_THAT(breaches(),
              ElementsAre("render/b.cpp:1: only one file may include kainjow/mustache.hpp, and render/a.cpp does"));
}

TEST_F(ArchitectureTest, PureFileReachesNoImpureHeader) {
  write("agent/core/guard.cpp", "#include \"agent/core/guard.h\"\n");
  write("agent/core/guard.h", "#include <string>\n#include \"agent/base/clock.h\"\n#include \"agent/core/guard.h\"\n");
  write("agent/base/clock.h", "#include <boost/asio/steady_timer.hpp>\n");
  write("coordination/memory_store.h", "#include <boost/asio/io_context.hpp>\n");
  write("coordination/cluster_reader.cpp", "#include \"coordination/memory_store.h\"\n");
  write("coordination/publisher.cpp", "#include <glog/logging.h>\n");
  EXPECT_THAT(breaches(),
              ElementsAre("agent/core/guard.cpp:1: must be pure, but agent/core/guard.cpp -> agent/core/guard.h -> "
                          "agent/base/clock.h -> <boost/asio/steady_timer.hpp>",
                          "agent/core/guard.h:1: must be pure, but agent/core/guard.h -> agent/base/clock.h -> "
                          "<boost/asio/steady_timer.hpp>",
                          "coordination/publisher.cpp:1: must be pure, but coordination/publisher.cpp -> "
                          "<glog/logging.h>"));
}

TEST_F(ArchitectureTest, PureFileNamesNoClockRandomnessThreadOrStream) {
  write("render/a.cpp", "auto now = std::chrono::system_clock::now();\nstd::random_device device;\n");
  write("agent/core/b.h", "// std::thread in a comment is none\nstd::thread worker;\n");
  write("coordination/c.cpp", "#include <fstream>\nstd::cerr << 1;\nusing Clock = std::chrono::steady_clock;\n");
  write("agent/daemon/d.cpp", "auto now = std::chrono::system_clock::now();\nstd::mt19937 engine;\n");
  write("coordination/e_store.cpp", "std::thread poster;\n");
  write("agent/migrate/f.cpp", "std::cout << 1;\n");
  EXPECT_THAT(breaches(), ElementsAre("agent/core/b.h:2: must be pure, but names a thread",
                                      "agent/migrate/f.cpp:1: must be pure, but names a stream to the outside",
                                      "coordination/c.cpp:1: must be pure, but names a stream to the outside",
                                      "coordination/c.cpp:2: must be pure, but names a stream to the outside",
                                      "render/a.cpp:1: must be pure, but names a clock",
                                      "render/a.cpp:2: must be pure, but names randomness"));
}

TEST_F(ArchitectureTest, BaseKnowsNoOtherFolder) {
  write("agent/base/a.h", "#include \"agent/base/b.h\"\n#include \"agent/config/c.h\"\n#include \"render/d.h\"\n");
  EXPECT_THAT(breaches(), ElementsAre("agent/base/a.h:2: agent/base/ may know no other folder of agent/, but "
                                      "includes agent/config/c.h"));
}

TEST_F(ArchitectureTest, AgentsRootHoldsOnlyMain) {
  write("agent/main.cpp", "");
  write("agent/loose.cpp", "");
  EXPECT_THAT(breaches(),
              ElementsAre("agent/loose.cpp:1: agent/ holds only main.cpp and folders: this file belongs in one of "
                          "them"));
}

TEST_F(ArchitectureTest, ProductHasNoMutex) {
  write("agent/daemon/a.h", "\nstd::shared_mutex m_;\n");
  EXPECT_THAT(breaches(), ElementsAre("agent/daemon/a.h:2: a mutex: post to the loop instead"));
}

TEST_F(ArchitectureTest, ProductReadsFilesWithoutThrowing) {
  write("agent/daemon/a.cpp", "std::string text{std::istreambuf_iterator<char>(stream), {}};\n");
  EXPECT_THAT(breaches(),
              ElementsAre("agent/daemon/a.cpp:1: an iterator that throws when a read fails: use read_text_file() "
                          "or read_file()"));
}

TEST_F(ArchitectureTest, FilesStayShort) {
  std::string lines;
  for (int i = 0; i < 400; ++i) lines += "//\n";
  write("agent/daemon/short.cpp", lines);
  write("tests/unit/long_test.cpp", lines + "//\n");
  write("tests/scenarios/long.txt", lines + "//\n");
  EXPECT_THAT(breaches(), ElementsAre("tests/unit/long_test.cpp:401: more than 400 lines: split it by concept"));
}

}  // namespace
}  // namespace chorale::testing
