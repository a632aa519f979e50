#include "agent/nginx/main_config.h"

#include <fnmatch.h>
#include <glob.h>

#include <algorithm>
#include <filesystem>
#include <functional>
#include <system_error>
#include <utility>

#include "agent/nginx/config_text.h"
#include "agent/nginx/config_words.h"
#include "agent/nginx/locations.h"
#include "agent/nginx/master.h"

namespace chorale::agent {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kPatternMarks = "*?[";  // as Nginx knows a pattern
// Files that include each other have no end.
constexpr int kMostFiles = 10'000;
constexpr int kDeepest = 20;

// In the order of glob(3), which is Nginx's.
std::vector<std::string> expand(const std::string& pattern) {
  glob_t found{};
  std::vector<std::string> paths;
  if (::glob(pattern.c_str(), 0, nullptr, &found) == 0) paths.assign(found.gl_pathv, found.gl_pathv + found.gl_pathc);
  ::globfree(&found);
  return paths;
}

bool is_pattern(const std::string& path) { return path.find_first_of(kPatternMarks) != std::string::npos; }

fs::path resolved(const fs::path& directory) {
  std::error_code error;
  fs::path all = fs::weakly_canonical(directory, error);
  return error ? directory.lexically_normal() : all;
}

// One file of a directory, through whatever links the directory is reached.
class Place {
 public:
  explicit Place(const fs::path& path) : directory_(resolved(path.parent_path())), name_(path.filename()) {}

  [[nodiscard]] bool is(const std::string& path) const {
    return fs::path(path).filename() == name_ && resolved(fs::path(path).parent_path()) == directory_;
  }
  // The path by which the pattern finds it, whether or not it is there.
  [[nodiscard]] std::optional<std::string> found_by(const std::string& pattern) const {
    const fs::path path(pattern);
    if (::fnmatch(path.filename().c_str(), name_.c_str(), FNM_PERIOD) != 0) return std::nullopt;
    for (const std::string& directory : expand(path.parent_path())) {
      if (resolved(directory) == directory_) return directory + (directory.ends_with('/') ? "" : "/") + name_;
    }
    return std::nullopt;
  }

 private:
  fs::path directory_;
  std::string name_;
};

std::string in_quotes(const std::string& path) {
  std::string text = "\"";
  for (const char c : path) text += (c == '"' || c == '\\' ? "\\" : "") + std::string(1, c);
  return text + "\"";
}

// `include PATH;` in a text.
struct Include {
  std::size_t begin = 0;
  std::size_t end = 0;  // behind the ';'
  std::string path;
};

std::vector<Include> includes_in(std::string_view text) {
  std::vector<Include> found;
  ConfigWords words(text);
  std::vector<std::string_view> directive;
  while (const auto word = words.next()) {
    if (word->mark == '\0') {
      directive.push_back(word->text);
      continue;
    }
    const auto within = [text](const char* at) {
      return std::less_equal<>()(text.data(), at) && std::less<>()(at, text.data() + text.size());
    };
    if (word->mark == ';' && directive.size() == 2 && directive[0] == "include" && within(directive[0].data())) {
      found.push_back({static_cast<std::size_t>(directive[0].data() - text.data()),
                       static_cast<std::size_t>(word->text.data() + 1 - text.data()), std::string(directive[1])});
    }
    directive.clear();
  }
  return found;
}

class Copier {
 public:
  explicit Copier(const DraftPlace& place) : place_(place), target_(place.target), draft_(place.draft) {}

  // The text that leads to the draft; nullopt: this file does not lead to the target.
  std::optional<ConfigCopy> copy(const std::string& path) {
    if (++read_ > kMostFiles || depth_ == kDeepest) {
      failure_ =
          Failure{place_.main + " includes too many files, or some that include each other, " + path + " among them"};
      return std::nullopt;
    }
    const auto file = read_file(path);
    if (!file || !*file) return std::nullopt;
    ++depth_;
    auto result = copy_text(path, **file);
    --depth_;
    return result;
  }

  [[nodiscard]] const std::optional<Failure>& failure() const { return failure_; }
  std::vector<ConfigCopy> take() && { return std::move(copies_); }

 private:
  std::optional<ConfigCopy> copy_text(const std::string& path, const ReadFile& file) {
    const std::string& text = file.text;
    ConfigCopy result{path, {}, file.ownership};
    std::size_t copied = 0;
    for (const Include& include : includes_in(text)) {
      if (failure_) return std::nullopt;
      const auto replacement = replace(include.path, path);
      if (!replacement) continue;
      const auto lines = std::count(text.begin() + static_cast<std::ptrdiff_t>(include.begin),
                                    text.begin() + static_cast<std::ptrdiff_t>(include.end), '\n');
      result.text += text.substr(copied, include.begin - copied) + *replacement +
                     std::string(static_cast<std::size_t>(lines), '\n');
      copied = include.end;
    }
    if (copied == 0) return std::nullopt;
    result.text += text.substr(copied);
    return result;
  }

  // What an include stands for, if that leads to the target.
  std::optional<std::string> replace(const std::string& included, const std::string& by) {
    const std::string directory = fs::path(place_.main).parent_path();
    const std::string absolute = included.starts_with('/') ? included : directory + "/" + included;
    std::vector<std::string> files{absolute};
    if (is_pattern(absolute)) {
      files = expand(absolute);
      const auto found = target_.found_by(absolute);
      const auto at = found ? std::lower_bound(files.begin(), files.end(), *found) : files.end();
      if (found && (at == files.end() || *at != *found)) files.insert(at, *found);
      if (draft_.found_by(absolute)) {
        failure_ = Failure{by + ": \"include " + included + "\" includes hidden files, Chorale's drafts among them"};
      }
    }
    std::string text;
    bool leads = false;
    std::string misread;
    for (const std::string& file : files) {
      if (failure_) return std::nullopt;
      std::string read = file;
      if (target_.is(file)) {
        leads = true;
        read = place_.draft;
      } else if (auto between = copy(file)) {
        leads = true;
        between->path = place_.copies + std::to_string(copies_.size() + 1);
        read = between->path;
        copies_.push_back(std::move(*between));
      }
      text += (text.empty() ? "" : " ") + std::string("include ") + in_quotes(read) + ";";
      if (is_pattern(read)) misread = read;
    }
    if (leads && !misread.empty()) failure_ = Failure{misread + ": Nginx would take this name for a pattern"};
    return leads ? std::optional(std::move(text)) : std::nullopt;
  }

  const DraftPlace& place_;
  Place target_;
  Place draft_;
  std::vector<ConfigCopy> copies_;  // of files between the main config and the target
  std::optional<Failure> failure_;
  int read_ = 0;   // files
  int depth_ = 0;  // of those that are being read
};

}  // namespace

bool includes_file(const std::string& main, const std::string& target) {
  const DraftPlace place{main, target, target + "/none", {}};  // no draft yet that could be included
  return Copier(place).copy(main).has_value();
}

std::string find_main_config(const MainConfigSources& sources) {
  if (!sources.option.empty()) return Place(sources.target).is(sources.option) ? std::string() : sources.option;
  std::string command;
  for (const std::string& argument : sources.command) command += (command.empty() ? "" : " ") + argument;
  const std::string built = config_of_title(command, sources.build, {}).value_or(std::string());
  const auto text = built.empty() ? tl::unexpected(Failure{}) : read_file(built);
  const MainDirectives directives = text && *text ? main_directives((*text)->text) : MainDirectives{};
  const NginxLocations where = nginx_locations(directives, {}, sources.command, sources.pid_option);
  std::vector<std::string> candidates;
  const auto master =
      sources.ask_running ? find_master(where.pid_files, program_name(sources.command)) : tl::unexpected(Failure{});
  if (master) {
    if (auto read = config_read_by(*master, sources.target, sources.build)) candidates.push_back(std::move(*read));
  }
  candidates.push_back(built);
  const auto found = std::find_if(candidates.begin(), candidates.end(), [&sources](const std::string& candidate) {
    return !candidate.empty() && !Place(sources.target).is(candidate) && includes_file(candidate, sources.target);
  });
  return found == candidates.end() ? std::string() : *found;
}

std::string main_copy(const std::string& main, const std::string& draft) {
  return hidden_beside(main, fs::path(draft).filename().string() + "-main");
}

tl::expected<std::vector<ConfigCopy>, Failure> copies_with_draft(const DraftPlace& place) {
  const auto file = read_file(place.main);
  if (!file) return tl::unexpected(file.error());
  if (!*file) return tl::unexpected(Failure{"there is no " + place.main});
  Copier copier(place);
  auto main = copier.copy(place.main);
  if (copier.failure()) return tl::unexpected(*copier.failure());
  if (!main) return tl::unexpected(Failure{place.main + " does not include " + place.target});
  auto copies = std::move(copier).take();
  main->path = main_copy(place.main, place.draft);
  copies.push_back(std::move(*main));
  return copies;
}

}  // namespace chorale::agent
