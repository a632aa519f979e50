// Addresses of the slaves' host names: what is known, what to ask again. Pure.
//
// The last good answer stays as long as the name is in use: a DNS outage takes no server away.
#pragma once

#include <map>
#include <set>
#include <string>

#include "agent/core/leading/routes.h"

namespace chorale::agent {

class NameCache {
 public:
  // The names in use now; others are dropped.
  void use(const std::set<std::string>& names);
  // More names that came into use.
  void use_also(const std::set<std::string>& names);
  // A provisional address, from the committed state, until a resolver says better.
  void suggest(const std::string& name, const std::string& address);

  // What to ask now: new names, failed ones and those older than 60 s. They count as asked from here on.
  [[nodiscard]] std::set<std::string> take_due(TimePoint now);
  // True if an address changed.
  bool answered(const ResolvedNames& names, const std::map<std::string, std::string>& failed, TimePoint now);

  // Some name in use has no address, and its first answer may still come: worth a wait, since its servers would be left
  // out. 1 s from the question, so that a slow resolver does not delay the other apps; while nothing is served yet,
  // until the resolver has answered or given up (5 s): a first state must not leave out what a moment later is known.
  [[nodiscard]] bool awaits_first_answer(TimePoint now) const;
  void nothing_is_served(bool nothing) { nothing_served_ = nothing; }
  [[nodiscard]] const ResolvedNames& known() const { return known_; }
  [[nodiscard]] TimePoint next_deadline(TimePoint now) const;

 private:
  struct Entry {
    bool asked = false;
    bool ever_asked = false;
    bool ever_answered = false;
    TimePoint asked_at{};
    TimePoint first_asked_at{};
    TimePoint due = TimePoint::min();
  };
  [[nodiscard]] TimePoint patience(const Entry& entry) const;

  bool nothing_served_ = false;
  std::map<std::string, Entry> entries_;
  ResolvedNames known_;
};

}  // namespace chorale::agent
