#include "agent/marathon/election.h"

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>

#include "agent/base/url.h"

namespace chorale::agent {
namespace {

constexpr std::size_t kSequenceDigits = 10;
constexpr std::string_view kLatch = "latch-";
constexpr std::string_view kMember = "member_";

// ZooKeeper appends ten digits; they are the order whatever stands before them.
std::optional<std::string> sequence_of(const std::string& name) {
  if (name.find(kLatch) == std::string::npos || name.size() < kSequenceDigits) return std::nullopt;
  return name.substr(name.size() - kSequenceDigits);
}

// "member_-00000000" points to a leader that the latch has elected, and stands before all that are numbered.
std::optional<std::string> member_of(const std::string& name) {
  return name.starts_with(kMember) ? std::optional(name) : std::nullopt;
}

void append(std::vector<std::string>& endpoints, const coordination::DirectoryTexts& texts, bool https,
            std::optional<std::string> (*order_of)(const std::string&)) {
  std::vector<std::pair<std::string, std::string>> ordered;
  for (const auto& [name, text] : texts) {
    if (const auto order = order_of(name)) ordered.emplace_back(*order, text);
  }
  std::sort(ordered.begin(), ordered.end());
  for (const auto& [order, text] : ordered) {
    const auto url = parse_url((https ? "https://" : "http://") + text);
    if (!url || !url->target.empty()) continue;  // nor with credentials: those are no URL
    std::string endpoint = url->text();
    if (std::find(endpoints.begin(), endpoints.end(), endpoint) == endpoints.end()) {
      endpoints.push_back(std::move(endpoint));
    }
  }
}

coordination::Path members(const coordination::Path& root) { return root.child("leader"); }
coordination::Path latches(const coordination::Path& root) { return root.child("leader-curator"); }

}  // namespace

std::vector<coordination::Path> election_directories(const coordination::Path& root) {
  return {members(root), latches(root)};
}

std::vector<std::string> elected_endpoints(const coordination::Path& root,
                                           const std::map<coordination::Path, coordination::DirectoryTexts>& found,
                                           bool https) {
  std::vector<std::string> endpoints;
  const auto latch = found.find(latches(root));
  if (latch != found.end()) append(endpoints, latch->second, https, sequence_of);
  const auto member = found.find(members(root));
  if (member != found.end()) append(endpoints, member->second, https, member_of);
  return endpoints;
}

}  // namespace chorale::agent
