#include "agent/core/leading/routes_hosts.h"

#include <algorithm>
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

HostChoice hosts_of_label(const std::string& label, const std::string& value) {
  HostChoice choice;
  for (const std::string& word : split_at_blanks(value)) {
    if (const auto wrong = render::refuse_host(word)) {
      choice.reasons.push_back("host \"" + one_line(word) + "\" of label " + label + " left out: " + wrong->message);
      continue;
    }
    std::string host = lower_case(word);
    if (std::find(choice.hosts.begin(), choice.hosts.end(), host) == choice.hosts.end()) {
      choice.hosts.push_back(std::move(host));
    }
  }
  if (choice.hosts.empty()) {
    choice.served = false;
    choice.reasons.push_back("label " + label + " names no valid host");
  }
  return choice;
}

}  // namespace

HostChoice choose_hosts(const MarathonApp& app) {
  for (const char* label : {"subdomain", "moxy_subdomain"}) {
    if (const auto found = app.labels.find(label); found != app.labels.end()) {
      return hosts_of_label(label, found->second);
    }
  }
  HostChoice choice;
  std::string host = lower_case(render::name_of_app_id(app.id));
  if (const auto wrong = render::refuse_host(host)) {
    choice.reasons.push_back("served by path only, its id gives no host name: \"" + one_line(host) + "\" " +
                             wrong->message);
  } else {
    choice.hosts.push_back(std::move(host));
  }
  return choice;
}

}  // namespace chorale::agent
