// A file of the repository that a program writes from something else: written anew, or compared with what it has to be.
#pragma once

#include <algorithm>
#include <fstream>
#include <iostream>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>

namespace chorale {

// nullopt: it cannot be read.
inline std::optional<std::string> read_file(const std::string& file) {
  std::ifstream in(file);
  if (!in) return std::nullopt;
  return std::string(std::istreambuf_iterator<char>(in), {});
}

struct GeneratedFile {
  std::string_view source;  // what it is made from, for people
  std::string_view target;  // of CMake's, that writes it
};

// False: it could not be written; or, with `check`, it is another text, and the first line that differs is named.
inline bool settle(const GeneratedFile& kind, const std::string& file, const std::string& text, bool check) {
  if (!check) return static_cast<bool>(std::ofstream(file) << text);
  const std::string found = read_file(file).value_or("");
  if (found == text) return true;
  const auto differs = std::mismatch(text.begin(), text.end(), found.begin(), found.end()).first;
  std::cerr << file << ":" << std::count(text.begin(), differs, '\n') + 1 << ": is not what " << kind.source
            << " says; write it anew:\n  cmake --build build/release --target " << kind.target << "\n";
  return false;
}

}  // namespace chorale
