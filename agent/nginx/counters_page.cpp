#include "agent/nginx/counters_page.h"

#include <sstream>
#include <string>

#include "agent/base/http_client.h"
#include "agent/base/one_line.h"

namespace chorale::agent {
namespace {

constexpr std::size_t kMostCountersBytes = 4 * 1024;  // of what stands there instead

bool is_counters_location(const ConfigDirective& directive) {
  const auto& words = directive.words;
  return directive.end == '{' && words.size() == 3 && words[0] == "location" && words[1] == "=" &&
         words[2] == kCountersPath;
}

}  // namespace

std::optional<ProofPage> find_counters_page(std::string_view text) {
  if (text.find(kCountersPath) == std::string_view::npos) return std::nullopt;
  bool there = false;
  ProofPageReader reader;
  ConfigDirectives directives(text);
  while (const ConfigDirective* directive = directives.next()) {
    there = there || is_counters_location(*directive);
    reader.read(*directive);
  }
  return there ? reader.found() : std::nullopt;
}

tl::expected<NginxCounters, Failure> ask_counters(const ProofPage& page, Milliseconds longest) {
  Url url;
  url.host = page.address;
  url.port = std::to_string(page.port);
  url.target = kCountersPath;
  HttpQuestion question{longest, kMostCountersBytes};
  question.host = page.host;
  question.from = page.address;  // as for the proof: the page answers this address alone
  const auto answer = ask_http(url, question);
  if (!answer) return tl::unexpected(answer.error());
  if (answer->status != 200) return tl::unexpected(Failure{"HTTP " + std::to_string(answer->status)});
  if (const auto counters = parse_counters(answer->body)) return *counters;
  return tl::unexpected(Failure{"\"" + one_line(answer->body, 60) + "\""});
}

// Active connections: 2
// server accepts handled requests
//  10 10 25
// Reading: 0 Writing: 1 Waiting: 1
std::optional<NginxCounters> parse_counters(std::string_view body) {
  std::istringstream words{std::string(body)};
  NginxCounters read;
  const auto expect = [&words](const char* expected) {
    std::string word;
    return words >> word && word == expected;
  };
  const bool whole = expect("Active") && expect("connections:") && words >> read.active && expect("server") &&
                     expect("accepts") && expect("handled") && expect("requests") && words >> read.accepted &&
                     words >> read.handled && words >> read.requests && expect("Reading:") && words >> read.reading &&
                     expect("Writing:") && words >> read.writing && expect("Waiting:") && words >> read.waiting;
  if (!whole) return std::nullopt;
  return read;
}

}  // namespace chorale::agent
