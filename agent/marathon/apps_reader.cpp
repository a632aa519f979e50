#include "agent/marathon/apps_reader.h"

#include <algorithm>
#include <utility>

#include "agent/base/one_line.h"

namespace chorale::agent {
namespace {

// Marathon's own documents are about ten levels deep; nlohmann would need no stack for more, but more is not needed.
constexpr std::size_t kMaxDepth = 200;

// What is not of this shape counts as absent.
bool is_left_out(Shape shape) { return shape == Shape::kAnyArray || shape == Shape::kAnyCount; }

bool is_app(Node node) { return node == Node::kApp || node == Node::kPod; }

Shape shape_of(Node document) { return document == Node::kPods ? Shape::kArray : Shape::kObject; }

}  // namespace

bool AppsReader::fail(const std::string& what) {
  if (!failure) {
    const std::string app =
        draft_.app.id.empty() ? "" : (draft_.app.pod ? "pod " : "app ") + one_line(draft_.app.id) + ": ";
    failure = Failure{app + what};
  }
  return false;
}

bool AppsReader::fail_document(std::string_view found) {
  return fail("the document is " + std::string(found) + ", expected " +
              std::string(expected_text(shape_of(document_))));
}

bool AppsReader::in_app() const {
  return std::any_of(frames_.begin(), frames_.end(), [](const Frame& frame) { return is_app(frame.node); });
}

bool AppsReader::spoil(const std::string& what) {
  if (!in_app()) {
    return fail(what);
  }
  if (!draft_.unreadable) {
    draft_.unreadable = what;
  }
  return true;
}

std::string AppsReader::path() const {
  std::string out;
  for (const Frame& frame : frames_) {
    if (is_app(frame.node)) {
      out.clear();
    }
    if (frame.array) {
      out += "[" + std::to_string(frame.index) + "]";
    } else {
      out += (out.empty() ? "" : ".") + one_line(frame.key, 60);
    }
  }
  return out.empty() ? "the document" : out;
}

bool AppsReader::wrong(const Rule& rule, std::string_view found) {
  return spoil(path() + " is " + std::string(found) + ", expected " + std::string(expected_text(rule.shape)));
}

const Rule* AppsReader::expect() {
  if (ignored_depth_ > 0) {
    return nullptr;
  }
  Frame& frame = frames_.back();
  const Rule* rule = find_rule(frame.node, frame.key);
  if (rule != nullptr && rule->key != "*") {
    const auto node = static_cast<std::size_t>(rule->node);
    if (frame.seen.test(node)) {
      // Which of the two is meant decides about routes, and every parser chooses differently.
      const std::string what = path() + " appears twice";
      rule->node == Node::kAppId || rule->node == Node::kPodId ? fail(what) : spoil(what);
    }
    frame.seen.set(node);
  }
  return rule;
}

// For every value that is neither object nor array: `rule` is what to do with it, nullptr for nothing.
bool AppsReader::scalar(Shape shape, std::string_view what, const Rule*& rule) {
  rule = nullptr;
  if (frames_.empty()) {
    return fail_document(what);
  }
  const Rule* found = expect();
  const bool is_count = found != nullptr && found->shape == Shape::kAnyCount && shape == Shape::kPort;
  if (found != nullptr && found->shape != shape && !is_count) {
    const bool is_tolerant = is_left_out(found->shape) || found->shape == Shape::kAnyText;
    if (is_left_out(found->shape) || (is_tolerant && shape != Shape::kText)) {
      found = nullptr;
    } else if (!is_tolerant) {
      wrong(*found, what);
      found = nullptr;
    }
  }
  rule = found;
  return !failure;
}

bool AppsReader::null() {
  if (frames_.empty()) {
    return fail_document("null");
  }
  const Rule* rule = expect();
  if (rule != nullptr && !rule->nullable) {
    wrong(*rule, "null");
  }
  return !failure && advance();
}

bool AppsReader::boolean(bool value) {
  const Rule* rule = nullptr;
  if (!scalar(Shape::kBoolean, "a boolean", rule)) {
    return false;
  }
  if (rule != nullptr && rule->node == Node::kAlive) {
    draft_.app.tasks.back().health.back().alive = value;
  } else if (rule != nullptr && rule->node == Node::kEndpointHealthy) {
    draft_.instances.back().containers.back().endpoints.back().healthy = value;
  } else if (rule != nullptr && rule->node == Node::kReady) {
    draft_.readiness.back().ready = value;
  }
  return advance();
}

bool AppsReader::number_integer(std::int64_t value) {
  const Rule* rule = nullptr;
  if (!scalar(Shape::kPort, "an integer", rule)) {
    return false;
  }
  // nlohmann hands over negative integers only here.
  if (rule != nullptr && rule->shape != Shape::kAnyCount) {
    wrong(*rule, std::to_string(value));
  }
  return advance();
}

bool AppsReader::number_unsigned(std::uint64_t value) {
  const Rule* rule = nullptr;
  if (!scalar(Shape::kPort, "an integer", rule)) {
    return false;
  }
  if (rule != nullptr && rule->shape == Shape::kAnyCount) {
    draft_.app.instances = value;
  } else if (rule != nullptr) {
    if (value > 65535) {
      wrong(*rule, std::to_string(value));
    } else {
      take_port(rule->node, static_cast<std::uint16_t>(value));
    }
  }
  return advance();
}

bool AppsReader::number_float(double /*value*/, const std::string& /*text*/) {
  if (frames_.empty()) {
    return fail_document("a number");
  }
  const Rule* rule = expect();
  if (rule != nullptr && rule->shape != Shape::kAnyText && !is_left_out(rule->shape)) {
    wrong(*rule, "a number with a fraction");
  }
  return !failure && advance();
}

bool AppsReader::string(std::string& value) {
  const Rule* rule = nullptr;
  if (!scalar(Shape::kText, "a string", rule)) {
    return false;
  }
  if (rule != nullptr) {
    take_text(rule->node, value);
  }
  return advance();
}

bool AppsReader::binary(const std::vector<std::uint8_t>& /*value*/) { return fail("binary data"); }

bool AppsReader::open(Shape shape) {
  if (frames_.size() + ignored_depth_ >= kMaxDepth &&
      !spoil("nested deeper than " + std::to_string(kMaxDepth) + " levels")) {
    return false;
  }
  if (ignored_depth_ > 0) {
    ++ignored_depth_;
    return true;
  }
  if (frames_.empty()) {
    if (shape != shape_of(document_)) {
      return fail_document(expected_text(shape));
    }
    frames_.emplace_back(document_, shape == Shape::kArray);
    begin(document_);
    return true;
  }
  const Rule* rule = expect();
  if (failure) {
    return false;
  }
  const bool is_skipped =
      rule != nullptr && is_left_out(rule->shape) && !(rule->shape == Shape::kAnyArray && shape == Shape::kArray);
  if (rule == nullptr || rule->shape == Shape::kAnyText || is_skipped) {
    ++ignored_depth_;
    return true;
  }
  if (rule->shape != shape && rule->shape != Shape::kAnyArray) {
    if (!wrong(*rule, expected_text(shape))) {
      return false;
    }
    ++ignored_depth_;
    return true;
  }
  frames_.emplace_back(rule->node, shape == Shape::kArray);
  begin(rule->node);
  return true;
}

bool AppsReader::start_object(std::size_t /*size*/) { return open(Shape::kObject); }
bool AppsReader::start_array(std::size_t /*size*/) { return open(Shape::kArray); }

bool AppsReader::key(std::string& name) {
  if (ignored_depth_ == 0) {
    frames_.back().key.swap(name);
  }
  return true;
}

bool AppsReader::end_object() {
  if (ignored_depth_ > 0) {
    --ignored_depth_;
    return advance();
  }
  const Frame frame = std::move(frames_.back());
  frames_.pop_back();
  if (is_app(frame.node) && !end_app()) {
    return false;
  }
  if ((frame.node == Node::kTask || frame.node == Node::kInstance) && draft_.app.tasks.back().id.empty()) {
    spoil(path() + " has no id");
  }
  if (frame.node == Node::kHealthResult && frame.seen.none()) {
    spoil(path() + " does not say whether the task is alive");
  }
  if (frame.node == Node::kHealthCheck) {
    draft_.end_health_check();
  }
  end_pod_part(frame.node);
  return advance();
}

bool AppsReader::end_array() {
  if (ignored_depth_ > 0) {
    --ignored_depth_;
  } else {
    const Frame& frame = frames_.back();
    if (frame.node == Node::kDeployments) draft_.app.deploying = frame.index > 0;
    if (frame.node == Node::kReadinessChecks) draft_.app.readiness_checks = frame.index;
    const Node node = frame.node;
    frames_.pop_back();
    end_pod_part(node);
  }
  return advance();
}

bool AppsReader::parse_error(std::size_t position, const std::string& /*last_token*/, const std::exception& /*error*/) {
  // Neither the token nor the library's text is shown: they may hold a piece of an app's env.
  return fail(position >= body_bytes_ ? "the JSON ends in the middle, after " + std::to_string(body_bytes_) + " bytes"
                                      : "no valid JSON at byte " + std::to_string(position));
}

bool AppsReader::advance() {
  if (ignored_depth_ == 0 && !frames_.empty() && frames_.back().array) {
    ++frames_.back().index;
  }
  return true;
}

bool AppsReader::end_app() {
  if (draft_.app.id.empty()) {
    return fail(path() + (draft_.unreadable ? " cannot be told from others: " + *draft_.unreadable : " has no id"));
  }
  if (!draft_.unreadable && !draft_.has_tasks) {
    // Without them this would look like an app that lost all of its servers.
    draft_.unreadable = draft_.app.pod ? "it has no \"instances\"" : "it has no \"tasks\": ask with ?embed=apps.tasks";
  }
  if (!draft_.unreadable && draft_.app.pod && !draft_.has_containers) {
    draft_.unreadable = "its spec has no \"containers\"";
  }
  MarathonApp app = settle(std::exchange(draft_, AppDraft{}));
  if (frames_.empty() || frames_.back().node == Node::kRoot) {
    single = std::move(app);
    return true;
  }
  std::string id = app.id;
  if (const auto [at, added] = apps.try_emplace(std::move(id), std::move(app)); !added) {
    MarathonApp twice;
    twice.id = at->first;
    twice.pod = at->second.pod;
    twice.unreadable = "it is listed twice";
    at->second = std::move(twice);
  }
  return true;
}

}  // namespace chorale::agent
