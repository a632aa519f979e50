// A Mustache template under construction: what is text, what is a tag, and where something is left out. Pure.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "agent/migrate/finding.h"
#include "agent/migrate/go_scanner.h"
#include "agent/migrate/values.h"

namespace chorale::agent {

struct Piece {
  enum class Kind {
    kText,
    kValue,    // a tag with a value
    kSection,  // tags, by their content without sigil
    kInverted,
    kEnd,
    kGap,  // something was left out here
  };
  Kind kind = Kind::kText;
  std::string text;
  int line = 0;                // of the Go template, 1-based
  bool own_line = false;       // stands on a line of its own
  bool quoted = false;         // of a value: may be rendered as a quoted parameter
  bool raw = false;            // of a value: a triple tag
  Owner owner = Owner::kRoot;  // of a value
  std::size_t finding = 0;     // of a gap: what is wrong
};

// Writes them out. Values that may be quoted stand where Nginx reads a whole parameter, or raw, which is noted; a
// server's host and port are one address; each gap is marked by a comment above its line, and a directive with a gap in
// it is a comment as a whole.
[[nodiscard]] std::string written(std::vector<Piece> pieces, const GoDelimiters& delimiters,
                                  std::vector<Finding>& findings);

}  // namespace chorale::agent
