// What is known at one place of a template: variables, open sections, and what they have asked already. Pure.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "agent/migrate/values.h"

namespace chorale::agent {

// Which of its ports a server stands for: servers are listed by port, a task of Nixy's has all of them.
struct PortChoice {
  static constexpr std::int64_t kOfLoop = -1;  // that of the section on ports around it
  std::optional<std::int64_t> port;            // by the first use of a task's .Ports; 0 is what `servers` gives
};

struct OpenSection {
  Owner owner = Owner::kRoot;       // of a list: whose items
  std::optional<NamedText> asks{};  // of a section on a value
};

struct Variable {
  std::string name;  // with its '$'
  Value value;
  std::size_t depth = 0;  // of control structures where it was declared
};

struct Scope {
  Value dot;
  std::vector<Variable> variables;
  std::vector<OpenSection> open;                    // outermost first
  std::vector<std::pair<NamedText, bool>> answers;  // what the sections around this place have found out
  std::shared_ptr<PortChoice> choice;               // within servers
  std::size_t depth = 0;
  bool merged = false;  // the apps are those of MergeAppsByLabel

  [[nodiscard]] bool is_within(Owner owner) const;
  // Whether a name means here what it means to its owner; the reason if not. Ensures: `quoted` says how it is rendered
  // here.
  [[nodiscard]] Said<NamedText> seen_from_here(NamedText text) const;
  // As known from the sections around this place.
  [[nodiscard]] std::optional<bool> answer_of(const NamedText& text) const;
  // Within a section on a list of these.
  [[nodiscard]] Scope entered(Owner owner) const;
  // Within a section on a value, or, where `holds` is false, within an inverted one.
  [[nodiscard]] Scope having_asked(const NamedText& text, bool holds) const;
};

}  // namespace chorale::agent
