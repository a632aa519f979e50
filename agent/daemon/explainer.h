// Answers /v1/explain and /v1/routes: asks Marathon, reads what is committed, and works it out off the loop. Loop
// thread only.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/thread_pool.hpp>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <tl/expected.hpp>

#include "agent/base/worker.h"
#include "agent/config/config.h"
#include "agent/core/explanation.h"
#include "agent/daemon/last_routes.h"
#include "agent/http/admin_api.h"
#include "agent/marathon/app_inquiry.h"
#include "coordination/store.h"

namespace chorale::agent {

// Inquiries at a time, each with a request to Marathon of its own; more are told to come again.
inline constexpr std::size_t kMostInquiries = 4;

class Explainer {
 public:
  using Cluster = tl::expected<coordination::ClusterSnapshot, coordination::Error>;
  using Done = std::function<void(tl::expected<std::string, Failure>)>;  // a body in JSON

  struct Surroundings {
    boost::asio::io_context& loop;
    boost::asio::thread_pool& workers;
    const Config& config;
    const LastRoutes& last_routes;
    std::function<MarathonClientOptions()> client;
    std::function<std::vector<std::string>()> endpoints;  // Marathon's
    std::function<coordination::Store&()> store;          // asked only where the cluster could be read
    std::function<std::string()> own_template;            // the text of this proxy's template
  };

  explicit Explainer(Surroundings surroundings);
  Explainer(const Explainer&) = delete;
  Explainer& operator=(const Explainer&) = delete;

  // `done` is called once, or never after this object's end.
  void explain(const std::string& app, Cluster cluster, Done done);
  // What this proxy has applied, as {"applied": ..., "routes": ...}; nullopt: all apps.
  void routes(const AppliedRoutes& applied, std::optional<std::string> app, Done done);

 private:
  struct Inquiry {
    TimePoint since;
    ExplainInputs inputs;
    Done done;
    std::unique_ptr<AppInquiry> marathon;
  };
  // nullptr: it was given up.
  [[nodiscard]] Inquiry* find(std::uint64_t number);
  void give_up_old_ones();
  void read_committed(std::uint64_t number);
  void read_template(std::uint64_t number, const coordination::Identity& identity);
  void ask_marathon(std::uint64_t number);
  void work_out(std::uint64_t number);

  Surroundings surroundings_;
  Worker worker_;
  std::map<std::uint64_t, Inquiry> inquiries_;
  std::uint64_t last_number_ = 0;
  std::optional<coordination::Identity> template_of_;  // whose template is kept
  std::string template_text_;
  const std::shared_ptr<char> life_ = std::make_shared<char>();  // replies of the store come after this object's end
};

}  // namespace chorale::agent
