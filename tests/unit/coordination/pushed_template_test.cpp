// A template that an operator pushed: what the leader is told of it, and that it is never collected.
#include "coordination/pushed_template.h"

#include <gmock/gmock.h>

#include "coordination/digest.h"
#include "pool.h"

namespace chorale::coordination {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

const std::string kTemplate = "/chorale/template";

TemplateVersion version_of(const std::string& text, const std::string& by = "jo") {
  const auto described =
      describe_files({{"template", std::make_shared<const std::string>(text), {}}}, Path("/chorale"));
  return {described.entries.at("template"), by, "noon", false};
}

class PushedTemplateTest : public PoolTest {
 protected:
  PushedTemplateTest() : PoolTest({"a", "b"}) {
    a().offer("zero");
    cluster_.settle();
  }
  // Its chunks, as `chorale template push` puts them.
  TemplateVersion store(const std::string& text) {
    const TemplateVersion version = version_of(text);
    std::size_t at = 0;
    for (const ChunkReference& chunk : version.file.chunks) {
      const auto bytes = static_cast<std::size_t>(chunk.bytes);
      create(chunk.path, text.substr(at, bytes));
      at += bytes;
    }
    return version;
  }
  static std::string text_of(const std::optional<PushedTemplate>& pushed) { return pushed ? *pushed->text : "none"; }
};

TEST_F(PushedTemplateTest, DocumentIsReadAsItWasWritten) {
  TemplateDocument document{version_of("one"), {"a", "b"}, {version_of("zero", "al"), version_of("older")}, "ed"};
  document.previous[0].from_file = true;
  EXPECT_EQ(*decode_template(encode(document)), document);
  const std::string bare = R"({"digest": "ab", "bytes": 1, "chunks": [["/chorale/chunks/ab", 1]], "later": 1})";
  ASSERT_TRUE(decode_template(bare));
  EXPECT_THAT(decode_template(bare)->on, IsEmpty());
  EXPECT_THAT(decode_template(bare)->previous, IsEmpty());
  EXPECT_EQ(decode_template(bare)->rolled_back_by, "");
  EXPECT_FALSE(decode_template(bare)->current.from_file);
  for (const char* wrong :
       {"", "{}", R"({"digest": "ab", "bytes": 1, "chunks": 1})", R"({"digest": "ab", "bytes": 2000000, "chunks": []})",
        R"({"digest": "ab", "bytes": 1, "chunks": [], "on": 1})",
        R"({"digest": "ab", "bytes": 1, "chunks": [], "previous": [{}]})"}) {
    EXPECT_FALSE(decode_template(wrong)) << wrong;
  }
  const auto of_size = [](std::size_t bytes) {
    return R"({"digest": "ab", "bytes": )" + std::to_string(bytes) + R"(, "chunks": [["/chorale/chunks/ab", 1]]})";
  };
  EXPECT_TRUE(decode_template(of_size(kMaxTemplateBytes)));
  EXPECT_FALSE(decode_template(of_size(kMaxTemplateBytes + 1)));
}

TEST_F(PushedTemplateTest, LeaderIsToldWhatIsPushedAndWhatBecomesOfIt) {
  ASSERT_THAT(a().gained, SizeIs(1));
  EXPECT_FALSE(a().gained[0].pushed.ruling);
  EXPECT_THAT(a().pushed, IsEmpty());

  create(kTemplate, encode(TemplateDocument{store("first {{realm}}\n"), {}, {}}));
  cluster_.advance(seconds(1));
  ASSERT_THAT(a().pushed, SizeIs(1));
  EXPECT_EQ(text_of(a().pushed[0].ruling), "first {{realm}}\n");
  EXPECT_EQ(a().pushed[0].ruling->by, "jo");
  EXPECT_EQ(a().pushed[0].ruling->at, "noon");
  EXPECT_EQ(a().pushed[0].by, "jo");
  EXPECT_FALSE(a().pushed[0].canary);
  EXPECT_FALSE(a().pushed[0].trouble);
  EXPECT_THAT(b().pushed, IsEmpty()) << "it does not lead";

  write(kTemplate, encode(TemplateDocument{store("second\n"), {"b"}, {version_of("first {{realm}}\n")}, "ed"}));
  cluster_.advance(seconds(1));
  ASSERT_THAT(a().pushed, SizeIs(2));
  EXPECT_EQ(text_of(a().pushed[1].ruling), "first {{realm}}\n");
  EXPECT_EQ(text_of(a().pushed[1].canary), "second\n");
  EXPECT_THAT(a().pushed[1].canaries, ElementsAre("b"));
  EXPECT_EQ(a().pushed[1].by, "ed");

  remove(kTemplate);
  cluster_.advance(seconds(1));
  ASSERT_THAT(a().pushed, SizeIs(3));
  EXPECT_FALSE(a().pushed[2].ruling || a().pushed[2].canary || a().pushed[2].trouble);
}

TEST_F(PushedTemplateTest, SameDocumentAgainIsNoNews) {
  const std::string document = encode(TemplateDocument{store("first\n"), {}, {}});
  create(kTemplate, document);
  cluster_.advance(seconds(1));
  write(kTemplate, document);
  cluster_.advance(minutes(5));  // and looking again finds nothing new
  EXPECT_THAT(a().pushed, SizeIs(1));
}

TEST_F(PushedTemplateTest, TrialWithoutAnythingBeforeLeavesTheLeadersFile) {
  create(kTemplate, encode(TemplateDocument{store("first\n"), {"b"}, {}}));
  cluster_.advance(seconds(1));
  ASSERT_THAT(a().pushed, SizeIs(1));
  EXPECT_FALSE(a().pushed[0].ruling);
  EXPECT_EQ(text_of(a().pushed[0].canary), "first\n");
}

// Before and after what was pushed over it.
TEST_F(PushedTemplateTest, WhatTheFileSaidLeavesTheWordToTheFile) {
  TemplateVersion before = store("of the file\n");
  before.from_file = true;
  create(kTemplate, encode(TemplateDocument{store("first\n"), {"b"}, {before}}));
  cluster_.advance(seconds(1));
  ASSERT_THAT(a().pushed, SizeIs(1));
  EXPECT_FALSE(a().pushed[0].ruling);
  EXPECT_EQ(text_of(a().pushed[0].canary), "first\n");
  write(kTemplate, encode(TemplateDocument{version_of("first\n"), {}, {before}}));
  cluster_.advance(seconds(1));
  ASSERT_THAT(a().pushed, SizeIs(2));
  EXPECT_EQ(text_of(a().pushed[1].ruling), "first\n");
  write(kTemplate, encode(TemplateDocument{before, {}, {version_of("first\n")}, "ed"}));
  cluster_.advance(seconds(1));
  ASSERT_THAT(a().pushed, SizeIs(3));
  EXPECT_FALSE(a().pushed[2].ruling || a().pushed[2].canary || a().pushed[2].trouble);
  EXPECT_EQ(a().pushed[2].by, "ed");
}

TEST_F(PushedTemplateTest, LargeTemplateIsReadWhole) {
  std::string text;
  for (int i = 0; text.size() < 300'000; ++i) text += "line " + std::to_string(i) + "\n";
  const TemplateVersion version = store(text);
  ASSERT_GT(version.file.chunks.size(), 3U);
  create(kTemplate, encode(TemplateDocument{version, {}, {}}));
  cluster_.advance(seconds(1));
  ASSERT_THAT(a().pushed, SizeIs(1));
  EXPECT_EQ(text_of(a().pushed[0].ruling), text);
}

TEST_F(PushedTemplateTest, WhatCannotBeReadIsSaidOnceAndFoundWholeLater) {
  create(kTemplate, "no document");
  cluster_.advance(seconds(20));
  ASSERT_THAT(a().pushed, SizeIs(1));
  EXPECT_THAT(a().pushed[0].trouble.value_or(""),
              HasSubstr("the pushed template cannot be read: template is not JSON"));

  const TemplateVersion version = version_of("first\n");
  write(kTemplate, encode(TemplateDocument{version, {}, {}}));
  cluster_.advance(seconds(20));
  ASSERT_THAT(a().pushed, SizeIs(2));
  EXPECT_THAT(a().pushed[1].trouble.value_or(""), HasSubstr("is not there"));

  create(version.file.chunks[0].path, "forged");
  cluster_.advance(seconds(20));
  ASSERT_THAT(a().pushed, SizeIs(3));
  EXPECT_THAT(a().pushed[2].trouble.value_or(""), HasSubstr("its text has another digest"));

  write(version.file.chunks[0].path, "first\n");
  cluster_.advance(seconds(20));
  ASSERT_THAT(a().pushed, SizeIs(4));
  EXPECT_FALSE(a().pushed[3].trouble);
  EXPECT_EQ(text_of(a().pushed[3].ruling), "first\n");
}

TEST_F(PushedTemplateTest, ChunksThatDoNotAddUpAreTrouble) {
  TemplateVersion version = store("first\n");
  version.file.digest = sha256_hex("another");
  create(kTemplate, encode(TemplateDocument{version, {}, {}}));
  cluster_.advance(seconds(1));
  ASSERT_THAT(a().pushed, SizeIs(1));
  EXPECT_THAT(a().pushed[0].trouble.value_or(""), HasSubstr("do not add up"));
}

// Its first offer must not be made with another template.
TEST_F(PushedTemplateTest, NextLeaderBeginsWithIt) {
  create(kTemplate, encode(TemplateDocument{store("first\n"), {}, {}}));
  cluster_.advance(seconds(1));
  b().lose_reply = [lost = 0](const Operation& operation) mutable {
    return asks<ReadNode>(operation, kTemplate) && lost++ == 0;
  };
  cluster_.kill_and_expire(a());
  ASSERT_TRUE(cluster_.wait([&] { return !b().gained.empty(); }));
  EXPECT_EQ(text_of(b().gained[0].pushed.ruling), "first\n");
  cluster_.advance(seconds(1));
  EXPECT_THAT(b().pushed, IsEmpty());
}

TEST_F(PushedTemplateTest, UnreadableDocumentHoldsNoLeadershipUp) {
  create(kTemplate, "no document");
  cluster_.kill_and_expire(a());
  ASSERT_TRUE(cluster_.wait([&] { return !b().gained.empty(); }));
  EXPECT_TRUE(b().gained[0].pushed.trouble);
}

// What it names stays, earlier versions as well: a rollback needs them.
TEST_F(PushedTemplateTest, NamedChunksAreNotCollected) {
  const TemplateVersion now = store("first\n");
  const TemplateVersion before = store("zero\n");
  const TemplateVersion unnamed = store("nobody's\n");
  create(kTemplate, encode(TemplateDocument{now, {}, {before}}));
  cluster_.advance(minutes(60));
  EXPECT_TRUE(cluster_.read(now.file.chunks[0].path));
  EXPECT_TRUE(cluster_.read(before.file.chunks[0].path));
  EXPECT_FALSE(cluster_.read(unnamed.file.chunks[0].path)) << "nothing was collected at all";
}

}  // namespace
}  // namespace chorale::coordination
