#include "agent/core/leading/routes_hosts.h"

#include <algorithm>
#include <optional>
#include <string_view>

#include "agent/base/one_line.h"
#include "render/allow_list.h"

namespace chorale::agent {
namespace {

constexpr std::string_view kBlanks = " \t\r\n\f\v";

std::vector<std::string> split_at_blanks(std::string_view text) {
  std::vector<std::string> words;
  while (true) {
    const std::size_t begin = text.find_first_not_of(kBlanks);
    if (begin == std::string_view::npos) return words;
    text.remove_prefix(begin);
    const std::size_t end = std::min(text.find_first_of(kBlanks), text.size());
    words.emplace_back(text.substr(0, end));
    text.remove_prefix(end);
  }
}

std::string lower_case(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return text;
}

// Why it cannot be a host.
std::optional<std::string> refuse(const std::string& host, std::size_t longest) {
  if (host.find('*') != std::string::npos) return "has '*', and wildcards are not served";
  if (auto wrong = render::refuse_host(host)) return std::move(wrong->message);
  if (longest > 0 && host.size() > longest) return too_long(host.size(), longest);
  return std::nullopt;
}

}  // namespace

HostChoice hosts_of_label(const std::string& label, const std::string& value, std::size_t longest) {
  HostChoice choice;
  for (const std::string& word : split_at_blanks(value)) {
    if (const auto wrong = refuse(word, longest)) {
      choice.reasons.push_back("host \"" + one_line(word) + "\" of label " + one_line(label) + ": it " + *wrong);
      continue;
    }
    std::string host = lower_case(word);
    if (std::find(choice.hosts.begin(), choice.hosts.end(), host) == choice.hosts.end()) {
      choice.hosts.push_back(std::move(host));
    }
  }
  if (choice.hosts.empty()) {
    choice.served = false;
    choice.reasons.push_back("label " + one_line(label) + " names no valid host");
  }
  return choice;
}

std::string too_long(std::size_t bytes, std::size_t longest) {
  return "has " + std::to_string(bytes) + " bytes, more than the " + std::to_string(longest) +
         " that the template in use can take: its server_names_hash_bucket_size is too small";
}

HostChoice choose_hosts(const MarathonApp& app, std::size_t longest) {
  for (const char* label : {"subdomain", "moxy_subdomain"}) {
    if (const auto found = app.labels.find(label); found != app.labels.end()) {
      return hosts_of_label(label, found->second, longest);
    }
  }
  HostChoice choice;
  std::string host = render::name_of_app_id(app.id);
  if (const auto wrong = refuse(host, longest)) {
    choice.reasons.push_back("a host name: its id gives none, \"" + one_line(host) + "\" " + *wrong);
  } else {
    choice.hosts.push_back(std::move(host));
  }
  return choice;
}

}  // namespace chorale::agent
