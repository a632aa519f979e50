// One document of each kind, with every key that version 0.1 knows and a value that is not its default.
#pragma once

#include <string>

#include "coordination/digest.h"
#include "coordination/documents.h"

namespace chorale::coordination {

inline const std::string kSampleDigest = sha256_hex("some files");

inline RevisionHeader sample_header() {
  return {{Epoch{7}, Revision{41}, kSampleDigest},
          "2026-11-22T12:00:00.000Z",
          "status_update_event /web TASK_RUNNING",
          20,
          61,
          1};
}

inline StateDocument sample_state() {
  StateDocument document;
  document.cluster_id = "c-1";
  document.epoch = Epoch{7};
  document.term = "t-1";
  document.leader = "proxy-2";
  document.last_revision = Revision{42};
  document.committed = sample_header();
  return document;
}

inline Manifest sample_manifest() {
  Manifest document;
  document.header = sample_header();
  document.parent = Identity{Epoch{6}, Revision{40}, kSampleDigest};
  document.quarantined = {{"/bad", "the label x", "d-1", "2026-11-22T12:00:00.000Z"}};
  document.files["nginx.conf"] = {
      sha256_hex("conf"), 30, {{"/chorale/chunks/aa", 10, ""}, {"/chorale/chunks/ab", 20, ""}}};
  document.files["routes.json"] = {sha256_hex("routes"), 5, {{"/chorale/chunks/ac", 5, "/shop/cart"}}};
  return document;
}

inline AgentDocument sample_agent() {
  AgentDocument document;
  document.id = "proxy-1";
  document.instance = "i-1";
  document.host = "host-1";
  document.version = "0.1.0";
  document.started_at = "2026-11-22T12:00:00.000Z";
  document.admin = "10.0.0.1:8000";
  document.role = Role::kLeader;
  document.condition = Condition::kDown;
  document.message = "nginx is not running";
  document.vote = Vote{sample_header().identity, VoteResult::kNack, "unknown directive"};
  document.applied = AppliedEntry{sample_header().identity, "2026-11-22T12:00:01.000Z"};
  document.template_digest = "t-1";
  document.marathon_reachable = true;
  document.sync_requests = 3;
  document.missing = {"aa", "bb"};
  return document;
}

}  // namespace chorale::coordination
