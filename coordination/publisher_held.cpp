// What an operator holds, on its way to be committed: it is nobody's offer, and tried again by itself.
#include <algorithm>
#include <utility>

#include "coordination/publisher.h"
#include "coordination/require.h"

namespace chorale::coordination {
namespace {

constexpr std::chrono::milliseconds kHeldAgain{5'000};
constexpr std::chrono::milliseconds kRefusedHeldAgain{30'000};

}  // namespace

void Publisher::keep_back(const std::string& reason) {
  if (!pending_) return;
  abandon_pending(reason);
  if (state_ == State::kIdle) blockage_.end();
}

void Publisher::ask_again() {
  refused_digest_.reset();
  held_again_at_ = context_.now;
}

void Publisher::write_held(std::optional<HoldDocument> held, const std::string& released_by) {
  require(idle() && fence_.held(), "a hold is echoed between two proposals");
  blockage_.end();
  const auto& stands = fence_.document().held;
  const std::string before = stands ? to_text(*stands) : "";
  if (!held) {
    const std::string by = released_by.empty() ? "" : " by " + released_by;
    context_.log_news(LogLine::Level::kWarning, "released" + by + ", it was " + before);
  } else {
    const bool replaces = stands && before != to_text(*held);
    context_.log_news(LogLine::Level::kWarning, to_text(*held) + (replaces ? "; before, it was " + before : ""));
  }
  held_again_at_ = context_.now;
  StateDocument next = fence_.document();
  next.held = std::move(held);
  fence_.write(std::move(next), [this](Fence::Result result, const std::string& reason) {
    if (result == Fence::Result::kFailed) failure_ = "cannot write the state: " + reason;
    if (result == Fence::Result::kHeld && fence_.last_stat()) pointer_.wrote(fence_.document(), *fence_.last_stat());
  });
}

void Publisher::publish_held(const Content& content) {
  const HoldDocument& held = fence_.document().held.value();
  if (context_.now < held_again_at_) return;
  const Manifest& manifest = *content.manifest;
  StateOffered offered;
  offered.content = {context_.paths.root, content.files, manifest.files};
  offered.cause = to_text(held);
  offered.apps = manifest.header.apps;
  offered.servers = manifest.header.servers;
  offered.quarantined = manifest.quarantined;
  offered.created_at = held.since;
  blockage_.want(held.digest, held.since, context_.now);
  offer_ = 0;
  last_used_ = std::max(last_used_, fence_.document().last_revision);
  last_used_.value += 1;
  verdict_ = Verdict{};
  refused_.reset();
  entry_ = HistoryEntry{};
  entry_.at = held.since;
  entry_.by = held.by;
  entry_.changes.what = "the routes of " + to_text(manifest.header.identity);
  taken_at_ = context_.now;
  content_ = compose(std::move(offered), last_used_, manifest.policy);
  state_ = State::kUploading;
  uploader_.start(content_);
}

void Publisher::close_held(Fate fate, const std::string& reason) {
  const Content content = std::exchange(content_, Content{});
  if (fate == Fate::kCommitted) {
    context_.effects.emplace_back(HeldCommitted{content.manifest, content.files});
    return;
  }
  held_again_at_ = context_.now + (fate == Fate::kRejected ? kRefusedHeldAgain : kHeldAgain);
  if (leading_) context_.log(LogLine::Level::kError, "what is held is not committed: " + reason);
}

}  // namespace chorale::coordination
