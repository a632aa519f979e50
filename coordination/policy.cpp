#include "coordination/policy.h"

#include <algorithm>
#include <cstddef>

#include "coordination/digest.h"

namespace chorale::coordination {
namespace {

constexpr std::size_t kDigestLength = 12;

// How many members announce what does not differ from `values`.
std::size_t count_supporters(const PolicyValues& values, const std::set<std::string>& members,
                             const std::map<std::string, PolicyValues>& announced) {
  return static_cast<std::size_t>(std::count_if(announced.begin(), announced.end(), [&](const auto& entry) {
    return members.count(entry.first) > 0 && !entry.second.empty() && !policy_difference(entry.second, values);
  }));
}

}  // namespace

std::string policy_digest(const PolicyValues& values) {
  if (values.empty()) return {};
  std::string text;
  // The lengths keep a value from passing for a name and its value.
  for (const auto& [name, value] : values) text += name + " " + std::to_string(value.size()) + " " + value + "\n";
  return sha256_hex(text).substr(0, kDigestLength);
}

std::optional<std::string> policy_difference(const PolicyValues& own, const PolicyValues& pool) {
  std::string text;
  for (const auto& [name, value] : own) {
    const auto other = pool.find(name);
    if (other == pool.end() || other->second == value) continue;
    text += (text.empty() ? "" : "; ") + name + " is \"" + value + "\" here and \"" + other->second + "\" in the pool";
  }
  if (text.empty()) return std::nullopt;
  return text;
}

PolicyValues policy_filled(PolicyValues values, const PolicyValues& other) {
  values.insert(other.begin(), other.end());
  return values;
}

std::optional<PolicyValues> pool_policy(const std::set<std::string>& members,
                                        const std::map<std::string, PolicyValues>& announced,
                                        const PolicyValues& committed) {
  const PolicyValues* best = nullptr;
  std::size_t best_count = 0;
  bool best_is_committed = false;
  for (const auto& [id, values] : announced) {
    if (values.empty() || members.count(id) == 0) continue;
    const std::size_t count = count_supporters(values, members, announced);
    if (2 * count <= members.size()) continue;
    // Two may have a majority where some members do not know what these two differ in.
    const bool is_committed = !policy_difference(values, committed);
    const bool better = best == nullptr || is_committed > best_is_committed ||
                        (is_committed == best_is_committed && count > best_count);
    if (!better) continue;
    best = &values;
    best_count = count;
    best_is_committed = is_committed;
  }
  if (best != nullptr) return policy_filled(*best, committed);
  if (committed.empty()) return std::nullopt;
  return committed;
}

}  // namespace chorale::coordination
