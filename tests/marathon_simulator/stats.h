// What the simulator counts for tests and benches. Loop thread only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <string>

#include "tests/marathon_simulator/simulated_marathon.h"

namespace chorale::marathon_simulator {

class Stats {
 public:
  void count_request(const std::string& kind) { ++requests_[kind]; }
  void count_sent(std::size_t bytes) { bytes_sent_ += bytes; }
  void record(const Change& change);
  void reset();

  // The arguments come from the hub and the SimulatedMarathon. Changes carry CLOCK_MONOTONIC in nanoseconds and a
  // number that rises for ever; only those after number `since` are told.
  [[nodiscard]] std::string json(std::size_t streams, std::uint64_t events, std::uint64_t slow_closed,
                                 std::size_t deployments, std::uint64_t since) const;
  [[nodiscard]] std::uint64_t last_change() const { return next_number_ - 1; }

 private:
  struct Entry {
    std::uint64_t number;
    std::int64_t monotonic_ns;
    Change change;
  };

  std::map<std::string, std::uint64_t> requests_;
  std::uint64_t bytes_sent_ = 0;
  std::uint64_t next_number_ = 1;
  std::deque<Entry> changes_;  // the last 20,000
};

}  // namespace chorale::marathon_simulator
