// `chorale migrate NIXY_TOML [TEMPLATE] [-o DIR]`: chorale.toml and a Mustache template out of what Nixy has.
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <iostream>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "agent/base/atomic_file.h"
#include "agent/cli/cli.h"
#include "agent/cli/load.h"
#include "agent/cli/table.h"
#include "agent/migrate/nixy_toml.h"
#include "agent/migrate/template_translator.h"

extern char** environ;  // NOLINT(readability-redundant-declaration): POSIX declares it in no header

namespace chorale::agent {
namespace {

namespace fs = std::filesystem;

constexpr mode_t kTomlMode = 0640;
constexpr mode_t kSecretMode = 0600;
constexpr mode_t kTemplateMode = 0644;

struct NewFile {
  std::string path;
  std::string text;
  mode_t mode = kSecretMode;
};

tl::unexpected<CliError> refuse(std::string message) {
  return tl::unexpected(CliError{kExitUsage, std::move(message)});
}

// Never readable by more users than the file that it is made of.
mode_t mode_after(const std::string& source, mode_t wanted) {
  struct stat status {};
  if (::stat(source.c_str(), &status) != 0) return kSecretMode;
  return (wanted & status.st_mode & 0777) | kSecretMode;
}

std::map<std::string, std::string> environment() {
  std::map<std::string, std::string> values;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    const auto equals = text.find('=');
    if (equals != std::string_view::npos) values.emplace(text.substr(0, equals), text.substr(equals + 1));
  }
  return values;
}

// An existing file, a link that leads nowhere included, is never replaced.
tl::expected<void, CliError> check_absent(const std::string& path) {
  std::error_code error;
  if (fs::symlink_status(path, error).type() == fs::file_type::not_found) return {};
  return refuse(safe(path) + ": exists already, and is left as it is: move it away, or name another directory with -o");
}

// Whole or not at all; link() fails where a file of that name has come meanwhile.
tl::expected<void, CliError> create(const NewFile& file) {
  const std::string draft = hidden_beside(file.path, ".chorale-migrate");
  if (const auto written = write_draft(draft, file.text, Ownership{file.mode}); !written) {
    return refuse(written.error().message);
  }
  const bool linked = ::link(draft.c_str(), file.path.c_str()) == 0;
  const int reason = errno;
  ::unlink(draft.c_str());
  if (linked) return {};
  return refuse("cannot create " + safe(file.path) + ": " + std::strerror(reason));
}

void print(const std::string& file, const std::vector<Finding>& findings) {
  for (const Finding& one : findings) {
    const std::string place = one.line > 0 ? ":" + std::to_string(one.line) : "";
    const std::string kind = one.kind == Finding::Kind::kMark ? ": to do: " : ": note: ";
    std::cerr << safe(file + place + kind + one.message) << "\n";
  }
}

std::size_t marks_in(const std::vector<Finding>& findings) {
  std::size_t marks = 0;
  for (const Finding& one : findings) marks += one.kind == Finding::Kind::kMark ? 1 : 0;
  return marks;
}

class Migration {
 public:
  Migration(std::string nixy_file, std::string template_file, const std::string& directory)
      : nixy_file_(std::move(nixy_file)),
        template_file_(std::move(template_file)),
        directory_(fs::absolute(directory)) {}

  tl::expected<int, CliError> run() {
    const auto text = slurp(nixy_file_);
    if (!text) return tl::unexpected(text.error());
    auto nixy = read_nixy_toml(*text, nixy_file_);
    if (!nixy) return refuse(nixy.error().message);
    nixy_ = *std::move(nixy);
    place_.nixy_directory = fs::absolute(nixy_file_).parent_path();
    place_.environment = environment();
    if (const auto translated = translate(); !translated) return tl::unexpected(translated.error());
    add_config();
    if (const auto created = create_files(); !created) return tl::unexpected(created.error());
    return report();
  }

 private:
  // The template that was named, else Nixy's own where it can be read.
  tl::expected<void, CliError> translate() {
    if (template_file_.empty() && !nixy_.nginx_template.empty()) {
      const std::string own = (fs::path(place_.nixy_directory) / nixy_.nginx_template).lexically_normal();
      std::error_code error;
      if (fs::exists(own, error)) template_file_ = own;
    }
    if (template_file_.empty()) {
      nixy_.findings.push_back({Finding::Kind::kMark, 0,
                                "nginx_template: no template is translated: name the file after this one, or take one "
                                "that the package brings"});
      return {};
    }
    const auto text = slurp(template_file_);
    if (!text) return tl::unexpected(text.error());
    auto made = translate_template(*text, template_file_, nixy_.facts());
    if (!made) {
      return refuse(safe(template_file_) + ":" + std::to_string(made.error().line) + ": " + safe(made.error().message));
    }
    const fs::path file = directory_ / "nginx.conf.mustache";
    place_.nginx_template = file.lexically_normal();
    place_.delimiters = made->delimiters;
    place_.needs = made->needs;
    template_findings_ = std::move(made->findings);
    files_.push_back({file, std::move(made->text), mode_after(template_file_, kTemplateMode)});
    return {};
  }

  void add_config() {
    ChoraleToml made = chorale_toml(nixy_, place_);
    nixy_.findings.insert(nixy_.findings.end(), made.findings.begin(), made.findings.end());
    const mode_t mode = mode_after(nixy_file_, nixy_.holds_secret() ? kSecretMode : kTomlMode);
    files_.push_back({directory_ / "chorale.toml", std::move(made.text), mode});
  }

  [[nodiscard]] tl::expected<void, CliError> create_files() const {
    std::error_code error;
    if (!fs::is_directory(directory_, error) && !fs::create_directory(directory_, error)) {
      return refuse("cannot create the directory " + safe(directory_.string()) + ": " + error.message());
    }
    for (const NewFile& file : files_) {
      if (auto absent = check_absent(file.path); !absent) return absent;
    }
    for (std::size_t i = 0; i < files_.size(); ++i) {
      auto created = create(files_[i]);
      if (created) continue;
      for (std::size_t made = 0; made < i; ++made) ::unlink(files_[made].path.c_str());
      return created;
    }
    return {};
  }

  [[nodiscard]] int report() const {
    print(nixy_file_, nixy_.findings);
    print(template_file_, template_findings_);
    for (const NewFile& file : files_) std::cout << safe(file.path) << "\n";
    std::cerr << "next: chorale check -f " << safe((directory_ / "chorale.toml").string()) << "\n";
    const std::size_t marks = marks_in(nixy_.findings) + marks_in(template_findings_);
    if (marks == 0) return kExitFine;
    std::cerr << marks << (marks == 1 ? " thing needs" : " things need") << " a hand: see \"to do\" above\n";
    return kExitNo;
  }

  std::string nixy_file_;
  std::string template_file_;
  fs::path directory_;
  NixyToml nixy_;
  NewPlace place_;
  std::vector<Finding> template_findings_;
  std::vector<NewFile> files_;
};

}  // namespace

int run_migrate(const std::string& nixy_file, const std::string& template_file, const std::string& directory) {
  const auto done = Migration(nixy_file, template_file, directory).run();
  return done ? *done : complain(done.error());
}

}  // namespace chorale::agent
