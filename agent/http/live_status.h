// What the page at / shows, as server-sent events: health and cluster, whenever they change, at most once a second.
// While nobody listens it reads nothing. Loop thread only.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <tl/expected.hpp>

#include "agent/core/health.h"
#include "agent/http/server.h"
#include "coordination/cluster_reader.h"

namespace chorale::agent {

// The cluster as it could be read last, and when that was.
struct LastCluster {
  coordination::ClusterSnapshot snapshot;
  std::string at;  // the wall clock, ISO 8601
};

class LiveStatus : public std::enable_shared_from_this<LiveStatus> {
 public:
  using ClusterResult = tl::expected<coordination::ClusterSnapshot, coordination::Error>;
  struct Sources {
    std::string version;
    std::function<HealthInputs()> health;
    std::function<void(std::function<void(const ClusterResult&)>)> cluster;  // answers once, now or later, or never
    std::function<const LastCluster*()> last_cluster;                        // nullptr: it was never read
    std::function<std::string()> now;                                        // the wall clock, ISO 8601
    std::function<void(std::chrono::milliseconds, std::function<void()>)> after;
  };
  static constexpr std::size_t kMostListeners = 64;
  static constexpr std::chrono::milliseconds kLookedAtEvery{1'000};

  explicit LiveStatus(Sources sources) : sources_(std::move(sources)) {}

  // 503 with kMostListeners.
  [[nodiscard]] HttpResponse subscribe();

 private:
  void look();
  void show(const ClusterResult& cluster);

  Sources sources_;
  const std::shared_ptr<LiveText> text_ =
      std::make_shared<LiveText>([now = sources_.now] { return "event: beat\ndata: " + now() + "\n\n"; });
  std::string shown_;
  bool looking_ = false;
};

// One event "status", its data JSON: {"version", "now", "health": as /v1/health, "cluster": as /v1/status, "error"}.
// Where the cluster cannot be read it is null, "error" says why, and if it ever was read "last_cluster" is what was
// read at "last_cluster_at". Its ages count from "now". An event "beat" has the time alone, in the same words.
[[nodiscard]] std::string status_event(const std::string& now, const std::string& facts);
[[nodiscard]] std::string status_facts(const std::string& version, const HealthInputs& health,
                                       const LiveStatus::ClusterResult& cluster, const LastCluster* last);

}  // namespace chorale::agent
