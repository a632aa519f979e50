#include "coordination/content_cache.h"

#include <gtest/gtest.h>

namespace chorale::coordination {
namespace {

Identity identity(std::int64_t revision) { return Identity{Epoch{1}, Revision{revision}, "d"}; }

// One file, cut into chunks of the given sizes; "<name>-<number>" is the digest of each, "<name>" that of the file.
Content content(std::int64_t revision, const std::string& name, const std::string& text,
                const std::vector<std::int64_t>& sizes) {
  Manifest manifest;
  manifest.header.identity = identity(revision);
  FileEntry& entry = manifest.files["nginx.conf"];
  entry.digest = name;
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    entry.chunks.push_back({"/chorale/chunks/" + name + "-" + std::to_string(i), sizes[i], ""});
  }
  return {std::make_shared<const Manifest>(std::move(manifest)),
          {{"nginx.conf", std::make_shared<const std::string>(text), {}}}};
}

TEST(ContentCacheTest, FindsManifestsFilesAndChunks) {
  ContentCache cache;
  cache.put(content(1, "a", "headtail", {4, 4}));
  ASSERT_NE(cache.manifest(identity(1)), nullptr);
  EXPECT_EQ(cache.manifest(identity(1))->header.identity, identity(1));
  ASSERT_NE(cache.file("a"), nullptr);
  EXPECT_EQ(*cache.file("a"), "headtail");
  EXPECT_EQ(cache.chunk("a-0"), "head");
  EXPECT_EQ(cache.chunk("a-1"), "tail");
  EXPECT_EQ(cache.manifest(identity(2)), nullptr);
  EXPECT_EQ(cache.file("b"), nullptr);
  EXPECT_FALSE(cache.chunk("a-2"));
}

TEST(ContentCacheTest, KeepsTheLastFour) {
  ContentCache cache;
  for (int i = 1; i <= 5; ++i) cache.put(content(i, std::string(1, static_cast<char>('a' + i)), "text", {4}));
  EXPECT_EQ(cache.manifest(identity(1)), nullptr);
  EXPECT_EQ(cache.file("b"), nullptr);
  EXPECT_FALSE(cache.chunk("b-0"));
  for (int i = 2; i <= 5; ++i) EXPECT_NE(cache.manifest(identity(i)), nullptr) << i;
  EXPECT_EQ(cache.chunk("c-0"), "text");
}

TEST(ContentCacheTest, TheSameRevisionAgainTakesOnePlace) {
  ContentCache cache;
  for (int i = 1; i <= 4; ++i) cache.put(content(i, "a", "text", {4}));
  cache.put(content(4, "b", "again", {5}));
  cache.put(content(4, "c", "again", {5}));
  EXPECT_NE(cache.manifest(identity(1)), nullptr);
  EXPECT_EQ(cache.file("b"), nullptr);
  EXPECT_NE(cache.file("c"), nullptr);
}

TEST(ContentCacheTest, ChunksThatDoNotFitTheTextAreLeftOut) {
  ContentCache cache;
  cache.put(content(1, "long", "text", {2, 3, 1}));
  EXPECT_EQ(cache.chunk("long-0"), "te");
  EXPECT_FALSE(cache.chunk("long-1"));
  EXPECT_FALSE(cache.chunk("long-2"));
  cache.put(content(2, "negative", "text", {2, -1, 2}));
  EXPECT_EQ(cache.chunk("negative-0"), "te");
  EXPECT_FALSE(cache.chunk("negative-1"));
  EXPECT_FALSE(cache.chunk("negative-2"));
}

TEST(ContentCacheTest, FileThatTheManifestDoesNotNameIsNotIndexed) {
  Content odd = content(1, "a", "text", {4});
  odd.files.insert(odd.files.begin(), {"other", std::make_shared<const std::string>("other"), {}});
  ContentCache cache;
  cache.put(odd);
  EXPECT_EQ(*cache.file("a"), "text");
}

}  // namespace
}  // namespace chorale::coordination
