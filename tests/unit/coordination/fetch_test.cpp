// Getting a revision complete: lost reads, what is missing, what is wrong, and what is asked for again.
#include "coordination/fetch.h"

#include <gmock/gmock.h>

#include "pool.h"

namespace chorale::coordination {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

const std::string kName = "000001.0000000001";
const std::string kManifest = "/chorale/revisions/" + kName;

bool reads_chunk(const Operation& operation) {
  const auto* read = std::get_if<ReadNode>(&operation);
  return read != nullptr && read->path.text().starts_with("/chorale/chunks/");
}

std::ptrdiff_t chunk_reads(const TestAgent& agent) {
  return std::count_if(agent.sent.begin(), agent.sent.end(), reads_chunk);
}

// a leads and has committed revision 1.1; c comes later and has to fetch it. The leader heals nothing: it is frozen.
class FetchTest : public PoolTest {
 protected:
  FetchTest() {
    std::string text;
    for (int i = 0; text.size() < 100'000; ++i) text += "line " + std::to_string(i * 7919) + "\n";
    StateOffered offered;
    offered.offer = 1;
    offered.content = described({{"nginx.conf", std::make_shared<const std::string>(std::move(text)), {}},
                                 {"routes.json", std::make_shared<const std::string>("routes\n"), {}}});
    a().step(offered);
    cluster_.settle();
    a().hold_replies(true);
    b().hold_replies(true);
  }
  TestAgent& start_c() {
    c_.start();
    cluster_.settle();
    return c_;
  }
  std::string chunk_path(std::size_t index) { return "/chorale/chunks/" + cluster_.list("/chorale/chunks").at(index); }
  Manifest manifest() { return decode_manifest(cluster_.read(kManifest).value()).value(); }

  TestAgent& c_ = cluster_.add("c");
};

TEST_F(FetchTest, EveryChunkIsReadOnce) {
  start_c();
  EXPECT_EQ(c_.applied, cluster_.state().committed->identity);
  EXPECT_EQ(chunk_reads(c_), std::ssize(cluster_.list("/chorale/chunks")));
  EXPECT_EQ(times_asked<ReadNode>(c_, kManifest), 1);
  EXPECT_EQ(c_.staged[0].files[0].text->size(), static_cast<std::size_t>(manifest().files.at("nginx.conf").bytes));
}

TEST_F(FetchTest, LostManifestIsReadAgainAfterAMoment) {
  c_.refuse = refusing<ReadNode>(kManifest, ErrorKind::kConnectionLoss, 1);
  start_c();
  expect_asked_after<ReadNode>(c_, kManifest, milliseconds(100));
  EXPECT_THAT(c_.staged, SizeIs(1));
  EXPECT_THAT(c_.view->missing, IsEmpty());
}

TEST_F(FetchTest, LostChunkIsReadAgainAloneAfterAMoment) {
  c_.refuse = refusing<ReadNode>(chunk_path(1), ErrorKind::kConnectionLoss, 1);
  start_c();
  EXPECT_THAT(c_.staged, IsEmpty());
  expect_asked_after<ReadNode>(c_, chunk_path(1), milliseconds(100));
  EXPECT_EQ(chunk_reads(c_), 1);
  EXPECT_THAT(c_.staged, SizeIs(1));
}

TEST_F(FetchTest, MissingIsNamedOnlyAfterTheStateWasReadAgain) {
  const std::string path = chunk_path(1);
  const std::string name(Path(path).name());
  const std::string text = cluster_.read(path).value();
  remove(path);
  start_c();
  EXPECT_EQ(times_asked<ReadNode>(c_, kState), 2);
  EXPECT_THAT(c_.view->missing, ElementsAre(name));
  EXPECT_THAT(c_.notes, Contains("cannot fetch revision 1: chunk " + name + ": read " + path + ": no node"));
  c_.sent.clear();
  cluster_.advance(milliseconds(400));
  EXPECT_EQ(chunk_reads(c_), 0);
  cluster_.advance(milliseconds(100));
  EXPECT_EQ(chunk_reads(c_), 1) << "what arrived is kept";
  EXPECT_EQ(times_asked<ReadNode>(c_, kManifest), 1);
  cluster_.advance(seconds(5));
  EXPECT_EQ(std::count_if(c_.notes.begin(), c_.notes.end(),
                          [](const std::string& note) { return note.starts_with("cannot fetch"); }),
            1);
  create(path, text);
  cluster_.advance(milliseconds(500));
  EXPECT_THAT(c_.staged, SizeIs(1));
  EXPECT_THAT(c_.view->missing, IsEmpty());
}

TEST_F(FetchTest, WrongManifestsAreNamedWithTheReason) {
  Manifest other_revision = manifest();
  other_revision.header.identity.revision = Revision{2};
  Manifest other_files = manifest();
  other_files.files.at("nginx.conf").digest = std::string(64, 'f');
  const std::pair<std::string, std::string> cases[] = {
      {"{", "manifest is not JSON"},
      {encode(other_revision), "it names another revision than the state does"},
      {encode(other_files), "its files do not have the digest that it names"}};
  for (const auto& [text, why] : cases) {
    write(kManifest, text);
    TestAgent& agent = cluster_.add("agent-" + std::to_string(cluster_.agents.size()));
    agent.start();
    cluster_.settle();
    EXPECT_THAT(agent.view->missing, ElementsAre(kName));
    EXPECT_THAT(agent.notes, Contains("cannot fetch revision 1: manifest " + kName + ": " + why));
    EXPECT_THAT(agent.staged, IsEmpty());
  }
}

TEST_F(FetchTest, MissingManifestIsNamed) {
  remove(kManifest);
  start_c();
  EXPECT_THAT(c_.view->missing, ElementsAre(kName));
  EXPECT_THAT(c_.notes, Contains(HasSubstr("manifest " + kName + ": read " + kManifest + ": no node")));
  expect_asked_after<ReadNode>(c_, kManifest, milliseconds(500));
}

TEST_F(FetchTest, ChunksOfAnotherSizeDoNotAddUp) {
  Manifest odd = manifest();
  odd.files.at("nginx.conf").chunks[0].bytes += 1;
  write(kManifest, encode(odd));
  start_c();
  EXPECT_THAT(c_.view->missing, ElementsAre(kName));
  EXPECT_THAT(c_.notes, Contains(HasSubstr("the chunks of nginx.conf do not add up to its digest")));
  EXPECT_THAT(c_.staged, IsEmpty());
}

TEST_F(FetchTest, ChunksInAnotherOrderDoNotAddUp) {
  Manifest odd = manifest();
  std::swap(odd.files.at("nginx.conf").chunks[0], odd.files.at("nginx.conf").chunks[1]);
  write(kManifest, encode(odd));
  start_c();
  EXPECT_THAT(c_.view->missing, ElementsAre(kName));
}

TEST_F(FetchTest, FirstOfSeveralReasonsIsGiven) {
  const std::string first = cluster_.list("/chorale/chunks").at(0);
  const std::string second = cluster_.list("/chorale/chunks").at(1);
  write("/chorale/chunks/" + first, "forged");
  remove("/chorale/chunks/" + second);
  start_c();
  EXPECT_THAT(c_.view->missing, ElementsAre(first, second));
  EXPECT_THAT(c_.notes, Contains("cannot fetch revision 1: chunk " + first + ": its text has another digest"));
}

TEST_F(FetchTest, ANewSessionFetchesAnew) {
  c_.refuse = refusing<ReadNode>(chunk_path(1), ErrorKind::kConnectionLoss, 1);
  start_c();
  cluster_.ensemble->expire(c_.session());
  cluster_.settle();
  c_.sent.clear();
  cluster_.advance(seconds(1));
  EXPECT_THAT(c_.staged, SizeIs(1));
  EXPECT_EQ(chunk_reads(c_), std::ssize(cluster_.list("/chorale/chunks")));
}

TEST_F(FetchTest, AtMostSixtyFourReadsAreUnderWay) {
  a().hold_replies(false);
  b().hold_replies(false);
  std::string text;
  for (int i = 0; text.size() < 2'000'000; ++i) text += "other " + std::to_string(i * 7919) + "\n";
  StateOffered offered;
  offered.offer = 2;
  offered.content = described({{"nginx.conf", std::make_shared<const std::string>(std::move(text)), {}}});
  a().step(offered);
  cluster_.settle();
  c_.lose_reply = [this](const Operation& operation) {
    if (reads_chunk(operation)) c_.hold_replies(true);
    return false;
  };
  start_c();
  EXPECT_EQ(chunk_reads(c_), 64);
  c_.lose_reply = nullptr;
  c_.hold_replies(false);
  cluster_.advance(seconds(1));
  EXPECT_EQ(c_.applied, cluster_.state().committed->identity);
}

}  // namespace
}  // namespace chorale::coordination
