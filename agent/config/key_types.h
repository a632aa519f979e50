// What a key of chorale.toml may hold: one type each, with its range and the member of Config that it fills. Pure.
//
// A default is what the member holds in a Config{}; it stands nowhere else.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "agent/base/types.h"
#include "agent/config/config.h"
#include "agent/config/config_settings.h"

namespace chorale::agent {

// A member of Config, or a member of a member: kMember<&Config::statsd, &StatsdConfig::address>.
template <class T>
struct Member {
  T& (*of)(Config&);
  const T& (*in)(const Config&);
};
template <auto... Path>
inline constexpr Member<std::remove_reference_t<decltype((std::declval<Config&>().*....*Path))>> kMember{
    [](Config & config) -> auto& {return (config.*....*Path);
}  // namespace chorale::agent
, [](const Config& config) -> const auto& { return (config.*....*Path); }
}
;

using Check = tl::expected<void, Failure> (*)(std::string_view);

struct TextKey {
  Member<std::string> member;
  Check check = nullptr;
};
// The path of a file whose content is a secret, which load_config reads.
struct SecretFileKey {
  Member<std::string> member;
  Member<std::string> content;
};
struct FlagKey {
  Member<bool> member;
};
// One of two words.
struct ChoiceKey {
  Member<bool> member;
  std::string_view when_true;
  std::string_view when_false;
};
struct IntegerKey {
  Member<int> member;
  int min = 0;
  int max = 0;
  std::optional<int> outside{};  // what is taken for a number that is outside; none: it is refused
};
// From 0 to 1.
struct FractionKey {
  Member<double> member;
};
struct DurationKey {
  Member<Milliseconds> member;
  Milliseconds min;
  Milliseconds max;
};
// An array of strings, or one string that is split at the separators; without separators it is the only entry.
template <class Container>
struct ListKey {
  Member<Container> member;
  std::string_view separators;
  Check check = nullptr;  // of each entry
};
// A string, or a whole number, with a grammar of its own.
struct ParsedKey {
  tl::expected<void, Failure> (*read)(std::string_view text, Config& config);
  std::string (*write)(const Config& config);
};
// Known for the sake of later versions: checked and dropped.
struct UnusedKey {
  std::string_view only_value;
  Check check = nullptr;
};

using KeyType = std::variant<TextKey, SecretFileKey, FlagKey, ChoiceKey, IntegerKey, FractionKey, DurationKey,
                             ListKey<std::vector<std::string>>, ListKey<std::set<std::string>>, ParsedKey, UnusedKey>;

// Puts a setting into its member. The error says what was expected, and repeats nothing that may be a password.
[[nodiscard]] tl::expected<void, Failure> assign(Config& config, const KeyType& type, const SettingValue& value);
// A string, or a whole number as text: Nixy writes port = "6000".
[[nodiscard]] tl::expected<std::string, Failure> text_or_integer(const SettingValue& value);
// What a Config holds, as TOML: `"10s"`. It may be a secret.
[[nodiscard]] std::string written(const KeyType& type, const Config& config);
// Whether both hold the same value; of a secret file, also the same secret.
[[nodiscard]] bool same(const KeyType& type, const Config& a, const Config& b);

// For people: "duration"; "from 1s to 10m", or "" for a type without a range.
[[nodiscard]] std::string_view name_of(const KeyType& type);
[[nodiscard]] std::string range_of(const KeyType& type);

}  // namespace chorale::agent
