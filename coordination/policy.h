// What decides a pool's content beside the template, as named values that people can read. Pure.
//
// A name that is absent is unknown, and unknown differs from nothing: an agent of another version may not know a value,
// and a value may have to be asked for elsewhere. What the names mean is the agent's business.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>

namespace chorale::coordination {

using PolicyValues = std::map<std::string, std::string>;  // empty: nothing is known

// 12 hex digits, over names and values; empty for no values.
[[nodiscard]] std::string policy_digest(const PolicyValues& values);
// What `own` has otherwise than `pool`, for people: `realm is "prdo" here and "prod" in the pool`. nullopt: nothing.
[[nodiscard]] std::optional<std::string> policy_difference(const PolicyValues& own, const PolicyValues& pool);
// `values`, and what they do not know from `other`.
[[nodiscard]] PolicyValues policy_filled(PolicyValues values, const PolicyValues& other);

// The policy of the pool: the one that more than half of the members announce while they are registered, else the
// committed one. What the majority's does not know is taken from the committed one. nullopt: there is none yet, and the
// first leader's will be it.
// `announced`: by registered agents, by id. `committed`: of the committed revision; empty: unknown.
[[nodiscard]] std::optional<PolicyValues> pool_policy(const std::set<std::string>& members,
                                                      const std::map<std::string, PolicyValues>& announced,
                                                      const PolicyValues& committed);

}  // namespace chorale::coordination
