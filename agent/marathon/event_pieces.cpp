#include "agent/marathon/event_pieces.h"

#include <algorithm>
#include <utility>

namespace chorale::agent {
namespace {

constexpr bool is_blank(char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }

constexpr bool belongs_to_literal(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || c == 'E' || c == '+' || c == '-' || c == '.';
}

constexpr bool is_json_control(char c) { return static_cast<unsigned char>(c) < 0x20; }

}  // namespace

void EventPieces::fail(std::string what) {
  if (!failure_) failure_ = Failure{"event: " + std::move(what)};
}

void EventPieces::check(bool accepted) {
  if (!accepted && !failure_) failure_ = reader_.failure.value_or(Failure{"event: it could not be read"});
}

void EventPieces::feed(std::string_view piece) {
  while (!piece.empty() && !failure_) {
    std::size_t taken = 0;
    if (inside_ == Inside::kString && high_ == 0) taken = feed_string(piece);
    if (taken == 0) {
      take(piece.front());
      taken = 1;
    }
    piece.remove_prefix(taken);
  }
}

// What stands for itself, at once: most of a large event is inside strings that nobody needs.
std::size_t EventPieces::feed_string(std::string_view rest) {
  const auto* const end =
      std::find_if(rest.begin(), rest.end(), [](char c) { return c == '"' || c == '\\' || is_json_control(c); });
  const auto plain = static_cast<std::size_t>(end - rest.begin());
  text_.append(rest.substr(0, std::min(plain, kMaxEventText - text_.size())));
  return plain;
}

void EventPieces::append(char c) {
  if (text_.size() < kMaxEventText) text_ += c;
}

void EventPieces::take(char c) {
  switch (inside_) {
    case Inside::kStructure:
      return take_structure(c);
    case Inside::kString:
      if (high_ != 0 && c != '\\') return fail("half a surrogate pair");
      if (c == '"') return end_string();
      if (c != '\\') return fail("a control character in a string");
      inside_ = Inside::kEscape;
      return;
    case Inside::kEscape:
      return take_escape(c);
    case Inside::kUnicode:
      return take_unicode(c);
    case Inside::kLiteral:
      if (belongs_to_literal(c)) return append(c);
      end_literal();
      if (!failure_) take_structure(c);
      return;
  }
}

void EventPieces::take_structure(char c) {
  if (is_blank(c)) return;
  switch (expected_) {
    case Expected::kValueOrEnd:
      if (c == ']') return close(false);
      return begin_value(c);
    case Expected::kValue:
      return begin_value(c);
    case Expected::kKeyOrEnd:
      if (c == '}') return close(true);
      [[fallthrough]];
    case Expected::kKey:
      if (c != '"') return fail("no valid JSON: a key is missing");
      is_key_ = true;
      text_.clear();
      inside_ = Inside::kString;
      return;
    case Expected::kColon:
      if (c != ':') return fail("no valid JSON: a ':' is missing");
      expected_ = Expected::kValue;
      return;
    case Expected::kCommaOrEnd:
      if (c == '}' || c == ']') return close(c == '}');
      if (c != ',') return fail("no valid JSON: a ',' is missing");
      expected_ = in_object_.back() ? Expected::kKey : Expected::kValue;
      return;
    case Expected::kNothing:
      return fail("something follows the JSON");
  }
}

void EventPieces::begin_value(char c) {
  if (c == '{' || c == '[') {
    const bool object = c == '{';
    in_object_.push_back(object);
    expected_ = object ? Expected::kKeyOrEnd : Expected::kValueOrEnd;
    constexpr auto kUnknown = static_cast<std::size_t>(-1);
    return check(object ? reader_.start_object(kUnknown) : reader_.start_array(kUnknown));
  }
  text_.clear();
  if (c == '"') {
    is_key_ = false;
    inside_ = Inside::kString;
  } else if (belongs_to_literal(c)) {
    inside_ = Inside::kLiteral;
    append(c);
  } else {
    fail("no valid JSON: a value is missing");
  }
}

void EventPieces::close(bool object) {
  if (in_object_.back() != object) return fail("no valid JSON: brackets do not match");
  in_object_.pop_back();
  end_value();
  check(object ? reader_.end_object() : reader_.end_array());
}

void EventPieces::end_string() {
  inside_ = Inside::kStructure;
  if (is_key_) {
    expected_ = Expected::kColon;
    return check(reader_.key(text_));
  }
  end_value();
  check(reader_.string(text_));
}

// Numbers are not looked into: none of them means anything to routing.
void EventPieces::end_literal() {
  inside_ = Inside::kStructure;
  end_value();
  if (text_ == "true" || text_ == "false") return check(reader_.boolean(text_ == "true"));
  if (text_ == "null") return check(reader_.null());
  if (text_.front() != '-' && (text_.front() < '0' || text_.front() > '9')) return fail("no valid JSON: a word");
  check(reader_.number_float(0, text_));
}

void EventPieces::take_escape(char c) {
  constexpr std::string_view kWritten = "\"\\/bfnrt";
  constexpr std::string_view kMeant = "\"\\/\b\f\n\r\t";
  if (c == 'u') {
    digits_ = 0;
    code_ = 0;
    inside_ = Inside::kUnicode;
    return;
  }
  if (high_ != 0) return fail("half a surrogate pair");
  const auto at = kWritten.find(c);
  if (at == std::string_view::npos) return fail("an unknown escape in a string");
  append(kMeant[at]);
  inside_ = Inside::kString;
}

void EventPieces::take_unicode(char c) {
  constexpr std::string_view kHex = "0123456789abcdefABCDEF";
  const auto at = kHex.find(c);
  if (at == std::string_view::npos) return fail("an unknown escape in a string");
  code_ = code_ * 16 + static_cast<std::uint32_t>(at < 16 ? at : at - 6);
  if (++digits_ < 4) return;
  inside_ = Inside::kString;
  const bool second_half = code_ >= 0xdc00 && code_ <= 0xdfff;
  if ((high_ != 0) != second_half) return fail("half a surrogate pair");
  if (second_half) return append_utf8(0x10000 + ((std::exchange(high_, 0) - 0xd800) << 10U) + (code_ - 0xdc00));
  if (code_ >= 0xd800 && code_ <= 0xdbff) {
    high_ = code_;
  } else {
    append_utf8(code_);
  }
}

void EventPieces::append_utf8(std::uint32_t code) {
  const auto tail = [this, code](unsigned shift) { append(static_cast<char>(0x80U | ((code >> shift) & 0x3fU))); };
  if (code < 0x80) return append(static_cast<char>(code));
  if (code < 0x800) {
    append(static_cast<char>(0xc0U | (code >> 6U)));
  } else if (code < 0x10000) {
    append(static_cast<char>(0xe0U | (code >> 12U)));
    tail(6);
  } else {
    append(static_cast<char>(0xf0U | (code >> 18U)));
    tail(12);
    tail(6);
  }
  tail(0);
}

tl::expected<MarathonEvent, Failure> EventPieces::finish() && {
  if (!failure_ && inside_ == Inside::kLiteral) end_literal();
  if (!failure_ && expected_ != Expected::kNothing) fail("the JSON ends in the middle");
  if (failure_) return tl::unexpected(std::move(*failure_));
  return std::move(reader_).event();
}

}  // namespace chorale::agent
