#include "agent/nginx/draft_test.h"

#include <unistd.h>

#include "agent/base/atomic_file.h"
#include "agent/base/one_line.h"
#include "agent/nginx/held_ports.h"
#include "agent/nginx/listens.h"

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

TestFinished ask_nginx(const DraftTest& test, const std::atomic<bool>& stop) {
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

std::string text_of(const Listen& listen) {
  const std::string address = listen.at.address.to_string();
  return (listen.at.address.is_v6() ? "[" + address + "]" : address) + ":" + std::to_string(listen.at.port) +
         (listen.udp ? " (udp)" : "");
}

}  // namespace

TestFinished test_draft(const DraftTest& test, const std::atomic<bool>& stop) {
  TestFinished result = ask_nginx(test, stop);
  if (result.result != TestResult::kAccepted || !test.running) return result;
  const auto draft = read_file(test.place.draft);
  if (!draft || !*draft) return result;
  const auto held = find_held_port(listens_in((*draft)->text), *test.running, program_name(test.command), stop);
  if (!held) return result;
  // In Nginx's form, so that the line leads to the app.
  return {TestResult::kRefused,
          "cannot listen on " + text_of(held->wanted) + ": " + held->holder + " has that port in " +
              escaped(test.place.draft) + ":" + std::to_string(held->wanted.line),
          result.took, held->wanted.line};
}

}  // namespace chorale::agent
