#include "render/nginx_quote.h"

#include <algorithm>

#include "render/allow_list.h"

namespace chorale::render {
namespace {

bool needs_escape(char c) { return c == '"' || c == '\\'; }

}  // namespace

std::size_t quoted_bytes(std::string_view value) {
  return 2 + value.size() + static_cast<std::size_t>(std::count_if(value.begin(), value.end(), needs_escape));
}

tl::expected<std::string, Error> nginx_quote(std::string_view value) {
  if (auto wrong = refuse_quoted(value)) return tl::unexpected(*std::move(wrong));
  std::string quoted;
  quoted.reserve(quoted_bytes(value));
  quoted += '"';
  for (const char c : value) {
    if (needs_escape(c)) quoted += '\\';
    quoted += c;
  }
  quoted += '"';
  return quoted;
}

}  // namespace chorale::render
