#include "coordination/tree_survey.h"

namespace chorale::coordination {
namespace {

constexpr int kLevels = 2;

}  // namespace

void TreeSurvey::reset() {
  scope_.end();
  state_ = State::kIdle;
  waiting_.clear();
  in_flight_ = 0;
  found_.clear();
}

void TreeSurvey::start() {
  reset();
  state_ = State::kAsking;
  waiting_.push_back(Task{context_.paths.root, 0, false});
  waiting_.push_back(Task{context_.paths.root, 0, true});
  send_next();
}

void TreeSurvey::send_next() {
  while (!waiting_.empty() && in_flight_ < in_flight_limit_) {
    const Task task = std::move(waiting_.front());
    waiting_.pop_front();
    ++in_flight_;
    task.list ? list(task) : check(task);
  }
}

void TreeSurvey::check(const Task& task) {
  context_.send(scope_, CheckNode{task.path}, [this, path = task.path](const Reply<CheckNode>& reply) {
    if (reply && reply->stat) found_[path] = Found{reply->stat->version, reply->stat->data_length};
    answered(reply ? nullptr : &reply.error());
  });
}

void TreeSurvey::list(const Task& task) {
  context_.send(scope_, ListChildren{task.path}, [this, task](const Reply<ListChildren>& reply) {
    if (!reply) return answered(&reply.error());
    for (const std::string& name : reply->names) {
      const Path child = task.path.child(name);
      waiting_.push_back(Task{child, task.depth + 1, false});
      if (task.depth + 1 < kLevels) waiting_.push_back(Task{child, task.depth + 1, true});
    }
    answered(nullptr);
  });
}

void TreeSurvey::answered(const Error* error) {
  --in_flight_;
  if (error != nullptr && is_unknown(error->kind)) {
    scope_.end();
    state_ = State::kFailed;
    return;
  }
  send_next();
  if (waiting_.empty() && in_flight_ == 0) state_ = State::kDone;
}

}  // namespace chorale::coordination
