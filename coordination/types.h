// The words of coordination as types: what must not be mixed up cannot be.
#pragma once

#include <chrono>
#include <compare>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace chorale::coordination {

// Every decision is made on the steady clock, handed in by the caller; nothing in coordination/ reads a clock.
using TimePoint = std::chrono::steady_clock::time_point;
using Duration = std::chrono::steady_clock::duration;

// The number of one leadership. Rises for ever; 0 is "no leader was ever seen".
struct Epoch {
  std::int64_t value = 0;
  auto operator<=>(const Epoch&) const = default;
};

// The number of one proposed state. Rises for ever, burnt by proposing, committed or not; 0 is "none".
struct Revision {
  std::int64_t value = 0;
  auto operator<=>(const Revision&) const = default;
};

// Which state exactly: ordered by (epoch, revision); the digest (64 hex, see manifest_digest) is compared for equality.
struct Identity {
  Epoch epoch;
  Revision revision;
  std::string digest;

  bool operator==(const Identity&) const = default;
  // True if `this` comes before `other` in the one order that agents apply in. The digest takes no part.
  [[nodiscard]] bool older_than(const Identity& other) const {
    return std::pair(epoch, revision) < std::pair(other.epoch, other.revision);
  }
};

// "7.41", for people.
[[nodiscard]] inline std::string to_text(const Identity& identity) {
  return std::to_string(identity.epoch.value) + "." + std::to_string(identity.revision.value);
}

// A znode's data version as ZooKeeper counts it. -1 (kAnyVersion) matches any.
struct Version {
  std::int32_t value = 0;
  auto operator<=>(const Version&) const = default;
};
inline constexpr Version kAnyVersion{-1};

// Which client handle an event belongs to. Every new handle gets the next number; events of older ones are dropped.
struct Generation {
  std::uint64_t value = 0;
  auto operator<=>(const Generation&) const = default;
};

// ZooKeeper's own session id (zoo_client_id().client_id), as it stands in Stat.ephemeralOwner.
struct SessionId {
  std::int64_t value = 0;
  auto operator<=>(const SessionId&) const = default;
};

// An absolute znode path: starts with '/', no trailing '/' (except the root itself). A store refuses any other.
class Path {
 public:
  Path() = default;
  explicit Path(std::string text) : text_(std::move(text)) {}

  [[nodiscard]] const std::string& text() const { return text_; }
  [[nodiscard]] Path child(std::string_view name) const {
    return Path((text_ == "/" ? std::string() : text_) + "/" + std::string(name));
  }
  // The part after the last '/'.
  [[nodiscard]] std::string_view name() const { return std::string_view(text_).substr(text_.find_last_of('/') + 1); }
  auto operator<=>(const Path&) const = default;

 private:
  std::string text_;
};

// What a server says of a znode beside its data. Times are the server's wall clock, milliseconds since 1970.
struct Stat {
  Version version{-0xbad};  // poison: "not filled in" must be visible
  std::int64_t created_zxid = 0;
  std::int64_t modified_zxid = 0;
  std::int64_t created_ms = 0;
  std::int64_t modified_ms = 0;
  SessionId ephemeral_owner;  // 0: not an ephemeral
  std::int32_t data_length = 0;
};

}  // namespace chorale::coordination
