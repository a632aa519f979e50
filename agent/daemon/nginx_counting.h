// Asks this proxy's Nginx for its counters when the metrics are read, at most every 15 s. Loop thread only; the
// question is asked on the worker pool, for at most a second.
//
// Where to ask stands in the config file that Nginx reads; the file is read again when it has changed.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/thread_pool.hpp>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "agent/base/atomic_file.h"
#include "agent/base/types.h"
#include "agent/base/worker.h"
#include "agent/core/applying/nginx_counters.h"
#include "agent/nginx/proof_page.h"

namespace chorale::agent {

class NginxCounting {
 public:
  // nullopt: the file names no page, or Nginx did not answer.
  using Counted = std::function<void(const std::optional<NginxCounters>&)>;

  NginxCounting(boost::asio::io_context& loop, boost::asio::thread_pool& workers, std::string config_file);
  NginxCounting(const NginxCounting&) = delete;
  NginxCounting& operator=(const NginxCounting&) = delete;

  // Answers once: at once if the last answer is young enough.
  void count(TimePoint now, Counted counted);

 private:
  struct Place {
    std::optional<FileSignature> file;
    std::optional<ProofPage> page;
  };
  struct Answer {
    Place place;
    std::optional<NginxCounters> counters;
  };
  static Answer ask(const std::string& config_file, Place place);

  Worker worker_;
  std::string config_file_;
  Place place_;
  std::optional<TimePoint> asked_at_;
  std::optional<NginxCounters> counters_;  // of that time
  std::vector<Counted> waiting_;           // not empty: a question is under way
};

}  // namespace chorale::agent
