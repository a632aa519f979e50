// What is wrong with a text that a person wrote (template, routes.json), and where.
#pragma once

#include <string>

namespace chorale::render {

struct Error {
  std::string file;     // as the caller named it
  int line = 0;         // 1-based; 0: the whole file
  std::string message;  // what is wrong and what was expected

  [[nodiscard]] std::string text() const {
    return line > 0 ? file + ":" + std::to_string(line) + ": " + message : file + ": " + message;
  }
};

}  // namespace chorale::render
