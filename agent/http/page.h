// GET /: one self-contained page for people. It holds no facts: its script listens to /v1/stream, and asks for the
// pages that not everyone may see.
#pragma once

#include <string>

namespace chorale::agent {

struct Page {
  std::string html;
  std::string security_policy;  // Content-Security-Policy: this very script and style by their hashes, nothing else
};
[[nodiscard]] const Page& page();

}  // namespace chorale::agent
