#include "coordination/documents.h"

#include <gtest/gtest.h>

#include "coordination/digest.h"
#include "tests/unit/coordination/document_samples.h"

namespace chorale::coordination {
namespace {

std::string replaced(std::string text, std::string_view from, std::string_view to) {
  const auto at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return at == std::string::npos ? text : text.replace(at, from.size(), to);
}

TEST(DocumentsTest, StateIsWrittenForPeople) {
  EXPECT_EQ(encode(sample_state()), R"({
  "format": 1,
  "cluster_id": "c-1",
  "epoch": 7,
  "term": "t-1",
  "leader": "proxy-2",
  "last_revision": 42,
  "committed": {
    "epoch": 7,
    "revision": 41,
    "digest": ")" + kSampleDigest + R"(",
    "created_at": "2026-11-22T12:00:00.000Z",
    "cause": "status_update_event /web TASK_RUNNING",
    "apps": 20,
    "servers": 61,
    "quarantined": 1
  },
  "proposed": null,
  "held": null
})");
}

TEST(DocumentsTest, ManifestShowsOneChunkALine) {
  const auto text = encode(sample_manifest());
  EXPECT_NE(text.find("\n        [\"/chorale/chunks/aa\",10],\n        [\"/chorale/chunks/ab\",20]\n"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find("[\"/chorale/chunks/ac\",5,\"/shop/cart\"]"), std::string::npos) << text;
}

TEST(DocumentsTest, EveryDocumentComesBackAsItWas) {
  EXPECT_EQ(decode_root(encode(RootDocument{"c-1"}))->cluster_id, "c-1");
  EXPECT_EQ(*decode_manifest(encode(sample_manifest())), sample_manifest());
  EXPECT_EQ(encode(sample_manifest()).find("event_at"), std::string::npos) << "there was none";
  Manifest after_event = sample_manifest();
  after_event.event_at = "2026-11-22T11:59:59.860Z";
  EXPECT_NE(encode(after_event).find("\"event_at\": \"2026-11-22T11:59:59.860Z\""), std::string::npos);
  EXPECT_EQ(*decode_manifest(encode(after_event)), after_event);
  EXPECT_EQ(*decode_agent(encode(sample_agent())), sample_agent());
  auto full = sample_state();
  EXPECT_EQ(*decode_state(encode(full)), full);
  full.proposed = sample_header();
  full.held = HoldDocument{Revision{41}, "jo", "Friday", Epoch{5}, std::string(64, 'b'), "2026", "not kept"};
  EXPECT_EQ(*decode_state(encode(full)), full);
  EXPECT_EQ(*decode_state(encode(StateDocument{})), StateDocument{});
  EXPECT_EQ(*decode_member(encode(MemberDocument{"host-1", "2026"})), (MemberDocument{"host-1", "2026"}));
  EXPECT_EQ(*decode_accept(encode(AcceptDocument{"policy", "jo"})), (AcceptDocument{"policy", "jo"}));
  EXPECT_EQ(*decode_accept("policy"), (AcceptDocument{"policy", "an operator"}));
  EXPECT_EQ(*decode_accept("0123456789ab"), (AcceptDocument{"0123456789ab", "an operator"}));
  for (const char* word : {"", "0123456789a", "0123456789abc", "0123456789aB", "0123456789ag", "polic"}) {
    EXPECT_FALSE(decode_accept(word)) << word;
  }
}

TEST(DocumentsTest, HeldLossComesBackAsItWas) {
  auto leading = sample_agent();
  leading.held_back = HeldLoss{"0123456789ab", "lists 0 of 1 apps"};
  EXPECT_EQ(*decode_agent(encode(leading)), leading);
  EXPECT_FALSE(decode_agent(replaced(encode(leading), "\"digest\": \"0123456789ab\"", "\"other\": 1")));
  EXPECT_EQ(decode_agent(replaced(encode(leading), "\"reason\": \"lists", "\"other\": \"lists"))->held_back->reason,
            "");
  leading.held_back->reason = std::string(2'000, 'x');
  EXPECT_EQ(decode_agent(encode(leading))->held_back->reason.size(), kMaxTextBytes);
}

TEST(DocumentsTest, PolicyIsADigestInTheStateAndItsValuesElsewhere) {
  const PolicyValues policy{{"marathon", "framework-1"}, {"realm", "prod"}};
  auto full = sample_state();
  full.committed->policy = policy_digest(policy);
  EXPECT_EQ(*decode_state(encode(full)), full);
  EXPECT_NE(encode(full).find("\"policy\": \"" + policy_digest(policy) + "\""), std::string::npos);
  auto published = sample_manifest();
  published.policy = policy;
  published.header.policy = policy_digest(policy);
  EXPECT_EQ(*decode_manifest(encode(published)), published);
  auto announcing = sample_agent();
  announcing.policy = policy;
  EXPECT_EQ(*decode_agent(encode(announcing)), announcing);
  EXPECT_NE(encode(announcing).find("\"digest\": \"" + policy_digest(policy) + "\""), std::string::npos);
  EXPECT_NE(encode(announcing).find("\"realm\": \"prod\""), std::string::npos);
}

TEST(DocumentsTest, PolicyThatIsNoTextsIsMalformed) {
  const auto broken = [](std::string text, std::string_view from, std::string_view to) {
    return replaced(std::move(text), from, to);
  };
  auto announcing = sample_agent();
  announcing.policy = {{"realm", "prod"}};
  EXPECT_EQ(decode_agent(broken(encode(announcing), "\"prod\"", "7")).error().message,
            "agent.policy.values holds something else than texts");
  EXPECT_FALSE(decode_agent(broken(encode(sample_agent()), "\"policy\": null", "\"policy\": 7")));
  EXPECT_FALSE(decode_accept("{}"));
  EXPECT_EQ(*decode_member("{}"), MemberDocument{});
}

TEST(DocumentsTest, NullIsNothing) {
  AgentDocument fresh;
  const auto decoded = decode_agent(encode(fresh));
  ASSERT_TRUE(decoded) << decoded.error().message;
  EXPECT_EQ(*decoded, fresh);
}

TEST(DocumentsTest, UnknownKeysAreIgnored) {
  const auto text = replaced(encode(sample_state()), "\"epoch\": 7", "\"later\": {\"x\": [1]}, \"epoch\": 7");
  EXPECT_EQ(*decode_state(text), sample_state());
}

TEST(DocumentsTest, ErrorsNameTheField) {
  const struct {
    std::string_view from, to, expected;
  } cases[] = {
      {"\"leader\": \"proxy-2\"", "\"leader\": 2", "state.leader is not a string"},
      {"\"term\": \"t-1\",", "", "state.term is missing"},
      {"\"epoch\": 7", "\"epoch\": -7", "state.epoch is not a whole number"},
      {"\"epoch\": 7", "\"epoch\": 7.5", "state.epoch is not a whole number"},
      {"\"epoch\": 7", "\"epoch\": 9223372036854775808", "state.epoch is not a whole number"},
      {"\"epoch\": 7", "\"epoch\": \"7\"", "state.epoch is not a whole number"},
      {"\"last_revision\": 42,", "", "state.last_revision is missing"},
      {"\"proposed\": null", "\"proposed\": []", "state.proposed is not an object"},
      {"\"proposed\": null", "\"proposed\": {}", "state.proposed.epoch is missing"},
      {"\"held\": null", "\"held\": {\"revision\": true}", "state.held.revision is not a whole number"},
      {"\"servers\": 61", "\"servers\": null", "state.committed.servers is not a whole number"},
  };
  for (const auto& [from, to, expected] : cases) {
    const auto decoded = decode_state(replaced(encode(sample_state()), from, to));
    ASSERT_FALSE(decoded) << to;
    EXPECT_EQ(decoded.error().kind, ErrorKind::kMalformed);
    EXPECT_EQ(decoded.error().message.substr(0, expected.size()), expected);
  }
}

TEST(DocumentsTest, ErrorsNameTheFieldInManifestsAndAgentsToo) {
  EXPECT_EQ(decode_manifest(replaced(encode(sample_manifest()), "\"bytes\": 30", "\"bytes\": -1"))
                .error()
                .message.substr(0, 31),
            "manifest.files.nginx.conf.bytes");
  EXPECT_EQ(
      decode_manifest(replaced(encode(sample_manifest()), "[\"/chorale/chunks/ab\",20]", "[\"x\",20]")).error().message,
      "manifest.files.nginx.conf.chunks[1] is not [path, bytes] or [path, bytes, app]");
  EXPECT_EQ(decode_manifest(replaced(encode(sample_manifest()), "\"app\": \"/bad\"", "\"app\": {}")).error().message,
            "manifest.quarantined[0].app is not a string");
  EXPECT_EQ(
      decode_agent(replaced(encode(sample_agent()), "\"status\": \"down\"", "\"status\": \"up\"")).error().message,
      "agent.status is an unknown word");
  EXPECT_EQ(decode_agent(replaced(encode(sample_agent()), "\"result\": \"nack\"", "\"result\": \"\"")).error().message,
            "agent.vote.result is an unknown word");
  EXPECT_EQ(decode_agent(replaced(encode(sample_agent()), "\"missing\": [\"aa\"", "\"missing\": [1")).error().message,
            "agent.missing holds something else than strings");
}

TEST(DocumentsTest, WhatIsNoObjectIsMalformed) {
  for (const auto* text :
       {"", " ", "null", "[]", "1", "\"x\"", "{", "{\"format\":1}x", "{\"format\":1,\"cluster_id\":\"\xff\"}",
        "{\"format\":1e999}", "{\"format\":1,\"cluster_id\":\"\"}"}) {
    const auto decoded = decode_root(text);
    ASSERT_FALSE(decoded) << text;
    EXPECT_EQ(decoded.error().kind, ErrorKind::kMalformed);
  }
}

TEST(DocumentsTest, ADigestCannotBreakOutOfAConfigsFirstLine) {
  for (const auto* digest : {"", "a b", "a\\ninclude", "A", "../x"}) {
    const auto text = replaced(encode(sample_state()), kSampleDigest, digest);
    ASSERT_FALSE(decode_state(text)) << digest;
    EXPECT_EQ(decode_state(text).error().message, "state.committed.digest is not a digest");
  }
  EXPECT_FALSE(decode_state(replaced(encode(sample_state()), kSampleDigest, std::string(65, 'a'))));
}

TEST(DocumentsTest, AHoldWrittenByHandNeedsOnlyItsRevision) {
  const auto hold = decode_hold("{\"revision\":41}");
  ASSERT_TRUE(hold) << hold.error().message;
  EXPECT_EQ(*hold, (HoldDocument{Revision{41}, "an operator", ""}));
  EXPECT_FALSE(decode_hold("{\"by\":\"jo\"}"));
  EXPECT_FALSE(decode_hold("{\"revision\":41,\"by\":1}"));
}

TEST(DocumentsTest, AHoldComesBackAsItWas) {
  for (const HoldDocument& hold : {HoldDocument{Revision{41}, "jo", "a \"b\", c"}, HoldDocument{Revision{}, "jo", ""},
                                   HoldDocument{Revision{41}, "jo", "", Epoch{5}},
                                   HoldDocument{Revision{41}, "jo", "", Epoch{5}, "", "", "", "al"}}) {
    const auto read = decode_hold(encode(hold));
    ASSERT_TRUE(read) << read.error().message;
    EXPECT_EQ(*read, hold) << encode(hold);
  }
}

// As zkCli.sh writes it, whose shell splits at blanks and takes quotes away.
TEST(DocumentsTest, AHoldIsReadWithoutJsonsBlanksAndQuotes) {
  const std::pair<const char*, HoldDocument> holds[] = {
      {"41", {Revision{41}, "an operator", ""}},
      {"5.41", {Revision{41}, "an operator", "", Epoch{5}}},
      {"current\n", {Revision{}, "an operator", ""}},
      {"{revision:41,by:jo,reason:deploy}", {Revision{41}, "jo", "deploy"}},
      {"{revision:5.41,by:jo}", {Revision{41}, "jo", "", Epoch{5}}},
      {"{by:jo,reason:a:b,c,revision:current}", {Revision{}, "jo", "a:b,c"}},
  };
  for (const auto& [text, wanted] : holds) {
    const auto hold = decode_hold(text);
    ASSERT_TRUE(hold) << text << ": " << hold.error().message;
    EXPECT_EQ(*hold, wanted) << text;
  }
  for (const char* text :
       {"", "0", "-1", "41x", "41.", ".41", "5.0", "5.41.2", "Current", "{}", "{revision}", "{revision:}",
        "{revision:x}", "{by:jo}", "{x,revision:41}", "{revision:41", "revision:41", "[41]"}) {
    EXPECT_FALSE(decode_hold(text)) << text;
  }
}

TEST(DocumentsTest, AHoldIsSaidInOneWay) {
  EXPECT_EQ(to_text(HoldDocument{Revision{41}, "jo", "deploy", Epoch{5}}), "held on 5.41 by jo: deploy");
  EXPECT_EQ(to_text(HoldDocument{Revision{41}, "jo", ""}), "held on 41 by jo");
  EXPECT_EQ(to_text(HoldDocument{Revision{}, "jo", ""}), "held on current by jo");
}

TEST(DocumentsTest, WaitingChangeComesBackAsItWas) {
  AgentDocument agent = sample_agent();
  agent.waiting = WaitingChange{"2026", "/web +1 server"};
  EXPECT_EQ(*decode_agent(encode(agent)), agent);
}

TEST(DocumentsTest, TextsAreCutAtACharactersBoundary) {
  auto document = sample_agent();
  document.message = std::string(1023, 'x') + "\u00e9" + "yz";
  EXPECT_EQ(decode_agent(encode(document))->message, std::string(1023, 'x'));
  document.message = std::string(1022, 'x') + "\u00e9" + "yz";
  EXPECT_EQ(decode_agent(encode(document))->message, std::string(1022, 'x') + "\u00e9");
}

TEST(DocumentsTest, WhatIsNotUtf8IsReplacedAndControlCharactersAreEscaped) {
  auto document = sample_agent();
  document.message = "a\xff\n\x01";
  const auto text = encode(document);
  EXPECT_EQ(text.find('\x01'), std::string::npos);
  EXPECT_EQ(decode_agent(text)->message, "a\ufffd\n\x01");
  document.message = std::string(3000, '\x80');
  EXPECT_TRUE(decode_agent(encode(document)));
}

TEST(DocumentsTest, StateStaysSmallWhateverTheTextsAre) {
  auto document = sample_state();
  document.committed->cause = document.proposed.emplace(sample_header()).cause = std::string(100'000, 'x');
  document.held = HoldDocument{Revision{1}, std::string(100'000, 'x'), std::string(100'000, 'x')};
  EXPECT_LT(encode(document).size(), 6'000U);
}

TEST(DocumentsTest, ManifestDigestCoversNamesAndContents) {
  const auto files = sample_manifest().files;
  EXPECT_EQ(manifest_digest(files),
            sha256_hex("nginx.conf " + sha256_hex("conf") + "\nroutes.json " + sha256_hex("routes") + "\n"));
}

TEST(DocumentsTest, ManifestNamesSortAsTheyAreOrdered) {
  EXPECT_EQ(manifest_name(Epoch{7}, Revision{42}), "000007.0000000042");
  EXPECT_LT(manifest_name(Epoch{9}, Revision{100}), manifest_name(Epoch{10}, Revision{1}));
}

TEST(DocumentsTest, ManifestNamesAreReadBack) {
  EXPECT_EQ(parse_manifest_name("000007.0000000042"), std::pair(Epoch{7}, Revision{42}));
  EXPECT_EQ(parse_manifest_name(manifest_name(Epoch{1'234'567}, Revision{1})),
            std::pair(Epoch{1'234'567}, Revision{1}));
  for (const char* other : {"", "7", "7.", ".42", "000007.0000000042x", "x7.42", "7-42", "7.42/..",
                            "99999999999999999999.1", "1.99999999999999999999"}) {
    EXPECT_FALSE(parse_manifest_name(other)) << other;
  }
}

TEST(CutTextTest, CutsAboveOneKilobyteBetweenCharacters) {
  EXPECT_EQ(cut_text("short"), "short");
  EXPECT_EQ(cut_text(std::string(1'024, 'x')), std::string(1'024, 'x'));
  EXPECT_EQ(cut_text(std::string(1'025, 'x')), std::string(1'024, 'x'));
  EXPECT_EQ(cut_text(std::string(1'022, 'x') + "\u20ac"), std::string(1'022, 'x'));
  EXPECT_EQ(cut_text(std::string(1'022, 'x') + "\u00e9y"), std::string(1'022, 'x') + "\u00e9");
  EXPECT_EQ(cut_text(std::string(2'000, '\x80')), std::string(1'021, '\x80')) << "no character ever begins";
}

TEST(DocumentsTest, AgentThatNeverLeadsSaysSo) {
  AgentDocument document = sample_agent();
  EXPECT_TRUE(decode_agent(encode(document))->may_lead);
  document.may_lead = false;
  EXPECT_EQ(decode_agent(encode(document)), document);
}

TEST(DocumentsTest, ObserverSaysSoAndWhatItWrote) {
  AgentDocument document = sample_agent();
  const auto before = decode_agent(encode(document));
  EXPECT_TRUE(before->applies);
  EXPECT_FALSE(before->shadow);
  document.applies = false;
  document.vote.reset();
  document.applied.reset();
  document.shadow = AppliedEntry{sample_header().identity, "2026-11-22T12:00:01.000Z"};
  EXPECT_EQ(decode_agent(encode(document)), document);
  EXPECT_NE(encode(document).find("\"apply\": false"), std::string::npos);
  EXPECT_NE(encode(document).find("\"applied\": null"), std::string::npos);
}

TEST(DocumentsTest, WhatAnAgentSaysOfItsNginxComesBackAsItWas) {
  AgentDocument agent = sample_agent();
  EXPECT_EQ(decode_agent(R"({"id": "a", "instance": "i"})")->nginx, "") << "an older version says nothing";
  agent.nginx = "down";
  EXPECT_EQ(decode_agent(encode(agent))->nginx, "down");
  EXPECT_FALSE(decode_agent(R"({"id": "a", "instance": "i", "nginx": 1})"));
}

}  // namespace
}  // namespace chorale::coordination
