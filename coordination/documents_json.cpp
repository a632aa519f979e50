#include "coordination/documents_json.h"

#include <algorithm>

namespace chorale::coordination {
namespace {

std::string print_flat(const Json& value) { return value.dump(-1, ' ', false, Json::error_handler_t::replace); }

bool is_flat(const Json& value) {
  return !value.is_structured() || value.empty() ||
         (value.is_array() &&
          std::none_of(value.begin(), value.end(), [](const Json& v) { return v.is_structured(); }));
}

void print_into(const Json& value, std::size_t depth, std::string& out) {
  if (is_flat(value)) {
    out += print_flat(value);
    return;
  }
  const std::string indent((depth + 1) * 2, ' ');
  const bool object = value.is_object();
  out += object ? "{" : "[";
  bool first = true;
  for (const auto& [key, member] : value.items()) {
    out += first ? "\n" : ",\n";
    first = false;
    out += indent;
    if (object) out += print_flat(Json(key)) + ": ";
    print_into(member, depth + 1, out);
  }
  out += "\n" + std::string(depth * 2, ' ') + (object ? "}" : "]");
}

}  // namespace

std::string print(const Json& value) {
  std::string out;
  print_into(value, 0, out);
  return out;
}

ObjectReader::ObjectReader(const Json& value, std::string name, std::optional<Error>& error)
    : value_(value), name_(std::move(name)), error_(error) {
  if (!value.is_object()) fail("", "is not an object");
}

void ObjectReader::text(std::string_view key, std::string& into) {
  const Json* found = required(key);
  if (found == nullptr) return;
  if (!found->is_string()) return fail(key, "is not a string");
  into = found->get_ref<const std::string&>();
}

void ObjectReader::optional_text(std::string_view key, std::string& into) {
  if (has(key)) text(key, into);
}

void ObjectReader::optional_number(std::string_view key, std::int64_t& into) {
  if (has(key)) number(key, into);
}

void ObjectReader::optional_boolean(std::string_view key, bool& into) {
  if (has(key)) boolean(key, into);
}

void ObjectReader::number(std::string_view key, std::int64_t& into, std::int64_t max) {
  const Json* found = required(key);
  if (found == nullptr) return;
  // The parser stores every whole number from 0 on as unsigned.
  if (!found->is_number_unsigned() || found->get<std::uint64_t>() > static_cast<std::uint64_t>(max)) {
    return fail(key, "is not a whole number from 0 to " + std::to_string(max));
  }
  into = found->get<std::int64_t>();
}

void ObjectReader::boolean(std::string_view key, bool& into) {
  const Json* found = required(key);
  if (found == nullptr) return;
  if (!found->is_boolean()) return fail(key, "is not true or false");
  into = found->get<bool>();
}

void ObjectReader::format(std::int64_t newest, std::int64_t& into) {
  std::int64_t found = 0;
  number("format", found);
  if (failed()) return;
  if (found < kOldestFormat) return fail("format", "is " + std::to_string(found) + ", which no version writes");
  if (found <= newest) {
    into = found;
    return;
  }
  error_ = Error{ErrorKind::kNewerFormat, full_name("format") + " is " + std::to_string(found) +
                                              ", this version reads only up to " + std::to_string(newest) +
                                              ": update this agent, or use another root"};
}

const Json* ObjectReader::required(std::string_view key) {
  if (failed()) return nullptr;
  const auto found = value_.find(key);
  if (found != value_.end()) return &*found;
  fail(key, "is missing");
  return nullptr;
}

const Json* ObjectReader::array(std::string_view key) {
  const Json* found = required(key);
  if (found == nullptr || found->is_array()) return found;
  fail(key, "is not an array");
  return nullptr;
}

const Json* ObjectReader::object(std::string_view key) {
  const Json* found = required(key);
  if (found == nullptr || found->is_object()) return found;
  fail(key, "is not an object");
  return nullptr;
}

const Json* ObjectReader::object_or_null(std::string_view key) {
  const Json* found = required(key);
  if (found == nullptr || found->is_null()) return nullptr;
  return object(key);
}

void ObjectReader::fail(std::string_view key, std::string_view why) {
  if (!failed()) error_ = Error{ErrorKind::kMalformed, full_name(key) + " " + std::string(why)};
}

std::string ObjectReader::full_name(std::string_view key) const {
  return key.empty() ? name_ : name_ + "." + std::string(key);
}

}  // namespace chorale::coordination
