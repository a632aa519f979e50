#include "agent/http/live_status.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "agent/core/problems.h"

namespace chorale::agent {
namespace {

using Json = nlohmann::ordered_json;

// An event's data may have several lines, each after its field's name.
std::string data_lines(std::string_view text) {
  std::string lines = "data: ";
  for (const char c : text) {
    lines += c;
    if (c == '\n') lines += "data: ";
  }
  return lines + "\n";
}

}  // namespace

std::string status_facts(const std::string& version, const HealthInputs& health,
                         const LiveStatus::ClusterResult& cluster, const LastCluster* last) {
  std::string facts = "\"version\": " + Json(version).dump() + ", \"health\": " + health_json(health) + ", ";
  if (cluster) return facts + "\"cluster\": " + encode_status(*cluster) + ", \"error\": null";
  const auto error = Json(cluster.error().message).dump(-1, ' ', false, Json::error_handler_t::replace);
  facts += "\"cluster\": null, \"error\": " + error;
  if (last == nullptr) return facts;
  return facts + ", \"last_cluster_at\": " + Json(last->at).dump() +
         ", \"last_cluster\": " + encode_status(last->snapshot);
}

std::string status_event(const std::string& now, const std::string& facts) {
  return "event: status\n" + data_lines("{\"now\": " + Json(now).dump() + ", " + facts + "}") + "\n";
}

HttpResponse LiveStatus::subscribe() {
  HttpResponse response;
  if (text_->listeners() >= kMostListeners) {
    response.status = 503;
    response.content_type = "text/plain; charset=utf-8";
    response.body = std::to_string(kMostListeners) + " listeners already; ask /v1/status\n";
    return response;
  }
  response.content_type = "text/event-stream; charset=utf-8";
  response.live = text_;
  // Its ages count from now, not from when all this was news.
  if (text_->text()) text_->reword(status_event(sources_.now(), shown_));
  if (!looking_) {
    looking_ = true;
    sources_.after(std::chrono::milliseconds(0), [weak = weak_from_this()] {
      if (const auto self = weak.lock()) self->look();
    });
  }
  return response;
}

void LiveStatus::look() {
  if (text_->listeners() == 0) {
    looking_ = false;
    shown_.clear();
    text_->forget();
    return;
  }
  sources_.cluster([weak = weak_from_this()](const ClusterResult& cluster) {
    if (const auto self = weak.lock()) self->show(cluster);
  });
  sources_.after(kLookedAtEvery, [weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->look();
  });
}

void LiveStatus::show(const ClusterResult& cluster) {
  std::string facts = status_facts(sources_.version, sources_.health(), cluster, sources_.last_cluster());
  if (facts == shown_) return;
  shown_ = std::move(facts);
  text_->set(status_event(sources_.now(), shown_));
}

}  // namespace chorale::agent
