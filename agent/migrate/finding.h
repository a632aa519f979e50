// What a person has to know about one place of a file that was moved over from Nixy.
#pragma once

#include <string>

namespace chorale::agent {

struct Finding {
  enum class Kind {
    kNote,  // moved over; it may not mean quite the same
    kMark,  // left out: someone has to look at it
  };
  Kind kind = Kind::kNote;
  int line = 0;         // 1-based, of the file that was read; 0: the whole file
  std::string message;  // "what: why"; holds no control characters and no value that may be a secret

  bool operator==(const Finding&) const = default;
};

}  // namespace chorale::agent
