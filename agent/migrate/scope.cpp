#include "agent/migrate/scope.h"

#include <algorithm>

namespace chorale::agent {
namespace {

// Filters that end in `equals` with different texts: one text cannot be both.
bool are_exclusive(const std::vector<std::string>& a, const std::vector<std::string>& b) {
  const auto is_equals = [](const std::vector<std::string>& filters) {
    return !filters.empty() && filters.back().starts_with("equals ");
  };
  return is_equals(a) && is_equals(b) && a.size() == b.size() && std::equal(a.begin(), a.end() - 1, b.begin()) &&
         a.back() != b.back();
}

}  // namespace

bool Scope::is_within(Owner owner) const {
  return owner == Owner::kRoot ||
         std::any_of(open.begin(), open.end(), [&](const OpenSection& one) { return !one.asks && one.owner == owner; });
}

Said<NamedText> Scope::seen_from_here(NamedText text) const {
  if (text.port) {
    if (is_within(Owner::kPort)) return tl::unexpected(Obstacle{"another port than that of the {{range}} around it"});
    return text;
  }
  if (!is_within(text.owner)) return tl::unexpected(Obstacle{"its {{range}} has ended here"});
  for (auto section = open.rbegin(); section != open.rend(); ++section) {
    if (!section->asks && section->owner == text.owner) return text;
    if (text.name == ".") {
      if (section->asks && section->asks->name == ".") {
        text.quoted = text.quoted || !section->asks->filters.empty();
        continue;
      }
      return tl::unexpected(Obstacle{"within a section on another value \".\" is that value"});
    }
    if (section->asks) continue;
    const bool is_hidden = section->owner == Owner::kServer && text.name == "host";
    if (is_hidden) {
      return tl::unexpected(
          Obstacle{"within a {{range}} over tasks the host is theirs and not the app's: "
                   "move it out of that {{range}}"});
    }
  }
  return text;
}

std::optional<bool> Scope::answer_of(const NamedText& text) const {
  for (const auto& [asked, holds] : answers) {
    if (asked.owner != text.owner || asked.name != text.name) continue;
    if (asked.filters == text.filters) return holds;
    if (holds && are_exclusive(asked.filters, text.filters)) return false;
  }
  return std::nullopt;
}

Scope Scope::entered(Owner owner) const {
  Scope inner = *this;
  inner.open.push_back({owner, std::nullopt});
  return inner;
}

Scope Scope::having_asked(const NamedText& text, bool holds) const {
  Scope inner = *this;
  if (holds) inner.open.push_back({text.owner, text});
  inner.answers.emplace_back(text, holds);
  return inner;
}

}  // namespace chorale::agent
