// Who is registered and what each of them says: a copy of <root>/agents, kept by watches. Pure; loop thread only.
//
// Reads little on purpose: an agent's znode is read again when its watch fired or on the slow timer, by the leader at
// once, by the others at most once a second each (N agents that all read all of N would cost N x N per revision).
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "coordination/mirror.h"

namespace chorale::coordination {

class Roster {
 public:
  using Pass = std::uint64_t;

  explicit Roster(Context& context) : context_(context), list_(context, "roster") {}

  void reset();
  void suspect();                   // reconnected: list and read everything again
  void on_watch(const Path& path);  // the directory or one agent
  void drive(bool root_ready, bool eager);

  // Starts reading everything anew; settled(pass) once all of it was read after this call.
  [[nodiscard]] Pass begin_pass();
  [[nodiscard]] bool settled(Pass pass) const;

  // Counts answered lists.
  [[nodiscard]] std::uint64_t lists() const { return lists_; }
  // Counts answered reads of agents.
  [[nodiscard]] std::uint64_t reads() const { return reads_; }
  [[nodiscard]] bool contains(const std::string& id) const { return members_.count(id) > 0; }
  [[nodiscard]] std::vector<std::string> ids() const;  // sorted
  // Of them, those that may vote: not the known observers. Sorted.
  [[nodiscard]] std::vector<std::string> voters() const;
  [[nodiscard]] const Mirror& list_mirror() const { return list_; }
  // What each agent said last, by id: without those that were never read or never readable.
  [[nodiscard]] const std::map<std::string, AgentDocument>& documents() const { return documents_; }
  // The highest format that this agent and every registered one reads; nullopt until each was read once. Who cannot be
  // read counts as an agent of the oldest version.
  [[nodiscard]] std::optional<std::int64_t> common_format() const;
  // The newest state that any other agent has applied: any at all, or any that is not down.
  enum class Others { kAll, kNotDown };
  [[nodiscard]] std::optional<Identity> newest_applied_by(Others others) const;

 private:
  struct Member {
    explicit Member(Context& context) : mirror(context, "roster") {}

    Mirror mirror;
    Pass read_pass = 0;    // listed_pass_ when the last answered read was sent
    bool refused = false;  // the last read: it is tried again later, and nobody waits for that
    std::optional<std::string> complaint;
  };

  void list();
  void on_listed(const std::vector<std::string>& names, Pass pass);
  void read(const std::string& id, Member& member);
  void on_read(const std::string& id, Pass pass, const Reply<ReadNode>& reply);
  void on_refused(const std::string& id, Member& member, const Error& error);
  void complain(const std::string& id, Member& member, const Error& error);

  Context& context_;
  Mirror list_;
  std::map<std::string, Member> members_;
  std::map<std::string, AgentDocument> documents_;  // of members alone
  Pass wanted_pass_ = 1;
  Pass listed_pass_ = 0;
  std::uint64_t lists_ = 0;
  std::uint64_t reads_ = 0;
};

}  // namespace chorale::coordination
