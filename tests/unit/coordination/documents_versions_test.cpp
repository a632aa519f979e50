// Documents of other versions: what 0.1 wrote, byte for byte; and what a newer version may add.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "coordination/documents.h"
#include "tests/unit/coordination/document_samples.h"

namespace chorale::coordination {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::string_view kRoot01 = R"({
  "format": 1,
  "cluster_id": "c-1"
})";

constexpr std::string_view kState01 = R"({
  "format": 1,
  "cluster_id": "c-1",
  "epoch": 7,
  "term": "t-1",
  "leader": "proxy-2",
  "last_revision": 42,
  "committed": {
    "epoch": 7,
    "revision": 41,
    "digest": "9b7505abe09ff5626a09e2e89365402bfa68b5f8202ec9ab085b94f22f93ab22",
    "created_at": "2026-11-22T12:00:00.000Z",
    "cause": "status_update_event /web TASK_RUNNING",
    "apps": 20,
    "servers": 61,
    "quarantined": 1
  },
  "proposed": {
    "epoch": 7,
    "revision": 42,
    "digest": "9b7505abe09ff5626a09e2e89365402bfa68b5f8202ec9ab085b94f22f93ab22",
    "created_at": "2026-11-22T12:00:05.000Z",
    "cause": "deployment",
    "apps": 21,
    "servers": 62,
    "quarantined": 0
  },
  "held": {
    "revision": 41,
    "by": "jo",
    "reason": "Friday"
  }
})";

constexpr std::string_view kManifest01 = R"({
  "format": 1,
  "epoch": 7,
  "revision": 41,
  "digest": "9b7505abe09ff5626a09e2e89365402bfa68b5f8202ec9ab085b94f22f93ab22",
  "created_at": "2026-11-22T12:00:00.000Z",
  "cause": "status_update_event /web TASK_RUNNING",
  "apps": 20,
  "servers": 61,
  "parent": {
    "epoch": 6,
    "revision": 40,
    "digest": "9b7505abe09ff5626a09e2e89365402bfa68b5f8202ec9ab085b94f22f93ab22"
  },
  "quarantined": [
    {
      "app": "/bad",
      "reason": "the label x",
      "digest": "d-1"
    }
  ],
  "files": {
    "nginx.conf": {
      "digest": "0c326c4f02797b088fc566e64fbfe2162390f52f2fec1483ec3a413a7f11c910",
      "bytes": 30,
      "chunks": [
        ["/chorale/chunks/aa",10],
        ["/chorale/chunks/ab",20]
      ]
    },
    "routes.json": {
      "digest": "e22bc966d9352957f194caf4ede78c8db8526ed8f27b734b03ec2152d7b223d1",
      "bytes": 5,
      "chunks": [
        ["/chorale/chunks/ac",5,"/shop/cart"]
      ]
    }
  }
})";

constexpr std::string_view kAgent01 = R"({
  "id": "proxy-1",
  "instance": "i-1",
  "host": "host-1",
  "version": "0.1.0",
  "started_at": "2026-11-22T12:00:00.000Z",
  "admin": "10.0.0.1:8000",
  "role": "leader",
  "status": "down",
  "message": "nginx is not running",
  "vote": {
    "epoch": 7,
    "revision": 41,
    "digest": "9b7505abe09ff5626a09e2e89365402bfa68b5f8202ec9ab085b94f22f93ab22",
    "result": "nack",
    "error": "unknown directive"
  },
  "applied": {
    "epoch": 7,
    "revision": 41,
    "digest": "9b7505abe09ff5626a09e2e89365402bfa68b5f8202ec9ab085b94f22f93ab22",
    "at": "2026-11-22T12:00:01.000Z"
  },
  "template_digest": "t-1",
  "marathon_reachable": true,
  "sync_requests": 3,
  "missing": ["aa","bb"]
})";

StateDocument versioned_state() {
  StateDocument document = sample_state();
  document.proposed =
      RevisionHeader{{Epoch{7}, Revision{42}, kSampleDigest}, "2026-11-22T12:00:05.000Z", "deployment", 21, 62, 0};
  document.held = HoldDocument{Revision{41}, "jo", "Friday"};
  document.format = 1;
  return document;
}

Manifest versioned_manifest() {
  Manifest document = sample_manifest();
  document.quarantined[0].since.clear();
  document.format = 1;
  return document;
}

AgentDocument versioned_agent() {
  AgentDocument document = sample_agent();
  document.formats = {1};
  return document;
}

template <typename Document>
void expect_read(const tl::expected<Document, Error>& decoded, const Document& expected, std::string_view what) {
  ASSERT_TRUE(decoded) << what << ": " << decoded.error().message;
  EXPECT_EQ(*decoded, expected) << what;
}

// Every object in the document gets keys that no version knows.
void add_unknown_keys(Json& value, bool names = false) {
  if (!value.is_structured()) return;
  for (auto& [key, member] : value.items()) add_unknown_keys(member, value.is_object() && key == "files");
  if (!value.is_object() || names) return;  // the keys of "files" are names of files
  value["later"] = Json{{"x", Json::array({1, nullptr})}};
  value["much_later"] = "y";
}

std::string with_unknown_keys(std::string_view text) {
  Json json = Json::parse(text);
  add_unknown_keys(json);
  return json.dump();
}

// `at`: a JSON pointer to the object that loses its key.
std::string without(std::string_view text, const std::string& at, const std::string& key) {
  Json json = Json::parse(text);
  EXPECT_EQ(json[Json::json_pointer(at)].erase(key), 1U) << at << " " << key;
  return json.dump();
}

TEST(DocumentVersionsTest, WhatVersion01WroteIsRead) {
  EXPECT_EQ(decode_root(kRoot01)->cluster_id, "c-1");
  expect_read(decode_state(kState01), versioned_state(), "state");
  expect_read(decode_manifest(kManifest01), versioned_manifest(), "manifest");
  expect_read(decode_agent(kAgent01), versioned_agent(), "agent");
}

// An agent of 0.1 demands these keys: they go on being written as they were.
TEST(DocumentVersionsTest, WhatVersion01ReadsIsStillWritten) {
  EXPECT_EQ(encode(RootDocument{"c-1"}), kRoot01);
  EXPECT_EQ(Json::parse(encode(versioned_state())), Json::parse(kState01));
  EXPECT_EQ(Json::parse(encode(versioned_manifest())), Json::parse(kManifest01));
  const Json written = Json::parse(encode(versioned_agent()));
  const Json wanted = Json::parse(kAgent01);
  for (const auto& [key, value] : wanted.items()) EXPECT_EQ(written.at(key), value) << key;
  EXPECT_EQ(written.at("formats"), Json::array({1}));
}

TEST(DocumentVersionsTest, KeysOfANewerVersionAreIgnored) {
  EXPECT_EQ(decode_root(with_unknown_keys(kRoot01))->cluster_id, "c-1");
  expect_read(decode_state(with_unknown_keys(kState01)), versioned_state(), "state");
  expect_read(decode_manifest(with_unknown_keys(kManifest01)), versioned_manifest(), "manifest");
  expect_read(decode_agent(with_unknown_keys(kAgent01)), versioned_agent(), "agent");
  expect_read(decode_hold(R"({"revision":41,"until":1})"), HoldDocument{Revision{41}, "an operator", ""}, "hold");
}

TEST(DocumentVersionsTest, WhatANewerVersionAppendsToAChunkIsIgnored) {
  Json json = Json::parse(kManifest01);
  json["files"]["routes.json"]["chunks"][0].push_back(Json{{"z", 1}});
  expect_read(decode_manifest(json.dump()), versioned_manifest(), "chunk");
  json["files"]["routes.json"]["chunks"][0] = Json::array({"/chorale/chunks/ac", 5, 7});
  EXPECT_FALSE(decode_manifest(json.dump())) << "the first app is a text";
  json["files"]["routes.json"]["chunks"][0] = Json::array({"/chorale/chunks/ac"});
  EXPECT_FALSE(decode_manifest(json.dump()));
}

TEST(DocumentVersionsTest, AKeyOfTheStateThatAnOlderVersionDidNotWriteHasADefault) {
  const auto expect = [](const char* at, const char* key, auto change) {
    StateDocument expected = versioned_state();
    change(expected);
    expect_read(decode_state(without(kState01, at, key)), expected, std::string(at) + "/" + key);
  };
  expect("", "leader", [](StateDocument& s) { s.leader.clear(); });
  expect("", "proposed", [](StateDocument& s) { s.proposed.reset(); });
  expect("", "held", [](StateDocument& s) { s.held.reset(); });
  expect("/held", "by", [](StateDocument& s) { s.held->by.clear(); });
  expect("/held", "reason", [](StateDocument& s) { s.held->reason.clear(); });
  expect("/committed", "created_at", [](StateDocument& s) { s.committed->created_at.clear(); });
  expect("/committed", "cause", [](StateDocument& s) { s.committed->cause.clear(); });
  expect("/committed", "apps", [](StateDocument& s) { s.committed->apps = 0; });
  expect("/committed", "servers", [](StateDocument& s) { s.committed->servers = 0; });
  expect("/proposed", "quarantined", [](StateDocument& s) { s.proposed->quarantined = 0; });
}

TEST(DocumentVersionsTest, AKeyOfAManifestThatAnOlderVersionDidNotWriteHasADefault) {
  const auto expect = [](const char* at, const char* key, auto change) {
    Manifest expected = versioned_manifest();
    change(expected);
    expect_read(decode_manifest(without(kManifest01, at, key)), expected, std::string(at) + "/" + key);
  };
  expect("", "created_at", [](Manifest& m) { m.header.created_at.clear(); });
  expect("", "cause", [](Manifest& m) { m.header.cause.clear(); });
  expect("", "apps", [](Manifest& m) { m.header.apps = 0; });
  expect("", "servers", [](Manifest& m) { m.header.servers = 0; });
  expect("", "parent", [](Manifest& m) { m.parent.reset(); });
  expect("", "quarantined", [](Manifest& m) {
    m.quarantined.clear();
    m.header.quarantined = 0;
  });
  expect("/quarantined/0", "reason", [](Manifest& m) { m.quarantined[0].reason.clear(); });
  expect("/quarantined/0", "digest", [](Manifest& m) { m.quarantined[0].digest.clear(); });
}

TEST(DocumentVersionsTest, AKeyOfAnAgentThatAnOlderVersionDidNotWriteHasADefault) {
  const auto expect = [](const char* at, const char* key, auto change) {
    AgentDocument expected = versioned_agent();
    change(expected);
    expect_read(decode_agent(without(kAgent01, at, key)), expected, std::string(at) + "/" + key);
  };
  expect("", "host", [](AgentDocument& a) { a.host.clear(); });
  expect("", "version", [](AgentDocument& a) { a.version.clear(); });
  expect("", "started_at", [](AgentDocument& a) { a.started_at.clear(); });
  expect("", "admin", [](AgentDocument& a) { a.admin.clear(); });
  expect("", "role", [](AgentDocument& a) { a.role = Role::kFollower; });
  expect("", "status", [](AgentDocument& a) { a.condition = Condition::kDegraded; });
  expect("", "message", [](AgentDocument& a) { a.message.clear(); });
  expect("", "vote", [](AgentDocument& a) { a.vote.reset(); });
  expect("/vote", "error", [](AgentDocument& a) { a.vote->error.clear(); });
  expect("", "applied", [](AgentDocument& a) { a.applied.reset(); });
  expect("/applied", "at", [](AgentDocument& a) { a.applied->at.clear(); });
  expect("", "template_digest", [](AgentDocument& a) { a.template_digest.clear(); });
  expect("", "marathon_reachable", [](AgentDocument& a) { a.marathon_reachable = false; });
  expect("", "sync_requests", [](AgentDocument& a) { a.sync_requests = 0; });
  expect("", "missing", [](AgentDocument& a) { a.missing.clear(); });
}

TEST(DocumentVersionsTest, WhatSaysWhichThingItIsAboutHasNoDefault) {
  const auto expect_missing = [](const auto& decoded, const std::string& field) {
    ASSERT_FALSE(decoded) << field;
    EXPECT_EQ(decoded.error().kind, ErrorKind::kMalformed) << field;
    EXPECT_EQ(decoded.error().message.substr(0, field.size()), field);
  };
  for (const char* key : {"format", "cluster_id"}) {
    expect_missing(decode_root(without(kRoot01, "", key)), std::string("root.") + key);
  }
  for (const char* key : {"format", "cluster_id", "epoch", "term", "last_revision", "committed"}) {
    expect_missing(decode_state(without(kState01, "", key)), std::string("state.") + key + " is missing");
  }
  for (const char* key : {"format", "epoch", "revision", "digest", "files"}) {
    expect_missing(decode_manifest(without(kManifest01, "", key)), std::string("manifest.") + key + " is missing");
  }
  for (const char* key : {"digest", "bytes", "chunks"}) {
    expect_missing(decode_manifest(without(kManifest01, "/files/nginx.conf", key)),
                   std::string("manifest.files.nginx.conf.") + key + " is missing");
  }
  expect_missing(decode_manifest(without(kManifest01, "/quarantined/0", "app")), "manifest.quarantined[0].app");
  for (const char* key : {"id", "instance"}) {
    expect_missing(decode_agent(without(kAgent01, "", key)), std::string("agent.") + key + " is missing");
  }
  for (const char* key : {"epoch", "revision", "digest"}) {
    expect_missing(decode_state(without(kState01, "/committed", key)), std::string("state.committed.") + key);
    expect_missing(decode_state(without(kState01, "/proposed", key)), std::string("state.proposed.") + key);
    expect_missing(decode_manifest(without(kManifest01, "/parent", key)), std::string("manifest.parent.") + key);
    expect_missing(decode_agent(without(kAgent01, "/vote", key)), std::string("agent.vote.") + key);
    expect_missing(decode_agent(without(kAgent01, "/applied", key)), std::string("agent.applied.") + key);
  }
  expect_missing(decode_agent(without(kAgent01, "/vote", "result")), "agent.vote.result");
  expect_missing(decode_state(without(kState01, "/held", "revision")), "state.held.revision");
}

TEST(DocumentVersionsTest, AgentOfAVersionThatKnewNoObserversApplies) {
  const auto agent = decode_agent(kAgent01);
  ASSERT_TRUE(agent);
  EXPECT_TRUE(agent->applies);
  EXPECT_FALSE(agent->shadow);
}

TEST(DocumentVersionsTest, WhatTheLeaderAloneSaysComesBackAsItWas) {
  AgentDocument leading = versioned_agent();
  leading.late = {"proxy-2", "proxy-3"};
  leading.blocked = Blocked{"2026-11-22T12:00:00.000Z", "proxy-2: [emerg] no"};
  leading.tree = TreeSize{812, 3'456'789};
  expect_read(decode_agent(encode(leading)), leading, "agent");
  EXPECT_FALSE(decode_agent(without(encode(leading), "/blocked", "since")));
  leading.blocked->reason = std::string(2'000, 'x');
  EXPECT_EQ(decode_agent(encode(leading))->blocked->reason.size(), kMaxTextBytes);
  leading.blocked->reason.clear();
  expect_read(decode_agent(without(encode(leading), "/blocked", "reason")), leading, "reason");
}

TEST(DocumentVersionsTest, DrainedComesBackAsItWas) {
  AgentDocument agent = versioned_agent();
  EXPECT_FALSE(decode_agent(encode(agent))->drained);
  EXPECT_EQ(Json::parse(encode(agent)).at("drained"), nullptr);  // said, so that zkCli shows it
  EXPECT_FALSE(decode_agent(kAgent01)->drained);
  agent.drained = Drained{"jo", "a new kernel", "2026-11-22T12:00:00.000Z"};
  expect_read(decode_agent(encode(agent)), agent, "agent");
  EXPECT_FALSE(decode_agent(without(encode(agent), "/drained", "since")));
  agent.drained->reason = std::string(2'000, 'x');
  EXPECT_EQ(decode_agent(encode(agent))->drained->reason.size(), kMaxTextBytes);
  agent.drained->reason.clear();
  expect_read(decode_agent(without(encode(agent), "/drained", "reason")), agent, "reason");
  agent.drained->by.clear();
  expect_read(decode_agent(without(encode(agent), "/drained", "by")), agent, "by");
}

TEST(DocumentVersionsTest, AnotherTypeIsNoMissingKey) {
  for (const char* key : {"host",
                          "version",
                          "started_at",
                          "admin",
                          "role",
                          "status",
                          "message",
                          "vote",
                          "applied",
                          "template_digest",
                          "marathon_reachable",
                          "lead",
                          "apply",
                          "shadow",
                          "sync_requests",
                          "missing",
                          "formats",
                          "drained",
                          "late",
                          "blocked",
                          "held_back",
                          "tree"}) {
    Json json = Json::parse(kAgent01);
    json[key] = 1.5;
    EXPECT_FALSE(decode_agent(json.dump())) << key;
  }
}

TEST(DocumentVersionsTest, FormatsAreWholeNumbersAndAtLeastOne) {
  const auto decoded = [](const Json& formats) {
    Json json = Json::parse(kAgent01);
    json["formats"] = formats;
    return decode_agent(json.dump());
  };
  EXPECT_EQ(decoded({1, 2})->formats, (std::vector<std::int64_t>{1, 2}));
  EXPECT_EQ(decoded(Json::array()).error().message, "agent.formats is empty");
  EXPECT_EQ(decoded({"1"}).error().message, "agent.formats holds something else than whole numbers");
  EXPECT_FALSE(decoded({-1}));
  EXPECT_FALSE(decoded(nullptr));
}

TEST(DocumentVersionsTest, ANewerFormatIsAnErrorOfItsOwnKind) {
  const auto of_format = [](std::string_view text, int format) {
    Json json = Json::parse(text);
    json["format"] = format;
    return json.dump();
  };
  EXPECT_EQ(decode_root(of_format(kRoot01, 2)).error().kind, ErrorKind::kNewerFormat);
  EXPECT_EQ(decode_manifest(of_format(kManifest01, 2)).error().kind, ErrorKind::kNewerFormat);
  const auto newer = decode_state(of_format(kState01, 2));
  ASSERT_FALSE(newer);
  EXPECT_EQ(newer.error().kind, ErrorKind::kNewerFormat);
  EXPECT_EQ(newer.error().message,
            "state.format is 2, this version reads only up to 1: update this agent, or use another root");
  EXPECT_EQ(decode_state(of_format(kState01, 0)).error().kind, ErrorKind::kMalformed);
  EXPECT_EQ(decode_state(of_format(kState01, 2), 2)->format, 2) << "to an agent that reads it";
  EXPECT_EQ(decode_state(kState01, 2)->format, 1);
  EXPECT_EQ(encode(*decode_state(of_format(kState01, 2), 2)).substr(0, 16), "{\n  \"format\": 2,");
}

}  // namespace
}  // namespace chorale::coordination
