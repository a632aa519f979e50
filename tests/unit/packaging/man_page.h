// A man page's source as text and entries: as much of roff as our pages use. Pure.
#pragma once

#include <string>
#include <vector>

namespace chorale::testing {

// A paragraph with a tag (.TP), up to the next one or the next heading.
struct ManEntry {
  std::string section;     // .SH
  std::string subsection;  // .SS, "" before the first one of a section
  std::string tag;         // "-f, --file FILE"
  std::string body;        // its lines, joined with blanks
};

struct ManPage {
  std::vector<ManEntry> entries;
  std::vector<std::string> sections;                             // in their order
  std::vector<std::pair<std::string, std::string>> subsections;  // section, subsection
};

[[nodiscard]] ManPage parse_man_page(const std::string& source);

// One line of source as it is read: no macro, no font changes, no escapes.
[[nodiscard]] std::string plain(const std::string& line);

}  // namespace chorale::testing
