#include "agent/marathon/event_reader.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace chorale::agent {
namespace {

// Groups nest, and every level costs two; the parser keeps one bit per level.
constexpr std::size_t kMaxEventDepth = 1000;

std::string first_of(std::string preferred, std::string other) {
  return preferred.empty() ? std::move(other) : std::move(preferred);
}

}  // namespace

bool EventReader::fail(std::string what) {
  failure = Failure{"event: " + std::move(what)};
  return false;
}

bool EventReader::inside() { return depth_ > 0 || fail("expected a JSON object"); }

bool EventReader::boolean(bool value) {
  if (depth_ == 1 && (key_ == "alive" || key_ == "healthy")) {
    alive_ = value;
  }
  return inside();
}

bool EventReader::string(std::string& value) {
  if (depth_ != 1) {
    if (depth_ == 2 && key_ == "appDefinition" && definition_key_ == "id") {
      definition_id_ = std::move(value);
    }
    return inside();
  }
  const std::pair<const char*, std::string*> members[] = {
      {"eventType", &type_},    {"appId", &app_id_},           {"runSpecId", &run_spec_id_}, {"taskId", &task_id_},
      {"taskStatus", &status_}, {"instanceId", &instance_id_}, {"condition", &condition_}};
  const auto* wanted =
      std::find_if(std::begin(members), std::end(members), [&](const auto& each) { return key_ == each.first; });
  if (wanted != std::end(members)) *wanted->second = std::move(value);
  return true;
}

bool EventReader::start_object(std::size_t /*size*/) { return ++depth_ <= kMaxEventDepth || fail("nested too deeply"); }

bool EventReader::key(std::string& name) {
  if (depth_ == 1) {
    key_.swap(name);
    definition_key_.clear();
  } else if (depth_ == 2) {
    definition_key_.swap(name);
  }
  return true;
}

bool EventReader::end_object() {
  --depth_;
  return true;
}

bool EventReader::start_array(std::size_t /*size*/) {
  if (!inside()) {
    return false;
  }
  return ++depth_ <= kMaxEventDepth || fail("nested too deeply");
}

bool EventReader::end_array() {
  --depth_;
  return true;
}

bool EventReader::parse_error(std::size_t position, const std::string& /*last_token*/,
                              const std::exception& /*error*/) {
  return fail(position >= bytes_ ? "the JSON ends in the middle" : "no valid JSON at byte " + std::to_string(position));
}

tl::expected<MarathonEvent, Failure> EventReader::event() && {
  if (type_.empty()) {
    return tl::unexpected(Failure{"event: it has no eventType"});
  }
  MarathonEvent event;
  event.type = std::move(type_);
  event.app = first_of(first_of(std::move(app_id_), std::move(run_spec_id_)), std::move(definition_id_));
  event.task = first_of(std::move(task_id_), std::move(instance_id_));
  event.state = first_of(std::move(status_), std::move(condition_));
  event.alive = alive_;
  return event;
}

}  // namespace chorale::agent
