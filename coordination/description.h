// What one Coordinator is doing and waits for, in words: for people, tests and the log. No program reads it.
#pragma once

#include <string>
#include <vector>

namespace chorale::coordination {

struct Description {
  std::vector<std::string> machines;   // "election: waiting, fresh": what each is doing, and whether its znode is known
  std::vector<std::string> waits_for;  // "roster: read /chorale/agents/a": who asked the store for what
};

[[nodiscard]] inline std::string to_text(const Description& description) {
  std::string text;
  for (const std::string& machine : description.machines) text += machine + "\n";
  text += "waiting for:\n";
  for (const std::string& request : description.waits_for) text += request + "\n";
  return text;
}

}  // namespace chorale::coordination
