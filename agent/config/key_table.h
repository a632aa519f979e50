// Every key of chorale.toml, once. From this table come the parser, the advice on mistyped keys, what SIGHUP puts in
// force, packaging/chorale.toml, and the keys of chorale.toml(5). Pure.
#pragma once

#include <string_view>
#include <vector>

#include "agent/config/key_types.h"

namespace chorale::agent {

// Texts are plain English with names and code in `backticks`.
struct Key {
  std::string_view name;     // lower case, a section dotted: "statsd.addr"
  std::string_view heading;  // what it stands under in both texts
  KeyType type;
  std::string_view text;          // for both texts
  std::string_view more = {};     // for the manual alone
  std::string_view unset = {};    // what holds where the key is not set and no value says it: "the host's name"
  std::string_view example = {};  // shown instead of the default, as TOML
  // Takes the value into a running agent's configuration on SIGHUP; nullptr: it waits for the next start.
  void (*on_reread)(const Config& next, Config& running) = nullptr;
};

// In the order of the texts: the keys of one heading together, sections last.
[[nodiscard]] const std::vector<Key>& key_table();
// nullptr: there is no such key.
[[nodiscard]] const Key* find_key(std::string_view name);
// The key that a mistyped name most likely means; nullptr: none is near.
[[nodiscard]] const Key* nearest_key(std::string_view name);
// So near that nothing else can have been meant.
[[nodiscard]] bool is_misspelling(std::string_view name, const Key& key);

}  // namespace chorale::agent
