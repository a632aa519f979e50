// What Nginx says of a file may repeat what stands in it: the values of [local] stay on this proxy. Pure.
//
// Nginx quotes what it stumbles over, and cuts it at blanks, quotes, braces, `;`, `$` and after some bytes. So what is
// taken out is every value, every word of one, and whatever a value shares with the text over kSharedBytes bytes.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>

namespace chorale::agent {

class Redaction {
 public:
  static constexpr std::size_t kSharedBytes = 6;

  Redaction() = default;

  // All but the built-in names are secret. Earlier values stay known: old workers and logs still speak of them.
  void learn(const std::map<std::string, std::string>& local_values);
  // `kept`: a path that stands as it is, with the line number behind it.
  [[nodiscard]] std::string apply(std::string_view text, std::string_view kept = {}) const;

 private:
  void learn(std::string_view value);

  std::set<std::string, std::less<>> anywhere_;  // whole values
  std::set<std::string, std::less<>> words_;     // only where nothing goes on to their left or right
  std::set<std::string, std::less<>> shared_;    // of kSharedBytes bytes
};

}  // namespace chorale::agent
