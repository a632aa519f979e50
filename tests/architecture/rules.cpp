#include "tests/architecture/rules.h"

#include <algorithm>
#include <array>
#include <fstream>
#include <map>
#include <optional>
#include <set>
#include <string_view>

namespace chorale::testing {
namespace {

namespace fs = std::filesystem;

constexpr int kMaxLines = 400;
constexpr std::array<std::string_view, 3> kProductRooms{"coordination", "render", "agent"};
// Headers that bring in I/O, clocks or threads. A pure file reaches none of them, through any include.
constexpr std::array<std::string_view, 6> kImpureHeaders{"boost/asio", "boost/beast", "glog/",
                                                         "cpprest/",   "pplx/",       "zookeeper/"};
// What a pure file may not name either, whatever it includes: the result of a step depends on its arguments alone.
struct ImpureWord {
  std::string_view word;
  std::string_view kind;
};
constexpr std::array<ImpureWord, 16> kImpureWords{{
    {"system_clock::now", "a clock"},
    {"steady_clock::now", "a clock"},
    {"high_resolution_clock::now", "a clock"},
    {"clock_gettime", "a clock"},
    {"gettimeofday", "a clock"},
    {"random_device", "randomness"},
    {"mt19937", "randomness"},
    {"std::rand(", "randomness"},
    {"std::thread", "a thread"},
    {"std::jthread", "a thread"},
    {"std::async", "a thread"},
    {"std::cout", "a stream to the outside"},
    {"std::cerr", "a stream to the outside"},
    {"std::ifstream", "a stream to the outside"},
    {"std::ofstream", "a stream to the outside"},
    {"<fstream>", "a stream to the outside"},
}};

struct Line {
  int number = 0;
  std::string text;
};

struct SourceFile {
  std::string path;  // from the root, with '/'
  int line_count = 0;
  std::vector<Line> includes;  // what stands between the quotes or brackets
  std::vector<Line> mutexes;
  std::vector<Line> throwing_reads;
  std::vector<Line> impure_words;  // the kind of each
};

using Tree = std::map<std::string, SourceFile>;

std::string room_of(std::string_view path) { return std::string(path.substr(0, path.find('/'))); }

bool is_product_room(std::string_view room) {
  return std::find(kProductRooms.begin(), kProductRooms.end(), room) != kProductRooms.end();
}

std::optional<std::string> included_header(std::string_view line) {
  line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
  if (!line.starts_with('#')) return std::nullopt;
  line.remove_prefix(std::min(line.find_first_not_of(" \t", 1), line.size()));
  if (!line.starts_with("include")) return std::nullopt;
  const std::size_t begin = line.find_first_of("\"<");
  if (begin == std::string_view::npos) return std::nullopt;
  const std::size_t end = line.find_first_of("\">", begin + 1);
  if (end == std::string_view::npos) return std::nullopt;
  return std::string(line.substr(begin + 1, end - begin - 1));
}

// The one place where foreign threads (cpprest's) meet the loop's end: "no post after close()" cannot be had by
// posting.
constexpr std::string_view kMutexAllowed = "agent/marathon/loop_gate.h";

// std::mutex and its kin: one thread owns all state.
bool names_mutex(std::string_view line) {
  for (const std::string_view name : {"std::mutex", "std::recursive_mutex", "std::shared_mutex", "std::timed_mutex"}) {
    if (line.find(name) != std::string_view::npos) return true;
  }
  return false;
}

// Where a read fails after the opening, as of a process that has ended, this iterator throws.
bool reads_and_may_throw(std::string_view line) { return line.find("istreambuf_iterator") != std::string_view::npos; }

// The first impure thing that a line names, comments aside; empty: none.
std::string impure_word_in(std::string_view line) {
  const std::string_view code = line.substr(0, line.find("//"));
  for (const ImpureWord& impure : kImpureWords) {
    if (code.find(impure.word) != std::string_view::npos) return std::string(impure.kind);
  }
  return "";
}

SourceFile read_source(const fs::path& file, std::string path) {
  SourceFile source;
  source.path = std::move(path);
  std::ifstream stream(file);
  std::string line;
  while (std::getline(stream, line)) {
    ++source.line_count;
    if (const auto header = included_header(line)) source.includes.push_back({source.line_count, *header});
    if (reads_and_may_throw(line)) source.throwing_reads.push_back({source.line_count, line});
    if (names_mutex(line)) source.mutexes.push_back({source.line_count, line});
    if (std::string kind = impure_word_in(line); !kind.empty()) {
      source.impure_words.push_back({source.line_count, std::move(kind)});
    }
  }
  return source;
}

Tree read_tree(const fs::path& root) {
  Tree tree;
  for (const std::string_view room : {"coordination", "render", "agent", "tests"}) {
    if (!fs::is_directory(root / room)) continue;
    for (const fs::directory_entry& entry : fs::recursive_directory_iterator(root / room)) {
      const fs::path& file = entry.path();
      if (!entry.is_regular_file() || (file.extension() != ".h" && file.extension() != ".cpp")) continue;
      const std::string path = fs::relative(file, root).generic_string();
      tree.emplace(path, read_source(file, path));
    }
  }
  return tree;
}

// "agent/base" of "agent/base/log.h"; empty for what lies at agent's root or elsewhere.
std::string agent_folder_of(std::string_view path) {
  constexpr std::string_view kAgent = "agent/";
  const std::size_t end = path.find('/', kAgent.size());
  return path.starts_with(kAgent) && end != std::string_view::npos ? std::string(path.substr(0, end)) : "";
}

// Pure: values in, values out. In coordination/ all but the clients of a store and what reads through one.
bool must_be_pure(std::string_view path) {
  if (path.starts_with("render/") || path.starts_with("agent/core/") || path.starts_with("agent/migrate/")) {
    return true;
  }
  if (!path.starts_with("coordination/")) return false;
  const std::string stem = fs::path(path).stem().string();
  return !stem.ends_with("_store") && !stem.starts_with("zookeeper_store") && stem != "cluster_reader" &&
         stem != "loop_thread";
}

// The server, the event stream, and the client for everything else.
bool may_speak_http(std::string_view path) {
  return path.starts_with("agent/http/") || path.starts_with("agent/marathon/") || path == "agent/base/http_exchange.h";
}

bool is_impure_header(std::string_view header) {
  return std::any_of(kImpureHeaders.begin(), kImpureHeaders.end(),
                     [&](std::string_view impure) { return header.starts_with(impure); });
}

// How `path` reaches a header that no pure file may reach: "a.h -> b.h -> <boost/asio.hpp>"; empty if it does not.
std::string way_to_impure_header(const Tree& tree, const std::string& path, std::set<std::string>& seen) {
  const auto file = tree.find(path);
  if (file == tree.end() || !seen.insert(path).second) return "";
  for (const Line& include : file->second.includes) {
    if (is_impure_header(include.text)) return path + " -> <" + include.text + ">";
    const std::string rest = way_to_impure_header(tree, include.text, seen);
    if (!rest.empty()) return std::string(path).append(" -> ").append(rest);
  }
  return "";
}

class Checker {
 public:
  explicit Checker(const Tree& tree) : tree_(tree) {}

  std::vector<std::string> check() {
    for (const auto& [path, file] : tree_) {
      if (file.line_count > kMaxLines) {
        report(path, kMaxLines + 1, "more than " + std::to_string(kMaxLines) + " lines: split it by concept");
      }
      if (!is_product_room(room_of(path))) continue;
      for (const Line& include : file.includes) check_include(path, include);
      if (room_of(path) == "agent" && agent_folder_of(path).empty() && path != "agent/main.cpp") {
        report(path, 1, "agent/ holds only main.cpp and folders: this file belongs in one of them");
      }
      check_mutexes(path, file);
      for (const Line& read : file.throwing_reads) {
        report(path, read.number, "an iterator that throws when a read fails: use read_text_file() or read_file()");
      }
      check_pure(path);
    }
    return std::move(breaches_);
  }

 private:
  void check_mutexes(const std::string& path, const SourceFile& file) {
    if (path == kMutexAllowed) return;
    for (const Line& mutex : file.mutexes) report(path, mutex.number, "a mutex: post to the loop instead");
  }

  void check_include(const std::string& path, const Line& include) {
    const std::string& header = include.text;
    const std::string room = room_of(path);
    const std::string other = room_of(header);
    if (other == "tests") report(path, include.number, "the product includes a test header, " + header);
    if (room != "agent" && is_product_room(other) && other != room) {
      report(path, include.number, room + "/ may not know " + other + "/, but includes " + header);
    }
    if (agent_folder_of(path) == "agent/base" && other == "agent" && agent_folder_of(header) != "agent/base") {
      report(path, include.number, "agent/base/ may know no other folder of agent/, but includes " + header);
    }
    if (header.starts_with("zookeeper/") &&
        !(path.starts_with("coordination/zookeeper_store") && path.ends_with(".cpp"))) {
      report(path, include.number, "only coordination/zookeeper_store*.cpp may include " + header);
    }
    if ((header.starts_with("cpprest/") || header.starts_with("pplx/")) &&
        !(path.starts_with("agent/marathon/") && path.ends_with(".cpp"))) {
      report(path, include.number, "only agent/marathon/*.cpp may include " + header);
    }
    if (header.starts_with("boost/beast") && !may_speak_http(path)) {
      report(path, include.number,
             "only agent/http/, agent/marathon/ and the client in agent/base/ may include " + header);
    }
    if (header.ends_with("mustache.hpp")) {
      if (!mustache_user_.empty()) {
        report(path, include.number, "only one file may include " + header + ", and " + mustache_user_ + " does");
      }
      mustache_user_ = path;
    }
  }

  void check_pure(const std::string& path) {
    if (!must_be_pure(path)) return;
    std::set<std::string> seen;
    const std::string way = way_to_impure_header(tree_, path, seen);
    if (!way.empty()) report(path, 1, "must be pure, but " + way);
    for (const Line& word : tree_.at(path).impure_words) {
      report(path, word.number, "must be pure, but names " + word.text);
    }
  }

  void report(const std::string& path, int line, const std::string& what) {
    breaches_.push_back(path + ":" + std::to_string(line) + ": " + what);
  }

  const Tree& tree_;
  std::string mustache_user_;
  std::vector<std::string> breaches_;
};

}  // namespace

std::vector<std::string> find_breaches(const fs::path& root) { return Checker(read_tree(root)).check(); }

}  // namespace chorale::testing
