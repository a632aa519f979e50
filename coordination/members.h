// Who belongs to the pool, registered or not: <root>/members. Pure; loop thread only.
//
// Each agent writes its own member znode, which outlives it; an operator alone deletes one. So it is known which agent
// is missing, and how many are a majority. An observer is no member, and takes back what it wrote when it was one: the
// majority is counted by agents of every version.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "coordination/mirror.h"

namespace chorale::coordination {

class Members {
 public:
  explicit Members(Context& context) : context_(context), mirror_(context, "members") {}

  void reset();
  void suspect() { mirror_.suspect(); }
  // `may_write`: this agent is registered, so the id is ours, and the tree may be changed.
  void drive(bool root_ready, bool may_write);

  // The list was answered in this session, or cannot be read at all.
  [[nodiscard]] bool known() const { return known_; }
  [[nodiscard]] const std::set<std::string>& ids() const { return ids_; }
  [[nodiscard]] const Mirror& mirror() const { return mirror_; }

 private:
  void on_listed(const Reply<ListChildren>& reply);
  void create();
  void remove();

  Context& context_;
  Mirror mirror_;
  bool known_ = false;
  std::set<std::string> ids_;
};

}  // namespace chorale::coordination
