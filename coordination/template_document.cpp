#include "coordination/template_document.h"

#include "coordination/documents_json.h"

namespace chorale::coordination {
namespace {

Json to_json(const TemplateVersion& version) {
  Json json = to_json(version.file);
  json["by"] = cut_text(version.by);
  json["at"] = version.at;
  json["from_file"] = version.from_file;
  return json;
}

void read_version(ObjectReader& reader, TemplateVersion& into) {
  read_file(reader, into.file);
  reader.optional_text("by", into.by);
  reader.optional_text("at", into.at);
  reader.optional_boolean("from_file", into.from_file);
  if (into.file.bytes > static_cast<std::int64_t>(kMaxTemplateBytes)) {
    reader.fail("bytes", "is more than a template has");
  }
}

}  // namespace

std::string encode(const TemplateDocument& document) {
  Json json = to_json(document.current);
  json["on"] = document.on;
  Json previous = Json::array();
  for (const TemplateVersion& version : document.previous) previous.push_back(to_json(version));
  json["previous"] = std::move(previous);
  json["rolled_back_by"] = cut_text(document.rolled_back_by);
  return print(json);
}

tl::expected<TemplateDocument, Error> decode_template(std::string_view text) {
  return decode_document<TemplateDocument>(text, "template", [](ObjectReader& reader, TemplateDocument& into) {
    read_version(reader, into.current);
    read_texts(reader, "on", into.on);
    reader.optional_text("rolled_back_by", into.rolled_back_by);
    const Json* previous = reader.optional_array("previous");
    if (previous == nullptr) return;
    for (const Json& value : *previous) {
      ObjectReader version(value, reader.full_name("previous[" + std::to_string(into.previous.size()) + "]"),
                           reader.error());
      read_version(version, into.previous.emplace_back());
    }
  });
}

}  // namespace chorale::coordination
