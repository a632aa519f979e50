#include "agent/nginx/config_file.h"

#include <stdio.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <set>
#include <utility>

#include "agent/nginx/boot_clock.h"
#include "agent/nginx/config_words.h"
#include "agent/nginx/record.h"
#include "render/local_values.h"

namespace chorale::agent {
namespace {

constexpr std::string_view kRestoreSuffix = ".chorale-restore";
constexpr std::string_view kDriftSuffix = ".drift-";
constexpr int kDriftsKept = 10;
constexpr mode_t kSecretMode = 0640;
constexpr Ownership kPrivate{0600, static_cast<uid_t>(-1), static_cast<gid_t>(-1)};

std::optional<FileContent> content_in(const std::optional<ReadFile>& file) {
  return file ? std::optional(content_of(file->text)) : std::nullopt;
}

std::optional<Record> read_record(const std::string& path) {
  const auto file = read_file(path);
  if (!file || !*file) return std::nullopt;
  return decode_record((*file)->text);
}

// A directory of its own for what belongs to this target.
std::string kept_apart(const std::string& state_dir, const std::string& target) {
  std::string name = target.substr(std::min(target.size(), target.find_first_not_of('/')));
  std::replace(name.begin(), name.end(), '/', '_');
  return state_dir + "/included/" + name;
}

// The numbers n of the files "<target>.drift-<n>".
std::set<int> drift_numbers(const std::string& target) {
  namespace fs = std::filesystem;
  const fs::path path(target);
  const std::string prefix = path.filename().string() + std::string(kDriftSuffix);
  const fs::path directory = path.has_parent_path() ? path.parent_path() : fs::path(".");
  std::set<int> numbers;
  std::error_code error;
  for (fs::directory_iterator entry(directory, error), end; !error && entry != end; entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    if (name.compare(0, prefix.size(), prefix) != 0) continue;
    int number = 0;
    const char* last = name.data() + name.size();
    if (std::from_chars(name.data() + prefix.size(), last, number).ptr == last && number > 0) numbers.insert(number);
  }
  return numbers;
}

}  // namespace

std::optional<PublishedConfig> config_among(const coordination::Identity& identity,
                                            const std::vector<coordination::PublishedFile>& files) {
  for (const coordination::PublishedFile& file : files) {
    if (file.name == "nginx.conf" && file.text) return PublishedConfig{identity, file.text};
  }
  return std::nullopt;
}

ConfigFile::ConfigFile(std::string target, const std::string& state_dir, std::string main)
    : target_(std::move(target)),
      main_(std::move(main)),
      kept_(main_.empty() ? state_dir : kept_apart(state_dir, target_)),
      aside_(main_.empty() ? target_ : kept_ + "/" + std::filesystem::path(target_).filename().string()),
      stage_(hidden_beside(target_, kStageSuffix)),
      trial_(hidden_beside(target_, kTrialSuffix)),
      proven_(kept_ + "/nginx.conf.proven"),
      published_(kept_ + "/nginx.conf.published"),
      published_before_(published_ + ".before"),
      proven_record_(kept_ + "/proven.record"),
      installed_record_(kept_ + "/installed.record"),
      loaded_record_(kept_ + "/reload_on.record") {}

DraftPlace ConfigFile::place_of(const std::string& draft) const {
  return {main_, target_, draft, kept_ + "/between" + std::filesystem::path(draft).extension().string() + "-"};
}

Done ConfigFile::prepare() const {
  std::error_code ignored;  // what cannot be created is told by the first write into it
  std::filesystem::create_directories(kept_, ignored);
  if (main_.empty()) return {};
  const auto found = read_file(target_);
  if (!found) return tl::unexpected(found.error());
  return *found ? Done{} : replace_file(resolve_links(target_), "", Ownership{});
}

tl::expected<std::optional<ConfigView>, Failure> ConfigFile::view() const {
  const auto file = read_file(target_);
  if (!file) return tl::unexpected(file.error());
  if (!*file) return std::nullopt;
  MainDirectivesReader main;
  ProofPageReader page;
  ConfigDirectives directives((*file)->text);
  while (const ConfigDirective* directive = directives.next()) {
    main.read(*directive);
    page.read(*directive);
  }
  ConfigView view{content_of((*file)->text), main.found(), (*file)->signature, page.found()};
  if (main_.empty()) return view;
  const auto including = read_file(main_);
  if (!including) return tl::unexpected(including.error());
  if (*including) {
    view.directives = main_directives((*including)->text);
    view.main_signature = (*including)->signature;
  }
  return view;
}

FilesFound ConfigFile::find() const {
  FilesFound found;
  const std::string boot = boot_id();
  if (const auto file = read_file(target_)) found.file = content_in(*file);
  if (const auto file = read_file(proven_)) found.proven = content_in(*file);
  if (const auto record = read_record(installed_record_)) {
    const bool renamed = !record->before || found.file != record->before;
    found.installed = renamed ? record->content : *record->before;
    found.installed_at_ms = !boot.empty() && record->boot == boot ? record->at_ms : kInstalledBeforeBoot;
  }
  if (const auto record = read_record(proven_record_)) {
    if (record->boot == boot && found.proven == record->content) found.proven_by = record->master;
  }
  if (const auto file = read_file(loaded_record_); file && *file) found.loaded = decode_stamps((*file)->text);
  found.published = find_published(found.installed ? found.installed : found.file);
  return found;
}

// An install that was cut short has left the text of the target before it in the second file.
std::optional<PublishedConfig> ConfigFile::find_published(const std::optional<FileContent>& content) const {
  if (!content || !content->identity) return std::nullopt;
  for (const std::string& path : {published_, published_before_}) {
    const auto file = read_file(path);
    if (!file || !*file) continue;
    if (auto config = decode_published((*file)->text); config && config->identity == content->identity) return config;
  }
  return std::nullopt;
}

Done ConfigFile::keep_published(const PublishedConfig& config, const std::optional<FileContent>& target) const {
  const std::string text = encode_published(config);
  const auto kept = read_file(published_);
  if (kept && *kept && (*kept)->text == text) return {};
  // Not the text of an install that failed: what is kept before it is still the target's.
  if (kept && *kept && target && parse_identity_line((*kept)->text) == target->identity) {
    rename(published_.c_str(), published_before_.c_str());
  }
  return replace_unsynced(published_, text, kPrivate);
}

void ConfigFile::remove_leftovers() const {
  for (const std::string& path : {stage_, trial_, hidden_beside(target_, kRestoreSuffix)}) unlink(path.c_str());
  if (main_.empty()) return;
  for (const std::string& draft : {stage_, trial_}) unlink(main_copy(main_, draft).c_str());
}

StageWritten ConfigFile::write_stage(const PublishedConfig& config,
                                     const std::map<std::string, std::string>& local_values) const {
  const auto filled = fill_in(*config.text, local_values);
  if (!filled) return {tl::unexpected(Failure{filled.error().text()})};
  const auto target = read_file(target_);
  if (!target) return {tl::unexpected(target.error())};
  const std::string text = identity_line(config.identity) + *filled;
  FileContent content = content_of(text);
  const Ownership ownership = ownership_for(*target, render::uses_local_secrets(*config.text));
  const bool same_mode = *target && (*target)->ownership.mode == ownership.mode;
  if (same_mode && content_in(*target) == content) return {std::move(content), true};
  const Done written = write_draft(stage_, text, ownership);
  if (!written) return {tl::unexpected(written.error())};
  return {std::move(content)};
}

Done ConfigFile::write_trial(const std::string& text, const std::map<std::string, std::string>& local_values) const {
  const auto filled = fill_in(text, local_values);
  if (!filled) return tl::unexpected(Failure{filled.error().text()});
  const auto target = read_file(target_);
  if (!target) return tl::unexpected(target.error());
  return write_draft(trial_, *filled, ownership_for(*target, render::uses_local_secrets(text)));
}

Ownership ConfigFile::ownership_for(const std::optional<ReadFile>& target, bool secret) {
  Ownership ownership = target ? target->ownership : Ownership{};
  if (secret) ownership.mode &= kSecretMode;
  return ownership;
}

Done ConfigFile::publish(const std::string& draft) const {
  const std::string place = resolve_links(target_);
  if (place == target_) return publish_file(draft, target_);
  // Another directory, perhaps another file system: a rename could not get there.
  const auto file = read_file(draft);
  if (!file) return tl::unexpected(file.error());
  if (!*file) return tl::unexpected(Failure{draft + " is gone"});
  Done done = replace_file(place, (*file)->text, (*file)->ownership);
  if (done) unlink(draft.c_str());
  return done;
}

void ConfigFile::remove_trial() const { unlink(trial_.c_str()); }

StageInstalled ConfigFile::install(const InstallStage& request) const {
  const auto stage = read_file(stage_);
  if (!stage || content_in(*stage) != request.content) {
    return {Failure{stage_ + " no longer holds what was tested: it is written again"}};
  }
  const auto found = read_file(target_);
  if (!found) return {found.error()};
  StageInstalled result;
  auto kept = keep_aside(*found, request.expected);
  if (!kept) return {kept.error()};
  result.kept = std::move(*kept);
  if (request.keep_as_proven && *found && content_in(*found) == request.expected) {
    if (const Done done = copy_to_proven(**found, std::nullopt); !done) return {done.error()};
    result.kept_as_proven = true;
  }
  if (const Done done = keep_published(request.config, content_in(*found)); !done) return {done.error()};
  if (const Done done = record_install(request.content, *found); !done) return {done.error()};
  if (const Done done = publish(stage_); !done) return {done.error()};
  result.installed_at_ms = milliseconds_since_boot();
  return result;
}

ProvenRestored ConfigFile::restore(const RestoreProven& request) const {
  const auto proven = read_file(proven_);
  if (!proven) return {tl::unexpected(proven.error())};
  if (!*proven) return {tl::unexpected(Failure{"there is no copy in " + proven_})};
  const auto found = read_file(target_);
  if (!found) return {tl::unexpected(found.error())};
  const FileContent content = content_of((*proven)->text);
  ProvenRestored result{content, milliseconds_since_boot(), {}};
  if (content_in(*found) == content) return result;
  if (request.expected != content_in(*found)) {
    auto kept = keep_aside(*found, request.expected);
    if (!kept) return {tl::unexpected(kept.error())};
    result.kept = std::move(*kept);
  }
  const std::string draft = hidden_beside(target_, kRestoreSuffix);
  const auto published = find_published(content);
  const bool secret = content.identity && (!published || render::uses_local_secrets(*published->text));
  Done done = write_draft(draft, (*proven)->text, ownership_for(*found, secret));
  if (done) done = record_install(content, *found);
  if (done) done = publish(draft);
  if (!done) {
    unlink(draft.c_str());
    return {tl::unexpected(done.error())};
  }
  result.installed_at_ms = milliseconds_since_boot();
  return result;
}

ProvenKept ConfigFile::keep_proven(const KeepProven& request) const {
  const auto found = read_file(target_);
  if (!found) return {found.error()};
  if (!*found || content_in(*found) != request.content) return {Failure{target_ + " was changed meanwhile"}};
  const Done done = copy_to_proven(**found, request.master);
  return done ? ProvenKept{} : ProvenKept{done.error()};
}

Done ConfigFile::keep_loaded(const FileStamps& loaded) const {
  return replace_file(loaded_record_, encode_stamps(loaded), kPrivate);
}

Done ConfigFile::copy_to_proven(const ReadFile& file, const std::optional<MasterProcess>& master) const {
  const auto copy = read_file(proven_);
  if (!copy || !*copy || (*copy)->text != file.text) {
    if (Done done = replace_file(proven_, file.text, kPrivate); !done) return done;
  }
  const Record record{content_of(file.text), std::nullopt, boot_id(), milliseconds_since_boot(), master};
  return replace_file(proven_record_, encode_record(record), kPrivate);
}

Done ConfigFile::record_install(const FileContent& content, const std::optional<ReadFile>& before) const {
  const Record record{content, content_in(before), boot_id(), milliseconds_since_boot(), std::nullopt};
  return replace_file(installed_record_, encode_record(record), kPrivate);
}

tl::expected<std::vector<std::string>, Failure> ConfigFile::keep_aside(
    const std::optional<ReadFile>& found, const std::optional<FileContent>& expected) const {
  std::vector<std::string> kept;
  if (!found) return kept;
  if (!main_.empty() && found->text.empty()) return kept;  // as prepare() made it
  const FileContent content = content_of(found->text);
  if (!content.identity) {  // a foreign file: the first one is kept as the way back
    const std::string path = aside_ + std::string(kBeforeSuffix);
    const auto earlier = read_file(path);
    if (!earlier) return tl::unexpected(earlier.error());
    if (!*earlier) {
      if (const Done done = replace_file(path, found->text, found->ownership); !done) {
        return tl::unexpected(done.error());
      }
      kept.push_back(path);
    }
    if (!*earlier || (*earlier)->text == found->text) return kept;
  } else if (content == expected) {
    return kept;
  }
  auto drift = keep_drift(*found);
  if (!drift) return tl::unexpected(drift.error());
  if (*drift) kept.push_back(**drift);
  return kept;
}

// nullopt: the newest one kept is the same: an edit that is written again every minute must not fill the disk.
tl::expected<std::optional<std::string>, Failure> ConfigFile::keep_drift(const ReadFile& file) const {
  const std::set<int> numbers = drift_numbers(aside_);
  const int newest = numbers.empty() ? 0 : *numbers.rbegin();
  const std::string prefix = aside_ + std::string(kDriftSuffix);
  if (newest > 0) {
    const auto last = read_file(prefix + std::to_string(newest));
    if (last && *last && (*last)->text == file.text) return std::nullopt;
  }
  const std::string path = prefix + std::to_string(newest + 1);
  Ownership ownership = file.ownership;
  ownership.mode &= kSecretMode;  // an edit of a file that may hold values of [local]
  if (const Done done = replace_file(path, file.text, ownership); !done) return tl::unexpected(done.error());
  for (const int number : numbers) {
    if (number <= newest + 1 - kDriftsKept) unlink((prefix + std::to_string(number)).c_str());
  }
  return path;
}

}  // namespace chorale::agent
