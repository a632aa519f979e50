#include "coordination/cluster_reader.h"

#include <gtest/gtest.h>

#include "coordination/chunks.h"
#include "coordination/digest.h"
#include "coordination/memory_store.h"
#include "tests/contract/client.h"
#include "tests/fakes/fake_ensemble.h"
#include "tests/fakes/faulty_store.h"
#include "tests/harness/event_loop.h"

namespace chorale::coordination {
namespace {

class ClusterReaderTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(client.open());
    put(root, encode(RootDocument{"c-1"}));
    for (const auto* name : {"agents", "revisions", "chunks"}) put(root.child(name), "");
  }

  void put(const Path& path, std::string data) {
    ASSERT_TRUE(client.run(CreateNode{path, std::move(data), NodeKind::kPersistent})) << path.text();
  }
  void put_agent(const std::string& id) {
    AgentDocument agent;
    agent.id = id;
    put(root.child("agents").child(id), encode(agent));
  }
  // Publishes one file as revision 1.1; returns its identity.
  Identity publish(const std::string& text) {
    const PublishedFile file{"nginx.conf", std::make_shared<const std::string>(text), {}};
    Manifest manifest;
    FileEntry& entry = manifest.files["nginx.conf"];
    entry.digest = sha256_hex(text);
    entry.bytes = static_cast<std::int64_t>(text.size());
    for (const auto& chunk : cut_chunks(file)) {
      const Path path = root.child("chunks").child(chunk.digest);
      put(path, std::string(chunk.text));
      entry.chunks.push_back({path.text(), static_cast<std::int64_t>(chunk.text.size()), ""});
    }
    manifest.header.identity = {Epoch{1}, Revision{1}, manifest_digest(manifest.files)};
    put(root.child("revisions").child("000001.0000000001"), encode(manifest));
    last_entry = entry;
    return manifest.header.identity;
  }

  tl::expected<ClusterSnapshot, Error> read() {
    std::optional<tl::expected<ClusterSnapshot, Error>> found;
    read_cluster(*faulty, root, [&](auto result) { found = std::move(result); });
    EXPECT_TRUE(loop.run_until([&] { return found.has_value(); }));
    loop.run_ready();
    return *found;
  }
  tl::expected<std::string, Error> read(const Identity& identity, const std::string& name = "nginx.conf") {
    std::optional<tl::expected<std::string, Error>> found;
    int calls = 0;
    read_file(*faulty, root, identity, name, [&](auto result) {
      ++calls;
      found = std::move(result);
    });
    EXPECT_TRUE(loop.run_until([&] { return found.has_value(); }));
    loop.run_ready();
    EXPECT_EQ(calls, 1);
    return *found;
  }
  static std::string big_text() {
    std::string text;
    for (int i = 0; i < 20'000; ++i) text += "line " + std::to_string(i * 7919) + "\n";
    return text;
  }

  const Path root{"/chorale"};
  FileEntry last_entry;
  testing::EventLoop loop;
  std::shared_ptr<FakeEnsemble> ensemble = std::make_shared<FakeEnsemble>();
  FaultyStore* faulty = new FaultyStore(make_memory_store(ensemble, loop.poster()), loop.poster());  // owned by client
  Client client{loop, std::unique_ptr<Store>(faulty)};
};

TEST_F(ClusterReaderTest, ReadsStateAndAgentsInOrder) {
  StateDocument state;
  state.leader = "proxy-2";
  put(root.child("state"), encode(state));
  for (int i = 30; i > 0; --i) put_agent("proxy-" + std::to_string(i));
  put(root.child("agents").child("broken"), "{");
  const auto snapshot = read();
  ASSERT_TRUE(snapshot) << snapshot.error().message;
  EXPECT_EQ(snapshot->root.cluster_id, "c-1");
  EXPECT_EQ(snapshot->state, state);
  ASSERT_EQ(snapshot->agents.size(), 30U);
  EXPECT_TRUE(std::is_sorted(snapshot->agents.begin(), snapshot->agents.end(),
                             [](const auto& a, const auto& b) { return a.id < b.id; }));
  EXPECT_EQ(snapshot->unreadable, std::vector<std::string>{"broken: agent is not JSON"});
  const auto text = encode(*snapshot);
  EXPECT_NE(text.find("\"leader\": \"proxy-2\""), std::string::npos);
  EXPECT_NE(text.find("\"id\": \"proxy-30\""), std::string::npos);
}

TEST_F(ClusterReaderTest, NoAgentsIsAnAnswer) {
  put(root.child("state"), encode(StateDocument{}));
  const auto snapshot = read();
  ASSERT_TRUE(snapshot);
  EXPECT_TRUE(snapshot->agents.empty());
}

TEST_F(ClusterReaderTest, MissingOrUnreadableStateIsAnError) {
  EXPECT_EQ(read().error().kind, ErrorKind::kNoNode);
  put(root.child("state"), "{}");
  EXPECT_EQ(read().error().kind, ErrorKind::kMalformed);
}

TEST_F(ClusterReaderTest, AgentThatHasJustEndedIsLeftOut) {
  put(root.child("state"), encode(StateDocument{}));
  put_agent("proxy-1");
  put_agent("proxy-2");
  faulty->inject({.error = {ErrorKind::kNoNode, "gone"}, .matches = [](const Operation& operation) {
                    const auto* read = std::get_if<ReadNode>(&operation);
                    return read != nullptr && read->path.name() == "proxy-1";
                  }});
  const auto snapshot = read();
  ASSERT_TRUE(snapshot);
  ASSERT_EQ(snapshot->agents.size(), 1U);
  EXPECT_EQ(snapshot->agents.front().id, "proxy-2");
  EXPECT_TRUE(snapshot->unreadable.empty());
}

TEST_F(ClusterReaderTest, ConnectionLossAnywhereIsTheAnswer) {
  put(root.child("state"), encode(StateDocument{}));
  for (int i = 0; i < 20; ++i) put_agent("proxy-" + std::to_string(i));
  put(root.child("members"), "");
  for (const auto* id : {"a", "b"}) put(root.child("members").child(id), encode(MemberDocument{}));
  for (std::uint64_t skip = 0; skip < 26; ++skip) {
    faulty->inject({.skip = skip});
    const auto snapshot = read();
    ASSERT_FALSE(snapshot) << skip;
    EXPECT_EQ(snapshot.error().kind, ErrorKind::kConnectionLoss);
    faulty->heal();
  }
  EXPECT_TRUE(read());
}

TEST_F(ClusterReaderTest, MembersAreShownWithOrWithoutAnAgent) {
  put(root.child("state"), encode(StateDocument{}));
  EXPECT_TRUE(read()->members.empty()) << "a tree of an older version has none";
  put_agent("b");
  put(root.child("agents").child("d"), "{");
  put(root.child("members"), "");
  put(root.child("members").child("c"), encode(MemberDocument{"host-c", "2026"}));
  for (const auto* id : {"b", "d"}) put(root.child("members").child(id), encode(MemberDocument{}));
  put(root.child("members").child("a"), "{");
  const auto snapshot = read();
  ASSERT_TRUE(snapshot) << snapshot.error().message;
  ASSERT_EQ(snapshot->members.size(), 4U);
  const auto missing = missing_members(*snapshot);
  ASSERT_EQ(missing.size(), 2U);
  EXPECT_EQ(missing[0].id, "a");
  EXPECT_EQ(missing[1].id, "c");
  EXPECT_EQ(missing[1].document, (MemberDocument{"host-c", "2026"}));
  EXPECT_NE(encode(*snapshot).find("\"id\": \"c\",\n      \"host\": \"host-c\",\n      \"since\": \"2026\""),
            std::string::npos)
      << encode(*snapshot);
}

TEST_F(ClusterReaderTest, CommittedPolicyComesFromAnAgentOrFromTheManifest) {
  const PolicyValues policy{{"realm", "prod"}};
  Manifest manifest;
  manifest.policy = policy;
  manifest.header.identity = {Epoch{1}, Revision{1}, manifest_digest({})};
  StateDocument state;
  state.committed = manifest.header;
  state.committed->policy = policy_digest(policy);
  put(root.child("state"), encode(state));
  EXPECT_TRUE(read()->committed_policy.empty()) << "without its manifest it is unknown";
  put(root.child("revisions").child("000001.0000000001"), encode(manifest));
  const auto snapshot = read();
  EXPECT_EQ(snapshot->committed_policy, policy);
  EXPECT_EQ(pool_policy(*snapshot), policy);
  EXPECT_NE(encode(*snapshot).find("\"realm\": \"prod\""), std::string::npos);

  AgentDocument agent;
  agent.id = "a";
  agent.policy = {{"realm", "prdo"}};
  put(root.child("agents").child("a"), encode(agent));
  EXPECT_EQ(pool_policy(*read()), policy) << "it is no member";
  put(root.child("members"), "");
  put(root.child("members").child("a"), encode(MemberDocument{}));
  EXPECT_EQ(pool_policy(*read()), agent.policy);

  ASSERT_TRUE(client.run(DeleteNode{root.child("revisions").child("000001.0000000001"), kAnyVersion}));
  AgentDocument other = agent;
  other.id = "b";
  other.policy = policy;
  put(root.child("agents").child("b"), encode(other));
  EXPECT_EQ(read()->committed_policy, policy);
}

TEST_F(ClusterReaderTest, QuarantinedAppsComeFromTheManifestOfWhatIsCommitted) {
  Manifest manifest;
  manifest.header.identity = {Epoch{1}, Revision{1}, manifest_digest({})};
  manifest.quarantined = {{"/bad", "[emerg] no", "d", "noon"}, {"/worse", "[emerg] never", "e"}};
  StateDocument state;
  state.committed = manifest.header;
  put(root.child("state"), encode(state));
  put(root.child("revisions").child("000001.0000000001"), encode(manifest));
  EXPECT_TRUE(read()->quarantined.empty()) << "the state says that there are none";

  state.committed->quarantined = 2;
  ASSERT_TRUE(client.run(WriteNode{root.child("state"), encode(state), kAnyVersion}));
  const auto snapshot = read();
  EXPECT_EQ(snapshot->quarantined, manifest.quarantined);
  EXPECT_NE(encode(*snapshot).find("\"app\": \"/worse\""), std::string::npos);

  state.committed->identity.digest = std::string(64, 'f');
  ASSERT_TRUE(client.run(WriteNode{root.child("state"), encode(state), kAnyVersion}));
  EXPECT_TRUE(read()->quarantined.empty()) << "another revision's";
}

TEST_F(ClusterReaderTest, FilesOfWhatIsCommittedAndThePushedTemplateAreShown) {
  StateDocument state;
  state.committed.emplace().identity = publish("conf\n");
  put(root.child("state"), encode(state));
  auto snapshot = read();
  EXPECT_EQ(snapshot->committed_files, (std::map<std::string, std::string>{{"nginx.conf", sha256_hex("conf\n")}}));
  EXPECT_FALSE(snapshot->pushed_template);
  EXPECT_NE(encode(*snapshot).find("\"pushed_template\": null"), std::string::npos);

  TemplateDocument document{
      {{"d-1", 1, {}}, "jo", "now"}, {}, {{{"d-0", 1, {}}, "al", "then"}, {{"d", 1, {}}, "", ""}}};
  put(root.child("template"), encode(document));
  snapshot = read();
  EXPECT_EQ(snapshot->pushed_template, document);
  EXPECT_EQ(encode(*snapshot).find("d-0"), std::string::npos) << "what is not in force is left out";
  document.on = {"a"};
  ASSERT_TRUE(client.run(WriteNode{root.child("template"), encode(document), kAnyVersion}));
  EXPECT_NE(encode(*read()).find("d-0"), std::string::npos);
  ASSERT_TRUE(client.run(WriteNode{root.child("template"), "{", kAnyVersion}));
  snapshot = read();
  EXPECT_EQ(snapshot->unreadable, std::vector<std::string>{"the pushed template: template is not JSON"});
  EXPECT_FALSE(snapshot->pushed_template);

  state.committed->identity.digest = std::string(64, 'f');
  ASSERT_TRUE(client.run(WriteNode{root.child("state"), encode(state), kAnyVersion}));
  EXPECT_TRUE(read()->committed_files.empty()) << "another revision's";
}

TEST_F(ClusterReaderTest, FileComesBackFromItsChunks) {
  const auto text = big_text();
  const auto identity = publish(text);
  ASSERT_GT(last_entry.chunks.size(), 8U);
  const auto found = read(identity);
  ASSERT_TRUE(found) << found.error().message;
  EXPECT_TRUE(*found == text);
  EXPECT_EQ(read(identity, "routes.json").error().kind, ErrorKind::kMalformed);
}

TEST_F(ClusterReaderTest, AlteredChunkIsRefused) {
  const auto identity = publish(big_text());
  const Path chunk(last_entry.chunks[3].path);
  ASSERT_TRUE(client.run(
      WriteNode{chunk, std::string(static_cast<std::size_t>(last_entry.chunks[3].bytes), 'x'), kAnyVersion}));
  auto found = read(identity);
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().kind, ErrorKind::kMalformed);
  EXPECT_NE(found.error().message.find(chunk.text()), std::string::npos);

  ASSERT_TRUE(client.run(DeleteNode{chunk, kAnyVersion}));
  found = read(identity);
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().kind, ErrorKind::kNoNode);
}

TEST_F(ClusterReaderTest, AnotherManifestUnderTheSameNameIsRefused) {
  auto identity = publish("text\n");
  identity.digest = sha256_hex("something else");
  EXPECT_EQ(read(identity).error().kind, ErrorKind::kMalformed);
}

TEST_F(ClusterReaderTest, StoreClosedMeanwhileEndsTheRead) {
  const auto identity = publish(big_text());
  std::optional<tl::expected<std::string, Error>> found;
  read_file(*faulty, root, identity, "nginx.conf", [&](auto result) { found = std::move(result); });
  faulty->close();
  ASSERT_TRUE(loop.run_until([&] { return found.has_value(); }));
  EXPECT_EQ(found->error().kind, ErrorKind::kClosing);
}

}  // namespace
}  // namespace chorale::coordination
