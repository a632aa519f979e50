// One agent's whole part in the cluster, as one pure machine: step(now, event) -> effects. Loop thread only.
//
// It composes the machines that README.md lists, asks them in one order until none has anything more to say, and hands
// the store's answers to the one that asked. It reads no clock, draws no random number, blocks on nothing, logs
// nothing. The agent performs the effects and posts the results back as events.
//
// What it never knows: Marathon, Nginx, templates. What it guarantees: invariants I1 - I4 of README.md.
#pragma once

#include <memory>

#include "coordination/description.h"
#include "coordination/effects.h"
#include "coordination/events.h"
#include "coordination/options.h"

namespace chorale::coordination {

class Coordinator {
 public:
  explicit Coordinator(CoordinatorOptions options);
  ~Coordinator();

  [[nodiscard]] Effects step(TimePoint now, const Event& event);

  [[nodiscard]] bool leading() const;
  [[nodiscard]] Description describe() const;

 private:
  class Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace chorale::coordination
