// The shipped templates against each other.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <string>
#include <vector>

namespace chorale {
namespace {

using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;
using ::testing::UnorderedElementsAreArray;

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

std::vector<std::string> kinds_of(const std::string& name) {
  std::vector<std::string> lines = lines_of(name);
  lines.erase(std::unique(lines.begin(), lines.end()), lines.end());
  return lines;
}

std::ptrdiff_t count(const std::string& name, const std::string& line) {
  const auto lines = lines_of(name);
  return std::count(lines.begin(), lines.end(), line);
}

const std::vector<std::string> kOfAllNginx{"user @{nginx_user};",
                                           "worker_processes auto;",
                                           "worker_rlimit_nofile 65536;",
                                           "worker_shutdown_timeout 10m;",
                                           "pid @{nginx_pid};",
                                           "error_log @{nginx_error_log} warn;",
                                           "events {",
                                           "use epoll;",
                                           "worker_connections 16384;",
                                           "multi_accept on;",
                                           "http {"};

// Each app has a server of its own there, which says what the block is not theirs to say.
TEST(TemplatesTest, TheOthersForConfDSayTheSameInEachServer) {
  const std::vector<std::string> of_http{"default_type application/octet-stream;",
                                         "server_tokens off;",
                                         "sendfile on;",
                                         "tcp_nopush on;",
                                         "keepalive_timeout 65s;",
                                         "server_names_hash_max_size 4096;",
                                         "server_names_hash_bucket_size 128;",
                                         "listen @{http_port} default_server @{listen_options};",
                                         "@{ipv6}listen [::]:@{http_port} default_server @{listen_options};",
                                         "server_name _;"};
  std::vector<std::string> missing = kOfAllNginx;
  missing.insert(missing.end(), of_http.begin(), of_http.end());
  EXPECT_THAT(difference(kinds_of("vhost.mustache"), kinds_of("vhost-conf.d.mustache")),
              UnorderedElementsAreArray(missing));
  missing.emplace_back("listen @{https_port} ssl http2 default_server @{listen_options};");
  missing.emplace_back("@{ipv6}listen [::]:@{https_port} ssl http2 default_server @{listen_options};");
  EXPECT_THAT(difference(kinds_of("full.mustache"), kinds_of("full-conf.d.mustache")),
              UnorderedElementsAreArray(missing));
  for (const std::string name : {"vhost", "full"}) {
    const std::string part = name + "-conf.d.mustache";
    EXPECT_THAT(difference(kinds_of(part), kinds_of(name + ".mustache")),
                UnorderedElementsAre("server_name proof.chorale.invalid;"));
    EXPECT_EQ(count(part, "server {"), 3) << part;
    for (const char* line : {"access_log @{access_log};", "@{real_ip}", "absolute_redirect off;",
                             "client_max_body_size 128m;", "proxy_read_timeout 120s;", "proxy_http_version 1.1;",
                             "proxy_set_header Host $http_host;", "uninitialized_variable_warn off;"}) {
      EXPECT_EQ(count(part, line), 3) << part << ": " << line;
    }
  }
  EXPECT_EQ(count("full-conf.d.mustache", "ssl_certificate @{cert_dir}/$certificate.crt;"), 3);
}

TEST(TemplatesTest, StreamForConfDIsItsStreamBlock) {
  std::vector<std::string> missing = kOfAllNginx;
  for (const char* line :
       {"include /etc/nginx/modules-enabled/*-mod-stream.conf;", "include /usr/share/nginx/modules/*mod-stream.conf;",
        "access_log off;", "add_header X-Proxy \"@{xproxy}\" always;", "listen @{http_port} default_server;",
        "@{ipv6}listen [::]:@{http_port} default_server;", "server_name _;", "@{proof}",
        "location = /.chorale/nginx_status {", "if ($remote_addr != $server_addr) {", "return 404;", "stub_status;",
        "location / {", "return 503;", "stream {"}) {
    missing.emplace_back(line);
  }
  EXPECT_THAT(difference(kinds_of("stream.mustache"), kinds_of("stream-conf.d.mustache")),
              UnorderedElementsAreArray(missing));
  EXPECT_THAT(difference(kinds_of("stream-conf.d.mustache"), kinds_of("stream.mustache")), IsEmpty());
  for (const char* line : {"access_log @{access_log};", "proxy_connect_timeout 2s;", "proxy_next_upstream_tries 3;"}) {
    EXPECT_EQ(count("stream-conf.d.mustache", line), 2) << line;
  }
}

}  // namespace
}  // namespace chorale
