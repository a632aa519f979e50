#include "coordination/pushed_template.h"

#include <utility>

#include "coordination/digest.h"

namespace chorale::coordination {
namespace {

const std::string kWhere = "the pushed template cannot be read: ";

}  // namespace

void PushedTemplateWatch::reset() {
  mirror_.reset();
  told_text_.reset();
  found_.reset();
  changed_ = false;
  wanted_.clear();
  chunks_.clear();
}

void PushedTemplateWatch::drive() {
  if (!mirror_.due()) return;
  mirror_.look(CheckNode{context_.paths.pushed_template, true},
               [this](const Reply<CheckNode>& reply) { on_checked(reply); });
}

void PushedTemplateWatch::on_checked(const Reply<CheckNode>& reply) {
  if (!reply) return fail(reply.error());
  if (!reply->stat) {
    mirror_.fresh();
    if (found_ && !told_text_ && !found_->trouble) return;
    told_text_.reset();
    return found({});
  }
  mirror_.send(ReadNode{context_.paths.pushed_template}, [this](const Reply<ReadNode>& read) { on_read(read); });
}

void PushedTemplateWatch::on_read(const Reply<ReadNode>& reply) {
  if (!reply) return fail(reply.error());
  if (found_ && !found_->trouble && told_text_ == reply->data) return mirror_.fresh();
  text_ = reply->data;
  auto document = decode_template(text_);
  if (!document) {
    mirror_.fresh();
    return tell_trouble(document.error().message);
  }
  document_ = std::move(*document);
  wanted_.clear();
  chunks_.clear();
  const auto want = [this](const TemplateVersion& version) {
    for (const ChunkReference& chunk : version.file.chunks) wanted_.emplace_back(Path(chunk.path).name());
  };
  want(document_.current);
  if (!document_.on.empty() && !document_.previous.empty()) want(document_.previous.front());
  read_next();
}

void PushedTemplateWatch::read_next() {
  if (wanted_.empty()) return finish();
  const std::string name = std::move(wanted_.back());
  wanted_.pop_back();
  if (chunks_.count(name) > 0) return read_next();
  mirror_.send(ReadNode{context_.paths.chunks.child(name)},
               [this, name](Reply<ReadNode> reply) { on_chunk(name, std::move(reply)); });
}

void PushedTemplateWatch::on_chunk(const std::string& name, Reply<ReadNode> reply) {
  if (!reply && reply.error().kind != ErrorKind::kNoNode) return fail(reply.error());
  if (!reply || chunk_name(reply->data) != name) {
    tell_trouble("chunk " + name + (reply ? ": its text has another digest" : " is not there"));
    return mirror_.again(kRefusedDelay);
  }
  chunks_.emplace(name, std::move(reply->data));
  read_next();
}

void PushedTemplateWatch::finish() {
  PushedTemplates templates;
  auto current = join(document_.current);
  const bool on_canaries = !document_.on.empty();
  auto before = on_canaries && !document_.previous.empty() ? join(document_.previous.front()) : std::nullopt;
  if (!current || (on_canaries && !document_.previous.empty() && !before)) {
    mirror_.fresh();
    return tell_trouble("its chunks do not add up to its digest");
  }
  const bool file_rules = on_canaries ? before && document_.previous.front().from_file : document_.current.from_file;
  if (on_canaries) {
    if (!file_rules) templates.ruling = std::move(before);
    templates.canary = std::move(current);
    templates.canaries = document_.on;
  } else if (!file_rules) {
    templates.ruling = std::move(current);
  }
  templates.rolled_back = !document_.rolled_back_by.empty();
  templates.by = document_.rolled_back_by.empty() ? document_.current.by : document_.rolled_back_by;
  mirror_.fresh();
  told_text_ = text_;
  found(std::move(templates));
}

std::optional<PushedTemplate> PushedTemplateWatch::join(const TemplateVersion& version) const {
  std::string text;
  for (const ChunkReference& chunk : version.file.chunks) text += chunks_.at(std::string(Path(chunk.path).name()));
  if (sha256_hex(text) != version.file.digest) return std::nullopt;
  return PushedTemplate{std::make_shared<const std::string>(std::move(text)), version.by, version.at};
}

void PushedTemplateWatch::found(PushedTemplates templates) {
  found_ = std::move(templates);
  changed_ = true;
}

// An error that comes back is said; one that the connection's fate will settle is waited out.
void PushedTemplateWatch::fail(const Error& error) {
  if (!is_unknown(error.kind) && error.kind != ErrorKind::kNoNode) tell_trouble(error.message);
  mirror_.again(error);
}

void PushedTemplateWatch::tell_trouble(const std::string& why) {
  PushedTemplates templates;
  templates.trouble = kWhere + why;
  if (found_ && found_->trouble == templates.trouble) return;
  found(std::move(templates));
}

}  // namespace chorale::coordination
