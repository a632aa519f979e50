#include "render/app_labels.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>

#include "render/allow_list.h"

namespace chorale::render {
namespace {

using Refused = std::optional<Error>;

constexpr std::int64_t kMaxTimeoutMs = 24LL * 3'600 * 1'000;
constexpr std::int64_t kMaxBodyBytes = std::int64_t{1} << 40U;
constexpr std::int64_t kMaxKeepalive = 1'024;
constexpr std::int64_t kMaxRate = 1'000'000;
constexpr std::int64_t kMaxWeight = 1'000;
constexpr std::size_t kMaxWordBytes = 64;
constexpr std::string_view kCookie = "cookie:";

Error refusal(std::string message) { return Error{"", 0, std::move(message)}; }

// [A-Za-z0-9] and `others`, 1 to 64 of them.
bool is_word_of(std::string_view text, std::string_view others) {
  return !text.empty() && text.size() <= kMaxWordBytes && std::all_of(text.begin(), text.end(), [&](char c) {
    return is_alphanumeric(c) || others.find(c) != std::string_view::npos;
  });
}

std::vector<std::string_view> words_of(std::string_view text) {
  constexpr std::string_view kSeparators = " \t,";
  std::vector<std::string_view> words;
  while (true) {
    text.remove_prefix(std::min(text.find_first_not_of(kSeparators), text.size()));
    if (text.empty()) return words;
    words.push_back(text.substr(0, text.find_first_of(kSeparators)));
    text.remove_prefix(words.back().size());
  }
}

// Digits alone, at most ten of them; takes them off the front.
std::optional<std::int64_t> take_number(std::string_view& text) {
  constexpr std::size_t kMostDigits = 10;
  const std::size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
  if (digits == 0 || digits > kMostDigits) return std::nullopt;
  std::int64_t number = 0;
  std::from_chars(text.data(), text.data() + digits, number);
  text.remove_prefix(digits);
  return number;
}

Refused refuse_number(std::string_view value, std::int64_t most) {
  const auto number = take_number(value);
  if (number && value.empty() && *number >= 1 && *number <= most) return std::nullopt;
  return refusal("is no whole number within 1.." + std::to_string(most));
}

// http://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_next_upstream
constexpr std::array<std::string_view, 3> kAlwaysRetried{"error", "timeout", "invalid_header"};
constexpr std::array<std::string_view, 8> kRetriedOnRequest{"http_500", "http_502", "http_503", "http_504",
                                                            "http_403", "http_404", "http_429", "non_idempotent"};

template <std::size_t kSize>
bool is_among(std::string_view word, const std::array<std::string_view, kSize>& words) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

Refused refuse_retry(std::string_view value) {
  const std::vector<std::string_view> conditions = words_of(value);
  if (conditions.empty()) return refusal("names no condition");
  for (auto condition = conditions.begin(); condition != conditions.end(); ++condition) {
    if (!is_among(*condition, kAlwaysRetried) && !is_among(*condition, kRetriedOnRequest)) {
      std::string known;
      for (const std::string_view one : kRetriedOnRequest) known += (known.empty() ? "" : ", ") + std::string(one);
      return refusal("has a word that is none of " + known);
    }
    if (std::find(conditions.begin(), condition, *condition) != condition) {
      return refusal("names " + std::string(*condition) + " twice");
    }
  }
  return std::nullopt;
}

Refused refuse_strip_prefix(std::string_view value) {
  if (value == "true" || value == "false") return std::nullopt;
  return refusal("is neither true nor false");
}

Refused refuse_keepalive(std::string_view value) { return refuse_number(value, kMaxKeepalive); }

Refused refuse_timeout(std::string_view value) {
  constexpr std::array<std::pair<std::string_view, std::int64_t>, 4> kUnits{
      {{"ms", 1}, {"s", 1'000}, {"m", 60'000}, {"h", 3'600'000}}};
  const auto number = take_number(value);
  const auto unit = std::find_if(kUnits.begin(), kUnits.end(), [&](const auto& one) { return one.first == value; });
  if (number && unit != kUnits.end() && *number >= 1 && *number * unit->second <= kMaxTimeoutMs) return std::nullopt;
  return refusal("is no time as in 500ms, 90s, 5m or 2h, at most 24h");
}

Refused refuse_max_body(std::string_view value) {
  constexpr std::array<std::pair<std::string_view, unsigned>, 4> kUnits{{{"", 0}, {"k", 10}, {"m", 20}, {"g", 30}}};
  const auto number = take_number(value);
  const auto unit = std::find_if(kUnits.begin(), kUnits.end(), [&](const auto& one) { return one.first == value; });
  if (number && unit != kUnits.end() && *number <= (kMaxBodyBytes >> unit->second)) return std::nullopt;
  return refusal("is no size as in 512k, 100m or 2g, at most 1024g");
}

// Nginx warns of a network with bits behind its prefix, in every `nginx -t` and of all apps.
bool is_network(std::string_view text) {
  const std::size_t slash = text.find('/');
  const auto address = parse_ip_address(text.substr(0, slash));
  if (!address) return false;
  if (slash == std::string_view::npos) return true;
  std::string_view rest = text.substr(slash + 1);
  const auto prefix = take_number(rest);
  const auto bits = static_cast<std::int64_t>(address->size() * 8);
  if (!prefix || !rest.empty() || *prefix > bits) return false;
  for (std::int64_t bit = *prefix; bit < bits; ++bit) {
    const unsigned byte = (*address)[static_cast<std::size_t>(bit / 8)];
    if (((byte >> (7U - static_cast<unsigned>(bit % 8))) & 1U) != 0) return false;
  }
  return true;
}

Refused refuse_allow(std::string_view value) {
  if (value == kAllowNobody) return std::nullopt;
  const std::vector<std::string_view> networks = words_of(value);
  if (networks.empty()) return refusal("names no network");
  if (std::all_of(networks.begin(), networks.end(), is_network)) return std::nullopt;
  return refusal("has a word that is no address and no network as in 10.1.0.0/16 or 2001:db8::/32");
}

Refused refuse_auth(std::string_view value) {
  if (is_word_of(value, "._-") && value.front() != '.') return std::nullopt;
  return refusal("is no plain file name: letters, digits and ._- without a leading dot");
}

Refused refuse_rate(std::string_view value) { return refuse_number(value, kMaxRate); }

Refused refuse_weight(std::string_view value) { return refuse_number(value, kMaxWeight); }

Refused refuse_sticky(std::string_view value) {
  if (value == "ip_hash" || (value.starts_with(kCookie) && is_word_of(value.substr(kCookie.size()), "_"))) {
    return std::nullopt;
  }
  return refusal("is neither ip_hash nor cookie: and a name of letters, digits and '_'");
}

Refused refuse_https(std::string_view value) {
  if (value == "redirect") return std::nullopt;
  return refusal("is not redirect");
}

struct Known {
  std::string_view label;
  Refused (*refuse)(std::string_view value);
  bool restricts_access = false;
};
constexpr std::array kKnown{
    Known{kRetryLabel, refuse_retry},         Known{kStripPrefixLabel, refuse_strip_prefix},
    Known{kKeepaliveLabel, refuse_keepalive}, Known{kTimeoutLabel, refuse_timeout},
    Known{kMaxBodyLabel, refuse_max_body},    Known{kAllowLabel, refuse_allow, true},
    Known{kAuthLabel, refuse_auth, true},     Known{kRateLabel, refuse_rate},
    Known{kStickyLabel, refuse_sticky},       Known{kHttpsLabel, refuse_https},
    Known{kWeightLabel, refuse_weight},
};

const Known* find_known(std::string_view label) {
  const auto* const found =
      std::find_if(kKnown.begin(), kKnown.end(), [&](const Known& known) { return known.label == label; });
  return found == kKnown.end() ? nullptr : found;
}

// What frames an answer is Nginx's business alone, and X-Proxy names the proxy.
bool is_reserved_header(std::string_view name) {
  constexpr std::array<std::string_view, 10> kReserved{
      "connection", "content-encoding", "content-length",    "content-type", "date",
      "keep-alive", "trailer",          "transfer-encoding", "upgrade",      "x-proxy"};
  std::string lower(name);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return is_among(lower, kReserved);
}

Refused refuse_header(std::string_view name, std::string_view value) {
  if (!is_word_of(name, "-") || name.front() == '-') {
    return refusal("names no header of letters, digits and '-', at most 64");
  }
  if (is_reserved_header(name)) return refusal("names a header that is not an app's to set");
  return refuse_quoted(value);
}

}  // namespace

std::optional<Error> refuse_app_label(std::string_view label, std::string_view value) {
  if (label.starts_with(kHeaderLabels)) return refuse_header(label.substr(kHeaderLabels.size()), value);
  const Known* known = find_known(label);
  if (known == nullptr) return std::nullopt;
  if (auto wrong = refuse_quoted(value)) return wrong;  // as labels.* it is quoted
  return known->refuse(value);
}

bool restricts_access(std::string_view label) {
  const Known* known = find_known(label);
  return known != nullptr && known->restricts_access;
}

std::string retry_conditions(std::string_view value) {
  std::string text;
  for (const std::string_view condition : words_of(value)) {
    if (is_among(condition, kAlwaysRetried)) continue;
    text += (text.empty() ? "" : " ") + std::string(condition);
  }
  return text;
}

std::vector<std::string_view> allowed_networks(std::string_view value) {
  return value == kAllowNobody ? std::vector<std::string_view>() : words_of(value);
}

std::string_view sticky_cookie(std::string_view value) {
  return value.starts_with(kCookie) ? value.substr(kCookie.size()) : std::string_view();
}

}  // namespace chorale::render
