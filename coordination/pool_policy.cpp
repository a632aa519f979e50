#include "coordination/pool_policy.h"

#include <algorithm>
#include <map>

namespace chorale::coordination {

void PoolPolicy::reset() {
  scope_.end();
  if (reading_ || retry_at_) committed_digest_.clear();
  reading_ = false;
  retry_at_.reset();
}

void PoolPolicy::drive(bool root_ready, const PolicyValues& own) {
  if (own_ != own) own_ = own;
  read_committed(pointer_.document(), root_ready && context_.link.connected);
  const Documents& documents = roster_.documents();
  const bool registered = roster_.contains(context_.options.id);
  if (rests_on(documents, registered)) return;
  basis_ = Basis{own_, committed_, members_.ids(), {}, {}, registered};
  for (const auto& [id, agent] : documents) {
    basis_->announced.emplace(id, agent.policy);
    if (agent.may_lead) basis_->may_lead.insert(id);
  }
  judge();
}

bool PoolPolicy::rests_on(const Documents& documents, bool registered) const {
  return basis_ && basis_->registered == registered && basis_->own == own_ && basis_->committed == committed_ &&
         basis_->members == members_.ids() &&
         std::equal(documents.begin(), documents.end(), basis_->announced.begin(), basis_->announced.end(),
                    [this](const auto& now, const auto& then) {
                      return now.first == then.first && now.second.policy == then.second &&
                             now.second.may_lead == basis_->may_lead.contains(now.first);
                    });
}

void PoolPolicy::judge() {
  std::map<std::string, PolicyValues> announced = basis_->announced;
  if (basis_->registered) announced[context_.options.id] = own_;
  values_ = pool_policy(basis_->members, announced, committed_);
  published_ = values_ && !own_.empty() ? policy_filled(own_, *values_) : own_;
  difference_ = values_ ? policy_difference(own_, *values_) : std::nullopt;
  const auto other = std::find_if(announced.begin(), announced.end(), [this](const auto& entry) {
    return entry.first != context_.options.id && basis_->may_lead.contains(entry.first) && !entry.second.empty() &&
           values_ && !policy_difference(entry.second, *values_);
  });
  another_ = other == announced.end() ? std::nullopt : std::optional(other->first);
}

void PoolPolicy::read_committed(const StateDocument* state, bool may_ask) {
  const RevisionHeader* committed = state != nullptr && state->committed ? &*state->committed : nullptr;
  const std::string digest = committed == nullptr ? std::string() : committed->policy;
  const bool due = digest != committed_digest_ || (retry_at_ && context_.now >= *retry_at_);
  if (!due || (reading_ && digest == committed_digest_)) return;
  scope_.end();
  reading_ = false;
  retry_at_.reset();
  committed_digest_ = digest;
  committed_.clear();
  if (digest.empty()) return;
  if (policy_digest(own_) == digest) committed_ = own_;
  for (const auto& [id, agent] : roster_.documents()) {
    if (policy_digest(agent.policy) == digest) committed_ = agent.policy;
  }
  if (!committed_.empty()) return;
  if (!may_ask) {
    retry_at_ = context_.now;
    return;
  }
  reading_ = true;
  const std::string name = manifest_name(committed->identity.epoch, committed->identity.revision);
  context_.send(scope_, ReadNode{context_.paths.revisions.child(name)},
                [this, digest](const Reply<ReadNode>& reply) { on_manifest(digest, reply); });
}

// A manifest that is gone or damaged names no policy: then there is none to compare with but the majority's.
void PoolPolicy::on_manifest(const std::string& digest, const Reply<ReadNode>& reply) {
  reading_ = false;
  if (!reply && is_unknown(reply.error().kind)) {
    retry_at_ = context_.now + kRetryDelay;
    return;
  }
  const auto manifest = reply ? decode_manifest(reply->data) : tl::unexpected(reply.error());
  if (manifest && policy_digest(manifest->policy) == digest) {
    committed_ = manifest->policy;
    return;
  }
  context_.log(LogLine::Level::kWarning, "the policy " + digest + " of the committed revision cannot be read: " +
                                             (manifest ? "its manifest names another" : manifest.error().message));
}

}  // namespace chorale::coordination
