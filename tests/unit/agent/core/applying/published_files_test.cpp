#include "agent/core/applying/published_files.h"

#include <gtest/gtest.h>

#include <memory>

namespace chorale::agent {
namespace {

using coordination::PublishedFile;

PublishedFile file(std::string name, std::string text) {
  return {std::move(name), std::make_shared<const std::string>(std::move(text)), {}};
}

std::string text_of(const std::vector<PublishedFile>& files, std::string_view name) {
  for (const PublishedFile& each : files) {
    if (each.name == name) return each.text ? *each.text : "no text";
  }
  return "no file";
}

TEST(PublishedFilesTest, CanariesAloneGetTheOtherConfiguration) {
  std::vector<PublishedFile> files{file("nginx.conf", "all"), file("routes.json", "routes")};
  add_canary(files, file("nginx.conf", "some"), "template", {"proxy-1", "proxy-10"});
  EXPECT_EQ(text_of(files, "nginx.conf"), "all");
  EXPECT_EQ(text_of(files, kCanaryTemplateName), "template");
  EXPECT_EQ(text_of(files, kCanariesName), canary_lines({"proxy-1", "proxy-10"}));
  for (const char* canary : {"proxy-1", "proxy-10"}) {
    EXPECT_EQ(text_of(files_for(canary, files), "nginx.conf"), "some") << canary;
    EXPECT_EQ(text_of(files_for(canary, files), "routes.json"), "routes");
  }
  for (const char* other : {"proxy-2", "proxy", "proxy-1\nproxy-10", "", "1"}) {
    EXPECT_EQ(text_of(files_for(other, files), "nginx.conf"), "all") << other;
  }
}

TEST(PublishedFilesTest, CanariesAreReadBack) {
  std::vector<PublishedFile> files{file("nginx.conf", "all")};
  EXPECT_TRUE(canaries_in(files).empty());
  add_canary(files, file("nginx.conf", "some"), "template", {"proxy-1", "proxy-10"});
  EXPECT_EQ(canaries_in(files), (std::vector<std::string>{"proxy-1", "proxy-10"}));
}

TEST(PublishedFilesTest, FilesWithoutCanariesAreAsTheyWere) {
  const std::vector<PublishedFile> plain{file("nginx.conf", "all")};
  EXPECT_EQ(text_of(files_for("proxy-1", plain), "nginx.conf"), "all");
  EXPECT_EQ(files_for("proxy-1", {}).size(), 0U);
  // One of the two files alone means nothing.
  EXPECT_EQ(text_of(files_for("proxy-1", {file("nginx.conf", "all"), file("canaries", "proxy-1\n")}), "nginx.conf"),
            "all");
  EXPECT_EQ(text_of(files_for("proxy-1", {file("nginx.conf", "all"), file("canary.conf", "some")}), "nginx.conf"),
            "all");
  EXPECT_EQ(
      text_of(files_for("proxy-1", {file("nginx.conf", "all"), {"canaries", nullptr, {}}, file("canary.conf", "x")}),
              "nginx.conf"),
      "all");
  // A last line without its end counts.
  EXPECT_EQ(text_of(files_for("b", {file("nginx.conf", "all"), file("canaries", "a\nb"), file("canary.conf", "some")}),
                    "nginx.conf"),
            "some");
}

}  // namespace
}  // namespace chorale::agent
