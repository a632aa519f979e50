// The shipped templates against each other.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <string>
#include <vector>

namespace chorale {
namespace {

using ::testing::UnorderedElementsAre;

constexpr const char* kTemplates = CHORALE_PACKAGING_DIR "/templates/";

// Sorted, without indentation, blank lines and comments.
std::vector<std::string> lines_of(const std::string& name) {
  std::ifstream in(std::string(kTemplates) + name);
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) {
    line.erase(0, line.find_first_not_of(' '));
    if (!line.empty() && line.front() != '#' && !line.starts_with("{{!")) lines.push_back(line);
  }
  std::sort(lines.begin(), lines.end());
  return lines;
}

std::vector<std::string> difference(const std::vector<std::string>& from, const std::vector<std::string>& what) {
  std::vector<std::string> rest;
  std::set_difference(from.begin(), from.end(), what.begin(), what.end(), std::back_inserter(rest));
  return rest;
}

// One has all of http to itself, the other is a guest there; they route the same.
TEST(TemplatesTest, PathForConfDIsPathButForWhatHoldsForTheWholeOfNginx) {
  const auto whole = lines_of("path.mustache");
  const auto part = lines_of("path-conf.d.mustache");
  ASSERT_GT(whole.size(), 100U);
  EXPECT_THAT(difference(whole, part),
              UnorderedElementsAre(
                  "user @{nginx_user};", "worker_processes auto;", "worker_rlimit_nofile 65536;",
                  "worker_shutdown_timeout 10m;", "pid @{nginx_pid};", "error_log @{nginx_error_log} warn;", "events {",
                  "use epoll;", "worker_connections 16384;", "multi_accept on;", "}", "http {", "}",
                  "default_type application/octet-stream;", "server_tokens off;", "sendfile on;", "tcp_nopush on;",
                  "keepalive_timeout 65s;", "server_names_hash_max_size 4096;", "server_names_hash_bucket_size 128;",
                  "listen @{http_port} default_server @{listen_options};",
                  "@{ipv6}listen [::]:@{http_port} default_server @{listen_options};"));
  EXPECT_THAT(difference(part, whole), UnorderedElementsAre("listen @{http_port} @{listen_options};",
                                                            "@{ipv6}listen [::]:@{http_port} @{listen_options};"));
}

}  // namespace
}  // namespace chorale
