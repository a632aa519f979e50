// The candidate: what the stage file beside the target holds, and what Nginx says of it. Pure.
//
//   Empty --prepare()--> Writing --> Written --prepare()--> Testing --refused--> TestingCurrent
//                           |                                  |                       |
//                           | it failed: unable                | accepted: ack         | accepted: nack
//                           | needs no test: ack               | it failed: unable     | else: unable
//                           `----------------------------> Judged <--------------------'
//
// Local values that change make it Empty; while one of its jobs runs it is Outdated first, until that has ended.
// Part of Applier.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "agent/base/types.h"
#include "agent/core/applying/applier_events.h"
#include "agent/core/applying/config_content.h"
#include "coordination/coordinator.h"
#include "coordination/types.h"

namespace chorale::agent {

class Candidate {
 public:
  struct Judged {
    coordination::Identity identity;
    std::string body;
    bool unchanged = false;  // the target holds it already
    coordination::VoteResult verdict = coordination::VoteResult::kUnable;
    std::string error;
  };

  // One of its jobs runs on the files.
  [[nodiscard]] bool busy() const;
  [[nodiscard]] bool testing() const;  // by Nginx
  // nullptr: it holds something else, or no verdict is known yet.
  [[nodiscard]] const Judged* judged(const coordination::Identity& identity) const;
  // One step towards a verdict on `config`. Only while no job runs on the files and none is known.
  [[nodiscard]] ApplierEffect prepare(const PublishedConfig& config);
  void drop() { state_ = Empty(); }

  void on(const StageWritten& event, bool needs_no_test);
  // The current file may be asked about next: whose fault is it?
  [[nodiscard]] std::optional<TestCurrent> on(const TestFinished& event, bool has_current);
  void values_changed();
  // A refusal is never answered from memory: what it came of, on this proxy or around it, may be over. Only an
  // acceptance is kept, with the staged file that it is of.
  void forget_refusal();

  [[nodiscard]] const std::string& trouble() const { return trouble_; }
  void clear_trouble() { trouble_.clear(); }
  // The trouble is the content's, by the last verdict.
  [[nodiscard]] const std::optional<coordination::Identity>& refused() const { return refused_; }
  // Of the last file that Nginx accepted.
  [[nodiscard]] const std::vector<std::string>& warnings() const { return warnings_; }
  [[nodiscard]] Milliseconds last_test() const { return last_test_; }
  [[nodiscard]] std::uint64_t accepted_tests() const { return accepted_tests_; }

 private:
  struct Empty {};
  struct Writing {
    coordination::Identity identity;
  };
  struct Written {
    coordination::Identity identity;
    std::string body;
  };
  struct Testing {
    Written stage;
  };
  struct TestingCurrent {
    Written stage;
    std::string refusal;
  };
  struct Outdated {};

  void judge(const Written& stage, coordination::VoteResult verdict, std::string error, bool unchanged = false);

  std::variant<Empty, Writing, Written, Testing, TestingCurrent, Judged, Outdated> state_;
  std::string trouble_;  // with the last verdict; "" after an ack
  std::optional<coordination::Identity> refused_;
  std::vector<std::string> warnings_;
  Milliseconds last_test_{0};
  std::uint64_t accepted_tests_ = 0;
};

}  // namespace chorale::agent
