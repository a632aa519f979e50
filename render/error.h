// The one error type of render/: what is wrong with a text or a value, and where.
//
// A function that makes something returns tl::expected<T, Error>; one that only checks returns std::optional<Error>,
// nullopt if all is well.
#pragma once

#include <string>

namespace chorale::render {

struct Error {
  std::string file;     // as the caller named it; empty for a single value, which stands in no file
  int line = 0;         // 1-based; 0: the whole file
  std::string message;  // what is wrong and what was expected

  [[nodiscard]] std::string text() const {
    if (file.empty()) return message;
    return line > 0 ? file + ":" + std::to_string(line) + ": " + message : file + ": " + message;
  }
};

}  // namespace chorale::render
