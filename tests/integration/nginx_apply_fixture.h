// A LocalNginx beside a real Nginx, and what it has told so far. The test's thread runs the loop.
#pragma once

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/thread_pool.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "agent/nginx/local_nginx.h"
#include "tests/harness/loopback.h"
#include "tests/harness/nginx_instance.h"
#include "tests/harness/temp_dir.h"

namespace chorale::agent {

std::string read_text(const std::string& path);
void write_text(const std::string& path, const std::string& text);
// Holds this port: on all addresses of IPv4 or IPv6 (`both`: "::" takes those of IPv4 as well), or on one.
[[nodiscard]] testing::Socket hold_port(std::uint16_t port, const std::string& address = "127.0.0.1", bool udp = false,
                                        bool both = false);

class NginxApplyTest : public ::testing::Test {
 protected:
  NginxApplyTest();
  ~NginxApplyTest() override;

  // The agent's life: the object, started; and its end at any moment.
  std::optional<coordination::Identity> begin();
  void end();

  [[nodiscard]] static coordination::Identity identity(std::int64_t revision, const std::string& text);
  void stage(std::int64_t revision, const std::string& text);
  void apply(std::int64_t revision, const std::string& text);

  // Runs the loop until the condition holds; false: it did not within 15 s.
  [[nodiscard]] bool run_until(const std::function<bool()>& condition);
  void run_for(std::chrono::milliseconds time);
  [[nodiscard]] bool run_until_applied(std::int64_t revision);
  // The agent has written down that this revision is proven: its next life has nothing to find out.
  [[nodiscard]] bool kept_as_proven(std::int64_t revision) const;
  // The answer to the one stage() since the last; runs until it is there.
  coordination::StageFinished vote();

  [[nodiscard]] const NginxStatus& status() const { return local_->status(); }
  [[nodiscard]] std::string file() const { return read_text(nginx_.config_file()); }
  [[nodiscard]] std::set<int> workers() const;
  [[nodiscard]] std::string logged() const;

  boost::asio::io_context loop_;
  boost::asio::thread_pool pool_{2};
  testing::NginxInstance nginx_;
  testing::TempDir state_{"state"};
  LocalNginxOptions options_;
  std::shared_ptr<LocalNginx> local_;
  std::vector<coordination::StageFinished> staged_;
  std::vector<coordination::RevisionApplied> applied_;
  std::vector<LogLine> log_;
  int changes_ = 0;
};

}  // namespace chorale::agent
