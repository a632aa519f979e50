#include "agent/cli/nginx_needs.h"

#include <gtest/gtest.h>

#include <string>

namespace chorale::agent {
namespace {

std::string need(const std::string& text) {
  const auto found = newest_need(text);
  return found ? text_of(found->version) + " " + found->what : "";
}

TEST(NginxNeedsTest, NewestIsNamed) {
  EXPECT_EQ(need("events {}\nhttp { server { listen 80; } }"), "");
  EXPECT_EQ(need("upstream a { random two least_conn; }"), "1.15.1 random two least_conn");
  EXPECT_EQ(need("upstream a { random; }\nserver { ssl_certificate /x/$name.crt; }\nworker_shutdown_timeout 1m;"),
            "1.15.9 ssl_certificate with a variable");
  EXPECT_EQ(need("ssl_certificate /x/a.crt;"), "");
  EXPECT_EQ(need("ssl_certificate_key /x/$a.key;"), "");
  EXPECT_EQ(need("log_format a escape=json '';"), "1.11.8 log_format ... escape=json");
  EXPECT_EQ(need("log_format a escape=none '';"), "1.13.10 log_format ... escape=none");
  EXPECT_EQ(need("log_format a 'escape=json';"), "1.11.8 log_format ... escape=json");
  EXPECT_EQ(need("listen 443 ssl http2;"), "1.9.5 listen ... http2");
  EXPECT_EQ(need("stream { server { listen 53 udp; } }"), "1.9.13 listen ... udp");
  EXPECT_EQ(need("listen 443 quic; http2 on;"), "1.25.1 http2 on");
  EXPECT_EQ(need("http2 on; listen 443 quic;"), "1.25.1 http2 on");
  EXPECT_EQ(need("stream {}"), "1.9.0 stream");
  EXPECT_EQ(need("worker_shutdown_timeout 10m;"), "1.11.11 worker_shutdown_timeout");
  EXPECT_EQ(need("ssl_reject_handshake on;"), "1.19.4 ssl_reject_handshake");
  EXPECT_EQ(need("listen 443 quic;"), "1.25.0 listen ... quic");
}

TEST(NginxNeedsTest, RefusalsHaveARemedy) {
  EXPECT_EQ(remedy_for("the \"http2\" parameter requires ngx_http_v2_module in /x:1", ""),
            "; install an Nginx that is built with that module");
  EXPECT_EQ(remedy_for("unknown directive \"stream\" in /x:1", "/main").find("; install the stream module"), 0U);
  EXPECT_EQ(remedy_for("\"user\" directive is not allowed here in /x:1", "/main"),
            "; nginx_template has to be one for the place where /main includes it");
  EXPECT_EQ(remedy_for("\"user\" directive is not allowed here in /x:1", ""), "");
  EXPECT_EQ(
      remedy_for("could not build server_names_hash, you should increase server_names_hash_bucket_size: 64", "/m"),
      "; set server_names_hash_bucket_size 128 in the http block of /m");
  EXPECT_EQ(remedy_for("could not build map_hash, you should increase map_hash_bucket_size: 64", "/m"),
            "; set map_hash_bucket_size 128 in the block of /m that includes it");
  EXPECT_EQ(remedy_for("could not build variables_hash, you should", "/m"),
            "; set variables_hash_bucket_size 128 in the block of /m that includes it");
  EXPECT_EQ(remedy_for("512 worker_connections are not enough for 3721 listening sockets", "/m"),
            "; raise worker_connections in the events block of /m");
  EXPECT_EQ(remedy_for("host not found in upstream \"a\"", "/main"), "");
}

}  // namespace
}  // namespace chorale::agent
