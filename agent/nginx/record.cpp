#include "agent/nginx/record.h"

#include <memory>
#include <sstream>

#include "agent/nginx/config_text.h"
#include "coordination/digest.h"

namespace chorale::agent {
namespace {

std::string encode_content(const FileContent& content) {
  // The identity stands as it does in the file, so that one parser reads both.
  return content.body + " " + (content.identity ? identity_line(*content.identity) : std::string("-\n"));
}

std::optional<FileContent> decode_content(std::istream& in) {
  FileContent content;
  std::string line;
  if (!(in >> content.body) || content.body.size() != 64 || in.get() != ' ' || !std::getline(in, line)) return {};
  if (line == "-") return content;
  content.identity = parse_identity_line(line + "\n");
  if (!content.identity) return std::nullopt;
  return content;
}

}  // namespace

std::string encode_record(const Record& record) {
  std::string text = "content " + encode_content(record.content);
  if (record.before) text += "before " + encode_content(*record.before);
  if (!record.boot.empty()) text += "boot " + record.boot + "\n";
  text += "at_ms " + std::to_string(record.at_ms) + "\n";
  if (record.master) {
    text += "master " + std::to_string(record.master->pid) + " " + std::to_string(record.master->started_ms) + "\n";
  }
  return text + "end\n";
}

std::optional<Record> decode_record(std::string_view text) {
  std::istringstream in{std::string(text)};
  Record record;
  std::string key;
  while (in >> key && key != "end") {
    if (key == "content" || key == "before") {
      const std::optional<FileContent> content = decode_content(in);
      if (!content) return std::nullopt;
      if (key == "content") record.content = *content;
      if (key == "before") record.before = *content;
    } else if (key == "boot") {
      in >> record.boot;
    } else if (key == "at_ms") {
      in >> record.at_ms;
    } else if (key == "master") {
      MasterProcess master;
      in >> master.pid >> master.started_ms;
      record.master = master;
    } else {
      return std::nullopt;
    }
  }
  if (!in || key != "end" || record.content.body.empty()) return std::nullopt;
  return record;
}

std::string encode_published(const PublishedConfig& config) {
  return identity_line(config.identity) + coordination::sha256_hex(*config.text) + "\n" + *config.text;
}

std::optional<PublishedConfig> decode_published(std::string_view text) {
  const std::optional<coordination::Identity> identity = parse_identity_line(text);
  if (!identity) return std::nullopt;
  text.remove_prefix(text.find('\n') + 1);
  const std::size_t end = text.find('\n');
  if (end == std::string_view::npos || text.substr(0, end) != coordination::sha256_hex(text.substr(end + 1))) return {};
  return PublishedConfig{*identity, std::make_shared<const std::string>(text.substr(end + 1))};
}

std::string encode_stamps(const FileStamps& stamps) {
  std::string text;
  for (const auto& [path, stamp] : stamps) text += stamp + " " + path + "\n";
  return text + "end\n";
}

std::optional<FileStamps> decode_stamps(std::string_view text) {
  FileStamps stamps;
  std::istringstream in{std::string(text)};
  for (std::string line; std::getline(in, line);) {
    if (line == "end") return stamps;
    const std::size_t blank = line.find(' ');
    if (blank == std::string::npos || blank == 0 || blank + 1 == line.size()) return std::nullopt;
    stamps[line.substr(blank + 1)] = line.substr(0, blank);
  }
  return std::nullopt;
}

}  // namespace chorale::agent
