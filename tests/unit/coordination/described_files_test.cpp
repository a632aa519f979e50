#include "coordination/described_files.h"

#include <gtest/gtest.h>

#include <memory>

#include "coordination/digest.h"

namespace chorale::coordination {
namespace {

PublishedFile file(std::string name, std::string text, std::vector<Section> sections = {}) {
  return {std::move(name), std::make_shared<const std::string>(std::move(text)), std::move(sections)};
}

TEST(DescribedFilesTest, NamesDigestSizeAndChunksOfEveryFile) {
  std::string text;
  for (int i = 0; text.size() < 100'000; ++i) text += "line " + std::to_string(i * 7919) + "\n";
  const DescribedFiles described =
      describe_files({file("nginx.conf", text), file("template", "short\n")}, Path("/pools/a"));
  EXPECT_EQ(described.root, Path("/pools/a"));
  ASSERT_EQ(described.entries.size(), 2U);
  const FileEntry& entry = described.entries.at("nginx.conf");
  EXPECT_EQ(entry.digest, sha256_hex(text));
  EXPECT_EQ(entry.bytes, std::ssize(text));
  ASSERT_GT(entry.chunks.size(), 1U);
  std::size_t at = 0;
  for (const ChunkReference& chunk : entry.chunks) {
    const auto bytes = static_cast<std::size_t>(chunk.bytes);
    EXPECT_EQ(chunk.path, "/pools/a/chunks/" + sha256_hex(text.substr(at, bytes)).substr(0, 32));
    at += bytes;
  }
  EXPECT_EQ(at, text.size());
  EXPECT_EQ(described.entries.at("template").chunks.size(), 1U);
}

TEST(DescribedFilesTest, OnlyRoutesNameTheirFirstApps) {
  const std::vector<Section> sections{{0, "/app"}};
  const DescribedFiles described =
      describe_files({file("nginx.conf", "conf\n", sections), file("routes.json", "routes\n", sections)}, Path("/c"));
  EXPECT_EQ(described.entries.at("nginx.conf").chunks.at(0).first_app, "");
  EXPECT_EQ(described.entries.at("routes.json").chunks.at(0).first_app, "/app");
  EXPECT_TRUE(described.files.at(1).sections.empty());
}

TEST(DescribedFilesTest, AnEmptyFileHasNoChunk) {
  const DescribedFiles described = describe_files({file("routes.json", "")}, Path("/c"));
  EXPECT_TRUE(described.entries.at("routes.json").chunks.empty());
  EXPECT_EQ(described.entries.at("routes.json").bytes, 0);
}

}  // namespace
}  // namespace chorale::coordination
