// What a configuration needs of the Nginx that is to read it. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace chorale::agent {

struct NginxVersion {
  int major = 0;
  int minor = 0;
  int patch = 0;
  auto operator<=>(const NginxVersion&) const = default;
};
[[nodiscard]] std::string text_of(const NginxVersion& version);  // "1.22.1"

struct NginxNeed {
  NginxVersion version;  // the first that knows it, by Nginx's CHANGES
  std::string what;      // "random two least_conn"
};
// Of what this text asks for, the newest; nullopt: nothing that a supported Nginx lacks.
[[nodiscard]] std::optional<NginxNeed> newest_need(std::string_view text);

// What to do about Nginx's refusal, beginning with "; "; "" where its words say all. `main`: the file that includes the
// tested one, or "".
[[nodiscard]] std::string remedy_for(std::string_view error, const std::string& main);

}  // namespace chorale::agent
