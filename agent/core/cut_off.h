// A proxy that hears nothing of the cluster (no ZooKeeper, or not registered there): do others serve what it does not
// know of? Then its routes may lead to ports that are re-used, and it must get no traffic. Pure.
//
// After 30 s without word the other agents are asked for their health, again every 10 s: at most 10 at a time, in turn.
// An answer holds until the same agent is asked again. Only an agent that serves traffic itself counts, so that a
// balancer never loses the last proxy by this; if all are cut off, nobody's word counts.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/base/types.h"
#include "coordination/effects.h"

namespace chorale::agent {

inline constexpr Milliseconds kCutOffAfter{30'000};
inline constexpr Milliseconds kAskPeersAgain{10'000};
inline constexpr std::size_t kMostPeersAsked = 10;
inline constexpr int kForgottenAfter = 3;  // questions without an answer: one that is lost says nothing

struct PeerHealth {
  bool serves = false;     // it answered 200
  bool connected = false;  // to ZooKeeper, and registered there
  coordination::Revision applied;
};
// The body of another agent's /v1/health. nullopt: it is none, or of another agent than `id`.
[[nodiscard]] std::optional<PeerHealth> read_peer_health(const std::string& id, unsigned status, std::string_view body);

// The file that keeps them: a JSON list of {"id", "admin"}. What cannot be read is left out.
[[nodiscard]] std::string encode_peers(const std::vector<coordination::PeerAddress>& peers);
[[nodiscard]] std::vector<coordination::PeerAddress> decode_peers(std::string_view text);

class CutOff {
 public:
  // Whom to ask if it comes to that. True: others than before. An empty list changes nothing: all others may be cut
  // off.
  bool know(std::vector<coordination::PeerAddress> peers);
  [[nodiscard]] const std::vector<coordination::PeerAddress>& peers() const { return peers_; }

  // `hears`: of the cluster. Whom to ask now.
  [[nodiscard]] std::vector<coordination::PeerAddress> step(TimePoint now, bool hears);
  // nullopt: no answer, or none that is one; what it said last holds for a while.
  void answered(const std::string& id, std::optional<PeerHealth> health);
  // The agent that serves a newer revision than `own`.
  [[nodiscard]] std::optional<std::string> replaced_by(coordination::Revision own) const;

 private:
  std::vector<coordination::PeerAddress> peers_;
  std::size_t next_ = 0;  // in peers_
  std::optional<TimePoint> silent_since_;
  TimePoint ask_at_{};
  struct Answer {
    PeerHealth health;
    int unanswered = 0;  // questions in a row since
  };
  std::map<std::string, Answer> answers_;
};

}  // namespace chorale::agent
