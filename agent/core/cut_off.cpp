#include "agent/core/cut_off.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

namespace chorale::agent {
namespace {

using coordination::PeerAddress;

const nlohmann::json* member(const nlohmann::json& object, const char* key) {
  if (!object.is_object()) return nullptr;
  const auto found = object.find(key);
  return found == object.end() ? nullptr : &*found;
}

std::string text_of(const nlohmann::json* value) {
  return value != nullptr && value->is_string() ? value->get<std::string>() : "";
}

bool is_true(const nlohmann::json* value) { return value != nullptr && value->is_boolean() && value->get<bool>(); }

}  // namespace

std::optional<PeerHealth> read_peer_health(const std::string& id, unsigned status, std::string_view body) {
  constexpr unsigned kOk = 200;
  const nlohmann::json health = nlohmann::json::parse(body, nullptr, false);
  const nlohmann::json* cluster = member(health, "Cluster");
  const nlohmann::json* zookeeper = member(health, "ZooKeeper");
  if (cluster == nullptr || zookeeper == nullptr || text_of(member(*cluster, "Id")) != id) return std::nullopt;
  const nlohmann::json* applied = member(*cluster, "Applied");
  PeerHealth result;
  result.serves = status == kOk;
  result.connected = is_true(member(*zookeeper, "Healthy"));
  if (applied != nullptr && applied->is_number_integer()) result.applied.value = applied->get<std::int64_t>();
  return result;
}

std::string encode_peers(const std::vector<PeerAddress>& peers) {
  nlohmann::json list = nlohmann::json::array();
  for (const PeerAddress& peer : peers) list.push_back(nlohmann::json{{"id", peer.id}, {"admin", peer.admin}});
  return list.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

std::vector<PeerAddress> decode_peers(std::string_view text) {
  std::vector<PeerAddress> peers;
  const nlohmann::json list = nlohmann::json::parse(text, nullptr, false);
  if (!list.is_array()) return peers;
  for (const nlohmann::json& entry : list) {
    PeerAddress peer{text_of(member(entry, "id")), text_of(member(entry, "admin"))};
    if (!peer.id.empty() && !peer.admin.empty()) peers.push_back(std::move(peer));
  }
  return peers;
}

bool CutOff::know(std::vector<PeerAddress> peers) {
  if (peers.empty() || peers == peers_) return false;
  peers_ = std::move(peers);
  return true;
}

std::vector<PeerAddress> CutOff::step(TimePoint now, bool hears) {
  std::vector<PeerAddress> asked;
  if (hears) {
    silent_since_.reset();
    answers_.clear();
    return asked;
  }
  if (!silent_since_) {
    silent_since_ = now;
    ask_at_ = now + kCutOffAfter;
  }
  if (now < ask_at_) return asked;
  ask_at_ = now + kAskPeersAgain;
  const std::size_t count = std::min(kMostPeersAsked, peers_.size());
  for (std::size_t i = 0; i < count; ++i) asked.push_back(peers_[next_++ % peers_.size()]);
  return asked;
}

void CutOff::answered(const std::string& id, std::optional<PeerHealth> health) {
  if (!silent_since_) return;  // a late answer
  if (health) {
    answers_[id] = {*health, 0};
  } else if (const auto last = answers_.find(id);
             last != answers_.end() && ++last->second.unanswered >= kForgottenAfter) {
    answers_.erase(last);
  }
}

std::optional<std::string> CutOff::replaced_by(coordination::Revision own) const {
  const auto newer = std::find_if(answers_.begin(), answers_.end(), [own](const auto& answer) {
    const PeerHealth& last = answer.second.health;
    return last.serves && last.connected && last.applied > own;
  });
  return newer == answers_.end() ? std::nullopt : std::optional(newer->first);
}

}  // namespace chorale::agent
