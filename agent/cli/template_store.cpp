#include "agent/cli/template_store.h"

#include <map>
#include <memory>
#include <utility>

#include "agent/base/exit_code.h"
#include "coordination/described_files.h"
#include "coordination/digest.h"

namespace chorale::agent {
namespace {

using coordination::ErrorKind;
using coordination::Outcome;
using coordination::TemplateVersion;

// What the operation answered, where it was done.
template <class Answer>
const Answer& answer_of(const Outcome& outcome) {
  return std::get<Answer>(*outcome);
}

CliError refused(const coordination::Path& path, const coordination::Error& error) {
  return {kExitNo, path.text() + ": " + error.message};
}

}  // namespace

tl::expected<Outcome, CliError> TemplateStore::execute(coordination::Operation operation) const {
  return session_.execute(std::move(operation), kClusterPatience);
}

tl::expected<std::optional<TemplateStore::Found>, CliError> TemplateStore::read() const {
  const auto outcome = execute(coordination::ReadNode{paths_.pushed_template});
  if (!outcome) return tl::unexpected(outcome.error());
  if (!*outcome && outcome->error().kind == ErrorKind::kNoNode) return std::nullopt;
  if (!*outcome) return tl::unexpected(refused(paths_.pushed_template, outcome->error()));
  const auto& node = answer_of<coordination::NodeRead>(*outcome);
  auto document = coordination::decode_template(node.data);
  if (!document) return tl::unexpected(refused(paths_.pushed_template, document.error()));
  return Found{std::move(*document), node.stat.version};
}

tl::expected<std::string, CliError> TemplateStore::text_of(const TemplateVersion& version) const {
  std::string text;
  for (const coordination::ChunkReference& chunk : version.file.chunks) {
    const coordination::Path path = paths_.chunks.child(coordination::Path(chunk.path).name());
    const auto outcome = execute(coordination::ReadNode{path});
    if (!outcome) return tl::unexpected(outcome.error());
    if (!*outcome) return tl::unexpected(refused(path, outcome->error()));
    text += answer_of<coordination::NodeRead>(*outcome).data;
  }
  if (coordination::sha256_hex(text) != version.file.digest) {
    return tl::unexpected(CliError{kExitNo, "the chunks of template " + version.file.digest.substr(0, 12) +
                                                " do not add up to its digest: push it again"});
  }
  return text;
}

tl::expected<coordination::Manifest, CliError> TemplateStore::manifest(const coordination::Identity& identity) const {
  const coordination::Path path =
      paths_.revisions.child(coordination::manifest_name(identity.epoch, identity.revision));
  const auto outcome = execute(coordination::ReadNode{path});
  if (!outcome) return tl::unexpected(outcome.error());
  if (!*outcome) return tl::unexpected(refused(path, outcome->error()));
  auto manifest = coordination::decode_manifest(answer_of<coordination::NodeRead>(*outcome).data);
  if (!manifest) return tl::unexpected(refused(path, manifest.error()));
  return std::move(*manifest);
}

// A chunk that is there already is written once more: a collector deletes by version (collector.h).
tl::expected<coordination::FileEntry, CliError> TemplateStore::store_text(const std::string& text) const {
  const coordination::DescribedFiles described =
      coordination::describe_files({{"template", std::make_shared<const std::string>(text), {}}}, paths_.root);
  coordination::FileEntry entry = described.entries.at("template");
  std::size_t at = 0;
  for (const coordination::ChunkReference& chunk : entry.chunks) {
    const auto bytes = static_cast<std::size_t>(chunk.bytes);
    const std::string piece = text.substr(std::exchange(at, at + bytes), bytes);
    const coordination::Path path(chunk.path);
    auto outcome = execute(coordination::CreateNode{path, piece});
    if (outcome && !*outcome && outcome->error().kind == ErrorKind::kExists) {
      outcome = execute(coordination::WriteNode{path, piece, coordination::kAnyVersion});
    }
    if (!outcome) return tl::unexpected(outcome.error());
    if (!*outcome) return tl::unexpected(refused(path, outcome->error()));
  }
  return entry;
}

tl::expected<void, CliError> TemplateStore::write(const coordination::TemplateDocument& document,
                                                  const std::optional<Found>& before) const {
  const coordination::Path& path = paths_.pushed_template;
  const auto outcome = before ? execute(coordination::WriteNode{path, encode(document), before->version})
                              : execute(coordination::CreateNode{path, encode(document)});
  if (!outcome) return tl::unexpected(outcome.error());
  if (*outcome) return {};
  const ErrorKind kind = outcome->error().kind;
  if (kind == ErrorKind::kBadVersion || kind == ErrorKind::kExists || kind == ErrorKind::kNoNode) {
    return tl::unexpected(
        CliError{kExitNo, "somebody else pushed a template at the same moment: see `chorale template history`"});
  }
  return tl::unexpected(refused(path, outcome->error()));
}

}  // namespace chorale::agent
