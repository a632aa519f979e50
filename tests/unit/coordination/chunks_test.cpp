#include "coordination/chunks.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <random>
#include <set>

#include "coordination/digest.h"

namespace chorale::coordination {
namespace {

using Apps = std::map<std::string, int>;  // id -> number of servers

Apps make_apps(int count, unsigned seed) {
  std::mt19937 random(seed);
  Apps apps;
  while (std::ssize(apps) < count) {
    apps["/group-" + std::to_string(random() % 50) + "/app-" + std::to_string(random())] =
        1 + static_cast<int>(random() % 6);
  }
  return apps;
}

// Shaped like a rendered config: a head, a block per app, then a location per app.
PublishedFile make_file(const Apps& apps) {
  PublishedFile file{"nginx.conf", nullptr, {}};
  std::string text = "# head\nhttp {\n";
  for (const auto& [id, servers] : apps) {
    file.sections.push_back({text.size(), id});
    text += "  upstream " + id + " {\n";
    for (int i = 0; i < servers; ++i) text += "    server 10.0.0." + std::to_string(i) + ":31000 max_fails=0;\n";
    text += "  }\n";
  }
  for (const auto& [id, servers] : apps) {
    file.sections.push_back({text.size(), id});
    text += "  location " + id + "/ {\n    proxy_pass http://" + id + "/;\n    proxy_set_header Host $host;\n  }\n";
  }
  text += "}\n";
  file.text = std::make_shared<const std::string>(std::move(text));
  return file;
}

PublishedFile without_sections(std::string text) {
  return {"template", std::make_shared<const std::string>(std::move(text)), {}};
}

void expect_whole(const PublishedFile& file, const std::vector<Chunk>& chunks) {
  std::string joined;
  for (const auto& chunk : chunks) {
    EXPECT_FALSE(chunk.text.empty());
    EXPECT_LE(chunk.text.size(), kChunkMaxBytes);
    EXPECT_EQ(chunk.digest, sha256_hex(chunk.text).substr(0, 32));
    joined += chunk.text;
  }
  EXPECT_TRUE(joined == *file.text) << file.name << ": the chunks do not make the file";
}

std::set<std::string> digests(const PublishedFile& file) {
  std::set<std::string> found;
  for (const auto& chunk : cut_chunks(file)) found.insert(chunk.digest);
  return found;
}

std::ptrdiff_t new_chunks(const std::set<std::string>& before, const PublishedFile& file) {
  const auto after = digests(file);
  return std::count_if(after.begin(), after.end(), [&](const auto& digest) { return !before.contains(digest); });
}

// Numbers that look random, always the same.
std::string random_lines(std::size_t bytes, unsigned seed) {
  std::mt19937 random(seed);
  std::string text;
  while (text.size() < bytes) text += std::string(random() % 6, ' ') + "line " + std::to_string(random()) + ";\n";
  return text;
}

TEST(ChunksTest, EmptyFileHasNoChunks) { EXPECT_TRUE(cut_chunks(without_sections("")).empty()); }

TEST(ChunksTest, ChunksMakeTheFileAndStandAtLineStarts) {
  for (const int count : {1, 10, 1'000, 5'000}) {
    const auto file = make_file(make_apps(count, 1));
    const auto chunks = cut_chunks(file);
    expect_whole(file, chunks);
    for (const auto& chunk : chunks) EXPECT_EQ(chunk.text.back(), '\n');
  }
}

TEST(ChunksTest, ChunksAreAboutTheTargetInSize) {
  const auto file = make_file(make_apps(5'000, 2));
  const auto mean = file.text->size() / cut_chunks(file).size();
  EXPECT_GT(mean, kChunkTargetBytes / 2);
  EXPECT_LT(mean, kChunkTargetBytes * 2);
}

TEST(ChunksTest, ASmallFileIsFewChunks) { EXPECT_LE(cut_chunks(make_file(make_apps(20, 3))).size(), 4U); }

TEST(ChunksTest, FirstAppIsTheOneThatBeginsTheChunk) {
  const auto file = make_file(make_apps(1'000, 4));
  const auto chunks = cut_chunks(file);
  EXPECT_EQ(chunks.front().first_app, "");
  for (std::size_t i = 1; i < chunks.size(); ++i) {
    EXPECT_NE(chunks[i].text.substr(0, chunks[i].text.find('\n')).find(" " + chunks[i].first_app), std::string::npos);
  }
}

// Shaped like routes.json: one line per app.
PublishedFile make_routes(const Apps& apps) {
  PublishedFile file{"routes.json", nullptr, {}};
  std::string text = "{\"apps\":[\n";
  for (const auto& [id, servers] : apps) {
    file.sections.push_back({text.size(), id});
    text += "{\"id\":\"" + id + "\",\"servers\":[";
    for (int i = 0; i < servers; ++i) text += "{\"host\":\"10.0.0." + std::to_string(i) + "\",\"port\":31000},";
    text += "]},\n";
  }
  file.text = std::make_shared<const std::string>(text + "]}\n");
  return file;
}

// The promise that a change of one app costs a chunk or two for each of its sections, whatever the cluster's size.
// Every app would take too long here; all of them passed when this was written.
class ChunkStabilityTest : public ::testing::TestWithParam<unsigned> {
 protected:
  static constexpr std::size_t kEveryNth = 25;

  void check(PublishedFile (*make)(const Apps&), std::ptrdiff_t sections_per_app) {
    const auto apps = make_apps(1'000, GetParam());
    const auto all = digests(make(apps));
    std::size_t number = 0;
    for (const auto& [id, servers] : apps) {
      if (++number % kEveryNth != 0) continue;
      auto changed = apps;
      changed[id] = servers + 1;
      EXPECT_LE(new_chunks(all, make(changed)), 2 * sections_per_app) << "edited " << id;
      changed.erase(id);
      const auto fewer = make(changed);
      EXPECT_LE(new_chunks(all, fewer), 2 * sections_per_app) << "removed " << id;
      EXPECT_LE(new_chunks(digests(fewer), make(apps)), 2 * sections_per_app) << "inserted " << id;
    }
  }
};

TEST_P(ChunkStabilityTest, ChangeOfOneAppInTheRoutesRewritesAtMostTwoChunks) { check(make_routes, 1); }

TEST_P(ChunkStabilityTest, ChangeOfOneAppInTheConfigRewritesAtMostTwoChunksForEachSection) { check(make_file, 2); }

INSTANTIATE_TEST_SUITE_P(Seeds, ChunkStabilityTest, ::testing::Values(11U, 12U, 13U));

TEST(ChunksTest, EditOfALineRewritesAtMostTwoChunks) {
  const std::string text = random_lines(400'000, 5);
  const auto before = digests(without_sections(text));
  EXPECT_GT(before.size(), 10U);
  std::mt19937 random(6);
  for (int i = 0; i < 100; ++i) {
    auto edited = text;
    const auto at = edited.find('\n', random() % (text.size() - 100)) + 1;
    edited.insert(at, i % 2 == 0 ? "a new line;\n" : "x");
    ASSERT_LE(new_chunks(before, without_sections(edited)), 2) << at;
  }
}

TEST(ChunksTest, EqualLinesAreNotAChunkEach) {
  std::string text;
  while (text.size() < 300'000) text += "}\n";
  const auto file = without_sections(text);
  const auto chunks = cut_chunks(file);
  expect_whole(file, chunks);
  EXPECT_LT(chunks.size(), 300'000U / 2'000);
}

TEST(ChunksTest, AHugeAppIsCutAtItsLines) {
  auto apps = make_apps(100, 7);
  apps.begin()->second = 10'000;
  const auto file = make_file(apps);
  const auto chunks = cut_chunks(file);
  expect_whole(file, chunks);
  for (const auto& chunk : chunks) EXPECT_EQ(chunk.text.back(), '\n');
  // It is asked for by the app that it belongs to.
  EXPECT_GT(std::count_if(chunks.begin(), chunks.end(),
                          [&](const auto& chunk) { return chunk.first_app == apps.begin()->first; }),
            5);
}

TEST(ChunksTest, AHugeLineIsCutInside) {
  const auto file = without_sections("short\n" + std::string(200'000, 'x') + "\nshort\n");
  expect_whole(file, cut_chunks(file));
  PublishedFile sectioned = without_sections(std::string(200'000, 'x'));
  sectioned.sections = {{0, "/app"}};
  const auto chunks = cut_chunks(sectioned);
  expect_whole(sectioned, chunks);
  for (const auto& chunk : chunks) EXPECT_EQ(chunk.first_app, "/app");
}

TEST(ChunksTest, RandomFilesAlwaysComeBackWhole) {
  std::mt19937 random(8);
  for (int round = 0; round < 40; ++round) {
    auto file = without_sections(random_lines(random() % 150'000, static_cast<unsigned>(random())));
    std::size_t at = 0;
    while (round % 2 == 0 && at < file.text->size()) {
      file.sections.push_back({at, "/app-" + std::to_string(random() % 30)});
      at = file.text->find('\n', at + random() % 5'000);
      if (at == std::string::npos) break;
      ++at;
    }
    expect_whole(file, cut_chunks(file));
  }
}

}  // namespace
}  // namespace chorale::coordination
