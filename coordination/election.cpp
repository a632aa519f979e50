#include "coordination/election.h"

#include <algorithm>
#include <charconv>
#include <utility>

namespace chorale::coordination {

std::optional<Candidate> parse_candidate(std::string_view name) {
  constexpr std::string_view kMark = "-n_";
  const std::size_t mark = name.rfind(kMark);
  if (mark == std::string_view::npos) return std::nullopt;
  const std::string_view number = name.substr(mark + kMark.size());
  const std::string_view owner = name.substr(0, mark);
  const std::size_t dot = owner.rfind('.');
  if (dot == std::string_view::npos || dot == 0) return std::nullopt;
  Candidate candidate{std::string(owner.substr(0, dot)), std::string(owner.substr(dot + 1)), 0, std::string(name)};
  const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), candidate.sequence);
  if (error != std::errc() || end != number.data() + number.size()) return std::nullopt;
  return candidate;
}

void Election::reset() {
  state_ = State::kOut;
  mirror_.reset();
  guid_.clear();
  name_.clear();
  unclear_ = false;
  leaving_ = false;
  removing_ = 0;
}

void Election::drive(bool may_join) {
  id_ours_ = may_join;
  // A create that was on its way when the place was given up is found by a list, and removed.
  const bool may_have_place = state_ != State::kOut || leaving_;
  if (left_ || !(may_join || may_have_place) || removing_ > 0 || !mirror_.may_look()) return;
  if (mirror_.due()) return list();
  if (may_join && state_ == State::kOut && !leaving_ && context_.now >= join_at_) join();
}

void Election::join() {
  state_ = State::kJoining;
  if (guid_.empty()) guid_ = context_.options.random_id();
  const Path path = context_.paths.election.child(context_.options.id + "." + guid_ + "-n_");
  mirror_.look(CreateNode{path, context_.options.id, NodeKind::kEphemeralSequential},
               [this](const Reply<CreateNode>& reply) {
                 if (reply) return mirror_.again();
                 unclear_ = is_unknown(reply.error().kind);
                 state_ = State::kOut;
                 if (!unclear_ && reply.error().kind != ErrorKind::kNoNode) {
                   context_.log(LogLine::Level::kError, "cannot stand for election: " + reply.error().message);
                 }
                 mirror_.again(reply.error());
               });
}

void Election::list() {
  if (unclear_) {
    return mirror_.look(SyncPath{context_.paths.election}, [this](const Reply<SyncPath>& reply) {
      if (!reply) return mirror_.again(reply.error());
      unclear_ = false;
      list();
    });
  }
  mirror_.look(ListChildren{context_.paths.election, false}, [this](const Reply<ListChildren>& reply) {
    if (!reply) {
      if (!is_unknown(reply.error().kind)) state_ = State::kOut;
      return mirror_.again(kRetryDelay);
    }
    mirror_.fresh();
    on_listed(reply->names);
  });
}

void Election::on_listed(const std::vector<std::string>& names) {
  ++lists_;
  std::vector<Candidate> candidates;
  for (const std::string& name : names) {
    if (auto candidate = parse_candidate(name)) candidates.push_back(std::move(*candidate));
  }
  std::sort(candidates.begin(), candidates.end(),
            [](const Candidate& left, const Candidate& right) { return left.sequence < right.sequence; });
  name_.clear();
  for (const Candidate& candidate : candidates) {
    if (candidate.id != context_.options.id) continue;
    // Ghosts bear our name: of an earlier process, an earlier session, or a create that was thought lost.
    const bool own = candidate.guid == guid_ && !leaving_;
    if (own && name_.empty()) {
      name_ = candidate.name;
    } else if (id_ours_ || candidate.guid == guid_) {
      remove(candidate.name);
    }
  }
  if (leaving_ && removing_ == 0) {
    leaving_ = false;
    guid_.clear();
  }
  if (name_.empty()) {
    state_ = State::kOut;
    return;
  }
  take_place(candidates);
}

void Election::take_place(const std::vector<Candidate>& candidates) {
  const auto own = std::find_if(candidates.begin(), candidates.end(),
                                [this](const Candidate& candidate) { return candidate.name == name_; });
  if (own == candidates.begin()) {
    state_ = State::kLowest;
  } else {
    state_ = State::kWaiting;
    watch(std::prev(own)->name);
  }
  watch(name_);
}

// By a read: "exists" would watch a znode that is gone, and will never be there again, for as long as the session
// lasts.
void Election::watch(const std::string& name) {
  mirror_.send(ReadNode{context_.paths.election.child(name), true}, [this](const Reply<ReadNode>& reply) {
    if (reply) return;
    const bool gone = reply.error().kind == ErrorKind::kNoNode;
    mirror_.suspect(gone ? std::chrono::milliseconds{0} : retry_delay(reply.error()));
  });
}

void Election::remove(const std::string& name) {
  ++removing_;
  mirror_.send(DeleteNode{context_.paths.election.child(name), kAnyVersion}, [this](const Reply<DeleteNode>& reply) {
    --removing_;
    const bool gone = reply || reply.error().kind == ErrorKind::kNoNode;
    mirror_.suspect(gone ? std::chrono::milliseconds{0} : retry_delay(reply.error()));
  });
}

void Election::step_down(std::chrono::milliseconds delay) {
  join_at_ = context_.now + delay;
  if (state_ == State::kOut && guid_.empty()) return;
  state_ = State::kOut;
  leaving_ = true;
  suspect();
  if (!name_.empty()) remove(name_);  // at once: the successor waits for this
}

void Election::leave(std::function<void()> done) {
  left_ = true;
  state_ = State::kOut;
  if (name_.empty() || !context_.link.connected) return done();
  mirror_.send(DeleteNode{context_.paths.election.child(name_), kAnyVersion},
               [done = std::move(done)](const Reply<DeleteNode>&) { done(); });
}

}  // namespace chorale::coordination
