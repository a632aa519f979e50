#include "coordination/hold.h"

#include <array>
#include <chrono>
#include <cstdio>
#include <utility>

namespace chorale::coordination {
namespace {

// "2026-11-22T12:00:00.000Z"
std::string utc_text(std::int64_t milliseconds) {
  const std::chrono::sys_time<std::chrono::milliseconds> time{std::chrono::milliseconds{milliseconds}};
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date{day};
  const std::chrono::hh_mm_ss clock{time - day};
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%04d-%02u-%02uT%02d:%02d:%02d.%03dZ", static_cast<int>(date.year()),
                static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
                static_cast<int>(clock.seconds().count()), static_cast<int>(clock.subseconds().count()));
  return text.data();
}

}  // namespace

void Hold::reset() {
  mirror_.reset();
  content_.reset();
  state_ = State::kUnknown;
  known_ = false;
  there_ = false;
  read_zxid_ = 0;
  error_.clear();
  released_by_.clear();
}

void Hold::drive(const std::optional<RevisionHeader>& committed) {
  if (mirror_.due()) {
    mirror_.look(CheckNode{context_.paths.hold, true}, [this](const Reply<CheckNode>& reply) { on_checked(reply); });
  }
  if (state_ == State::kFound && policy_.known()) find_content(committed);
}

void Hold::on_checked(const Reply<CheckNode>& reply) {
  if (!reply) return mirror_.again(reply.error());
  if (!reply->stat) {
    there_ = false;
    read_zxid_ = 0;
    error_.clear();
    content_.reset();
    return settle(State::kNone);
  }
  if (reply->stat->modified_zxid == read_zxid_) return mirror_.fresh();
  there_ = true;
  mirror_.send(ReadNode{context_.paths.hold}, [this](const Reply<ReadNode>& read) { on_read(read); });
}

void Hold::on_read(const Reply<ReadNode>& reply) {
  known_ = known_ || reply || !is_unknown(reply.error().kind);
  if (!reply) {
    if (is_unknown(reply.error().kind) || reply.error().kind == ErrorKind::kNoNode) return ask_again(reply.error());
    asked_ = HoldDocument{Revision{}, "an operator", {}, {}};
    hold_committed("the hold cannot be read: " + reply.error().message);
    return mirror_.again(reply.error());
  }
  read_zxid_ = reply->stat.modified_zxid;
  since_ = utc_text(reply->stat.modified_ms);
  content_.reset();
  released_by_.clear();
  auto hold = decode_hold(reply->data);
  if (hold) return understand(std::move(*hold));
  asked_ = HoldDocument{Revision{}, "an operator", {}, {}};
  fall_back("the hold cannot be read: " + hold.error().message);
}

void Hold::understand(HoldDocument hold) {
  asked_ = std::move(hold);
  error_.clear();
  if (!asked_.released_by.empty()) {
    released_by_ = asked_.released_by;
    there_ = false;
    return settle(State::kNone);
  }
  state_ = State::kUnknown;  // until it is known what it means, what stands in the state stays
  if (asked_.revision.value == 0) return settle(State::kCommitted);
  if (asked_.epoch.value > 0) {
    return read_manifest(context_.paths.revisions.child(manifest_name(asked_.epoch, asked_.revision)));
  }
  mirror_.send(ListChildren{context_.paths.revisions}, [this](const Reply<ListChildren>& reply) { on_listed(reply); });
}

// A number stands for one revision, unless an older backup was restored.
void Hold::on_listed(const Reply<ListChildren>& reply) {
  if (!reply) return ask_again(reply.error());
  std::optional<Epoch> newest;
  for (const std::string& name : reply->names) {
    const auto numbers = parse_manifest_name(name);
    if (numbers && numbers->second == asked_.revision && (!newest || numbers->first > *newest)) {
      newest = numbers->first;
    }
  }
  if (!newest) return fall_back("revision " + std::to_string(asked_.revision.value) + " is not kept any more");
  read_manifest(context_.paths.revisions.child(manifest_name(*newest, asked_.revision)));
}

void Hold::read_manifest(const Path& path) {
  mirror_.send(ReadNode{path}, [this, path](const Reply<ReadNode>& reply) { on_manifest(path, reply); });
}

void Hold::on_manifest(const Path& path, const Reply<ReadNode>& reply) {
  if (!reply && is_unknown(reply.error().kind)) return ask_again(reply.error());
  const auto numbers = parse_manifest_name(path.name());
  const std::string name = to_text(Identity{numbers->first, numbers->second, {}});
  if (!reply && reply.error().kind == ErrorKind::kNoNode) {
    return fall_back("revision " + name + " is not kept any more");
  }
  auto manifest = reply ? decode_manifest(reply->data, context_.options.newest_format) : tl::unexpected(reply.error());
  if (!manifest) return fall_back("revision " + name + " cannot be read: " + manifest.error().message);
  const Identity identity{numbers->first, numbers->second, manifest->header.identity.digest};
  if (!is_manifest_of(identity, *manifest)) {
    return fall_back("revision " + name + " cannot be read: it is not what its name says");
  }
  identity_ = identity;
  found_policy_ = std::move(manifest->policy);
  settle(State::kFound);
}

void Hold::find_content(const std::optional<RevisionHeader>& committed) {
  if (committed && committed->identity.digest == identity_.digest) {
    if (content_.state() != Fetch::State::kIdle) content_.reset();
    return;
  }
  if (content_.state() == Fetch::State::kIdle) {
    const auto difference =
        policy_.values() ? policy_difference(found_policy_, *policy_.values()) : std::optional<std::string>();
    if (difference) {
      return hold_committed("revision " + to_text(identity_) + " was made under another policy: " + *difference);
    }
    content_.start(identity_);
  }
  content_.drive();
  if (content_.state() == Fetch::State::kMissing) {
    hold_committed("revision " + to_text(identity_) + " cannot be read: " + content_.reason());
  }
}

// What is known of the hold stays known meanwhile.
void Hold::ask_again(const Error& error) {
  read_zxid_ = 0;
  mirror_.again(error);
}

void Hold::settle(State state) {
  known_ = true;
  state_ = state;
  mirror_.fresh();
}

void Hold::fall_back(const std::string& why) {
  hold_committed(why);
  mirror_.fresh();
}

void Hold::hold_committed(const std::string& why) {
  if (std::exchange(error_, cut_text(why)) != error_) {
    context_.log(LogLine::Level::kError, why + "; what is committed is held");
  }
  content_.reset();
  state_ = State::kCommitted;
}

bool Hold::wanted(const std::optional<RevisionHeader>& committed) const {
  return there_ && (committed || state_ != State::kCommitted);
}

std::optional<HoldDocument> Hold::held(const std::optional<HoldDocument>& stands,
                                       const std::optional<RevisionHeader>& committed) const {
  HoldDocument next = asked_;
  next.since = since_;
  switch (state_) {
    case State::kUnknown:
      return stands;
    case State::kNone:
      return std::nullopt;
    case State::kFound:
      next.epoch = identity_.epoch;
      next.digest = identity_.digest;
      if (committed && committed->identity.digest == identity_.digest) return next;
      return content_.state() == Fetch::State::kDone ? std::optional(next) : stands;
    case State::kCommitted:
      break;
  }
  if (!committed) return std::nullopt;
  next.error = error_;
  // The same hold goes on meaning what it meant, whoever leads.
  const bool goes_on = stands && stands->digest == committed->identity.digest && stands->by == next.by &&
                       stands->reason == next.reason && stands->since == next.since && stands->error == next.error;
  if (goes_on) return stands;
  next.epoch = committed->identity.epoch;
  next.revision = committed->identity.revision;
  next.digest = committed->identity.digest;
  return next;
}

Content Hold::content() const {
  return state_ == State::kFound && content_.state() == Fetch::State::kDone ? content_.content() : Content{};
}

}  // namespace chorale::coordination
