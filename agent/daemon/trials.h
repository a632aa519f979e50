// Asks this proxy's Nginx about what is not offered: a state without a suspected app, a template that is new. Loop
// thread only; renders on the worker pool, tests through LocalNginx::try_out.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/thread_pool.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "agent/base/worker.h"
#include "agent/core/leading/culprit_search.h"
#include "agent/core/leading/offer_pacer.h"
#include "agent/daemon/template_source.h"
#include "agent/nginx/local_nginx.h"
#include "render/template.h"

namespace chorale::agent {

class Trials {
 public:
  using TryOut = std::function<void(std::shared_ptr<const std::string>, LocalNginx::Tried)>;

  Trials(boost::asio::io_context& loop, boost::asio::thread_pool& workers, TryOut try_out)
      : worker_(loop, workers), try_out_(std::move(try_out)) {}
  Trials(const Trials&) = delete;
  Trials& operator=(const Trials&) = delete;

  struct Answer {
    TrialOutcome outcome;
    int template_line = 0;  // that wrote what Nginx refuses; 0: unknown
  };
  void ask(const render::Template& compiled, const SharedState& state, std::function<void(Answer)> done);

  enum class Verdict {
    kGood,
    kRefused,  // by Nginx, which accepts what is in use
    kUnclear,  // this proxy's Nginx accepts nothing now, or cannot be asked
  };
  struct Vetting {
    Verdict verdict = Verdict::kUnclear;
    std::string reason;  // names the template's file and line
  };
  // May this template be used? Judged by the state that is served, so that no app that runs can be its victim.
  // `in_use`: nullopt: there is none to compare with.
  void vet(const LoadedTemplate& candidate, const std::optional<LoadedTemplate>& in_use, const SharedState& state,
           std::function<void(Vetting)> done);

  // No answer comes afterwards.
  void close() {
    worker_.cancel();
    life_.reset();
  }

 private:
  void tried(const std::shared_ptr<const render::Rendered>& rendered, const render::Template& compiled,
             const SharedState& state, const TestFinished& result, const std::function<void(Answer)>& done);

  Worker worker_;
  TryOut try_out_;
  std::shared_ptr<const bool> life_ = std::make_shared<const bool>(true);
};

}  // namespace chorale::agent
