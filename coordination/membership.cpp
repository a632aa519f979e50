#include "coordination/membership.h"

#include <tuple>
#include <utility>

namespace chorale::coordination {
namespace {

constexpr std::chrono::milliseconds kContestedGrace{2'000};  // one server tick: expiry is checked no more often
constexpr std::chrono::milliseconds kContestedLook{500};
constexpr std::chrono::milliseconds kTakenLook{5'000};
// The first is our past, and the second may be, if a request of it was long on its way.
constexpr int kGhostsAllowed = 2;

}  // namespace

Membership::Membership(Context& context)
    : context_(context), mirror_(context, "membership"), path_(context.paths.agents.child(context.options.id)) {
  const CoordinatorOptions& options = context.options;
  document_.id = options.id;
  document_.instance = options.instance;
  document_.may_lead = options.may_lead;
  document_.applies = options.applies;
  document_.host = options.host;
  document_.version = options.version;
  document_.started_at = options.started_at;
  document_.admin = options.admin;
  document_.formats.clear();
  for (std::int64_t format = kOldestFormat; format <= options.newest_format; ++format) {
    document_.formats.push_back(format);
  }
}

void Membership::reset() {
  mirror_.reset();
  written_.reset();
  contested_since_.reset();  // the other's session may have been kept alive by the very outage that ended ours
  ghosts_ = 0;
  ghost_.reset();
  if (state_ != State::kRefused && state_ != State::kLeft) state_ = State::kAbsent;
}

void Membership::suspect() {
  if (state_ == State::kPresent) state_ = State::kUnclear;
  mirror_.suspect();
}

// Said once, until something else is said or the znode is there.
void Membership::complain(LogLine::Level level, const std::string& text) {
  if (complaint_ == text) return;
  complaint_ = text;
  context_.log(level, text);
}

void Membership::failed(const Error& error) {
  if (is_unknown(error.kind)) {
    state_ = State::kUnclear;
  } else {
    complain(LogLine::Level::kError, "own znode " + path_.text() + ": " + error.message);
  }
  mirror_.again(error);
}

void Membership::drive(bool root_ready) {
  if (!root_ready || !mirror_.may_look()) return;
  switch (state_) {
    case State::kAbsent:
      return create();
    case State::kUnclear:
    case State::kContested:
    case State::kTaken:
      return read_back();
    case State::kPresent:
      if (written_ != document_) return write();
      if (mirror_.due()) read_back();
      return;
    case State::kRefused:
    case State::kLeft:
      return;
  }
}

void Membership::create() {
  const AgentDocument content = document_;
  mirror_.look(CreateNode{path_, encode(content), NodeKind::kEphemeral},
               [this, content](const Reply<CreateNode>& reply) {
                 if (!reply && reply.error().kind == ErrorKind::kExists) {
                   state_ = State::kUnclear;
                   return mirror_.again();
                 }
                 if (!reply) {
                   const bool no_parent = reply.error().kind == ErrorKind::kNoNode;
                   return no_parent ? mirror_.again(reply.error()) : failed(reply.error());
                 }
                 mirror_.fresh();
                 state_ = State::kPresent;
                 contested_since_.reset();
                 complaint_.reset();
                 written_ = content;
                 version_ = Version{0};
               });
}

void Membership::read_back() {
  mirror_.look(ReadNode{path_, false}, [this](Reply<ReadNode> reply) { on_read(std::move(reply)); });
}

void Membership::on_read(Reply<ReadNode> reply) {
  if (!reply) {
    if (reply.error().kind != ErrorKind::kNoNode) return failed(reply.error());
    state_ = State::kAbsent;
    return mirror_.again();
  }
  const auto document = decode_agent(reply->data);
  if (reply->stat.ephemeral_owner == context_.link.session) {
    state_ = State::kPresent;
    contested_since_.reset();
    complaint_.reset();
    version_ = reply->stat.version;
    written_ = document ? std::optional(*document) : std::nullopt;
    return mirror_.fresh();
  }
  if (document && document->instance == context_.options.instance) return on_ghost(*document, reply->stat);
  on_foreign(reply->stat.ephemeral_owner, document ? document->host : std::string("an unknown host"));
}

void Membership::on_foreign(SessionId owner, const std::string& host) {
  if (!contested_since_ || contested_by_ != owner) {
    contested_since_ = context_.now;
    contested_by_ = owner;
  }
  if (context_.now - *contested_since_ < context_.link.timeout + kContestedGrace) {
    state_ = State::kContested;
    complain(LogLine::Level::kWarning,
             "id " + context_.options.id + " is held by an agent on " + host + "; waiting for it to go");
    return mirror_.again(kContestedLook);
  }
  state_ = State::kTaken;
  complain(LogLine::Level::kError, "another agent, on " + host + ", uses the id " + context_.options.id +
                                       ": this one is not registered until that one is gone; give each agent an id of "
                                       "its own (key \"id\")");
  mirror_.again(kTakenLook);
}

void Membership::on_ghost(const AgentDocument& ghost, const Stat& stat) {
  if (std::exchange(ghost_, stat.created_zxid) != stat.created_zxid) ++ghosts_;  // else it is the same one, still
  if (ghosts_ <= kGhostsAllowed) return delete_ghost(stat.version);
  const std::string twin = "a clone of this machine runs, with the same id " + context_.options.id +
                           " and the same instance, on " + ghost.host + " (admin " + ghost.admin + ", started " +
                           ghost.started_at + ")";
  if (!started_before_us(ghost, stat.ephemeral_owner)) {
    complain(LogLine::Level::kError, twin + "; it has to give way");
    return delete_ghost(stat.version);
  }
  mirror_.fresh();
  state_ = State::kRefused;
  context_.effects.emplace_back(
      Refuse{twin +
             "; on one of the two, stop the agent, delete the file \"instance\" in its state_dir, and give it an "
             "id of its own (key \"id\")"});
}

bool Membership::started_before_us(const AgentDocument& ghost, SessionId owner) const {
  return std::tie(ghost.started_at, owner.value) < std::tie(document_.started_at, context_.link.session.value);
}

void Membership::delete_ghost(Version version) {
  mirror_.send(DeleteNode{path_, version}, [this](const Reply<DeleteNode>& reply) {
    const bool gone = reply || reply.error().kind == ErrorKind::kNoNode;
    if (!gone && reply.error().kind != ErrorKind::kBadVersion) return failed(reply.error());
    state_ = gone ? State::kAbsent : State::kUnclear;
    mirror_.again();
  });
}

void Membership::write() {
  const AgentDocument content = document_;
  mirror_.look(WriteNode{path_, encode(content), version_}, [this, content](const Reply<WriteNode>& reply) {
    if (!reply) {
      const ErrorKind kind = reply.error().kind;
      if (kind != ErrorKind::kBadVersion && kind != ErrorKind::kNoNode) return failed(reply.error());
      state_ = State::kUnclear;
      return mirror_.again();
    }
    mirror_.fresh();
    complaint_.reset();
    version_ = reply->stat.version;
    written_ = content;
  });
}

void Membership::leave(std::function<void()> done) {
  const bool ours = state_ == State::kPresent || state_ == State::kUnclear;
  state_ = State::kLeft;
  mirror_.reset();
  if (!ours || !context_.link.connected) return done();
  // A write in flight would make any version stale; in kUnclear it may be a stranger's, but then it is not ours to
  // delete.
  mirror_.send(ReadNode{path_, false}, [this, done = std::move(done)](Reply<ReadNode> reply) mutable {
    if (!reply || reply->stat.ephemeral_owner != context_.link.session) return done();
    mirror_.send(DeleteNode{path_, reply->stat.version},
                 [done = std::move(done)](const Reply<DeleteNode>&) { done(); });
  });
}

}  // namespace chorale::coordination
