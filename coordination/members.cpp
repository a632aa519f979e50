#include "coordination/members.h"

#include "coordination/documents.h"

namespace chorale::coordination {

void Members::reset() {
  mirror_.reset();
  known_ = false;
  ids_.clear();
}

void Members::drive(bool root_ready, bool may_write) {
  if (!root_ready) return;
  if (mirror_.due()) {
    return mirror_.look(ListChildren{context_.paths.members, true},
                        [this](const Reply<ListChildren>& reply) { on_listed(reply); });
  }
  if (!known_ || !may_write || !mirror_.may_look()) return;
  const bool listed = ids_.count(context_.options.id) > 0;
  if (context_.options.applies && !listed) create();
  if (!context_.options.applies && listed) remove();
}

void Members::on_listed(const Reply<ListChildren>& reply) {
  if (!reply) {
    if (!is_unknown(reply.error().kind) && reply.error().kind != ErrorKind::kNoNode) {
      if (!known_) context_.log(LogLine::Level::kError, "members cannot be listed: " + reply.error().message);
      known_ = true;
    }
    return mirror_.again(reply.error());
  }
  mirror_.fresh();
  known_ = true;
  ids_ = std::set<std::string>(reply->names.begin(), reply->names.end());
}

void Members::create() {
  const MemberDocument document{context_.options.host, context_.options.started_at};
  mirror_.look(CreateNode{context_.paths.members.child(context_.options.id), encode(document)},
               [this](const Reply<CreateNode>& reply) {
                 if (reply || reply.error().kind == ErrorKind::kExists) return mirror_.again();
                 mirror_.again(reply.error());
               });
}

void Members::remove() {
  mirror_.look(DeleteNode{context_.paths.members.child(context_.options.id), kAnyVersion},
               [this](const Reply<DeleteNode>& reply) {
                 if (reply || reply.error().kind == ErrorKind::kNoNode) return mirror_.again();
                 mirror_.again(reply.error());
               });
}

}  // namespace chorale::coordination
