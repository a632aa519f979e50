#include "agent/nginx/draft_test.h"

#include <unistd.h>

#include "agent/base/one_line.h"

namespace chorale::agent {
namespace {

// What is written for one test.
class Copies {
 public:
  Copies() = default;
  ~Copies() {
    for (const std::string& path : paths_) unlink(path.c_str());
  }
  Copies(const Copies&) = delete;
  Copies& operator=(const Copies&) = delete;

  [[nodiscard]] Done write(const ConfigCopy& copy) {
    paths_.push_back(copy.path);
    return write_draft(copy.path, copy.text, copy.ownership);
  }

 private:
  std::vector<std::string> paths_;
};

// The copy is known to nobody: its lines are those of the original.
void name_original(std::string& text, const std::string& copy, const std::string& original) {
  for (std::size_t at = text.find(copy); at != std::string::npos; at = text.find(copy, at + original.size())) {
    text.replace(at, copy.size(), original);
  }
}

}  // namespace

TestFinished test_draft(const DraftTest& test, const std::atomic<bool>& stop) {
  const DraftPlace& place = test.place;
  if (place.main.empty()) return test_config(test.command, place.draft, stop, test.longest, test.redaction);
  const auto needed = copies_with_draft(place);
  if (!needed) return {TestResult::kFailed, needed.error().message, Milliseconds(0)};
  Copies copies;
  for (const ConfigCopy& copy : *needed) {
    if (const Done done = copies.write(copy); !done) {
      return {TestResult::kFailed, done.error().message, Milliseconds(0)};
    }
  }
  const std::string& path = needed->back().path;
  TestFinished result = test_config(test.command, path, stop, test.longest, test.redaction, place.draft);
  name_original(result.error, escaped(path), escaped(place.main));
  for (std::string& warning : result.warnings) name_original(warning, escaped(path), escaped(place.main));
  return result;
}

}  // namespace chorale::agent
