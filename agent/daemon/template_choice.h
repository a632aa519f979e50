// Which template a leadership renders with, and for whom another. Loop thread only.
//
// A pushed template rules; without one the committed template stays in use until this host's file changes. Nothing is
// used that this proxy's Nginx refuses while it accepts what is in use: the last good template goes on, and trouble()
// says why.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "agent/base/types.h"
#include "agent/base/worker.h"
#include "agent/core/leading/offer_pacer.h"
#include "agent/daemon/template_source.h"
#include "agent/daemon/trials.h"
#include "coordination/effects.h"
#include "render/service_ports.h"

namespace chorale::agent {

// A template for some agents alone, until it is pushed for all.
struct CanaryTemplate {
  LoadedTemplate loaded;
  std::vector<std::string> agents;
};

class TemplateChoice {
 public:
  struct Callbacks {
    std::function<void()> begun;          // once: what there is to use is in use
    std::function<void()> another;        // afterwards: something else is in use
    std::function<void()> changed;        // trouble() or note() may say something else
    std::function<SharedState()> served;  // what a new template is judged by
  };

  // What was refused is asked about again: its reason may have nothing to do with it, such as a certificate that is not
  // there yet.
  struct Pauses {
    Milliseconds unclear{5'000};  // this proxy's Nginx could not be asked, or accepts nothing now
    Milliseconds refused{30'000};
  };

  TemplateChoice(boost::asio::io_context& loop, boost::asio::thread_pool& workers, TemplateSource& source,
                 Trials& trials, Callbacks callbacks, Pauses pauses);
  TemplateChoice(const TemplateChoice&) = delete;
  TemplateChoice& operator=(const TemplateChoice&) = delete;

  // What the committed revision was made with. `ruling` nullopt: there is none, or it cannot be read. `restored`: it is
  // of an earlier day, which an operator holds; nothing is offered before the release, and then with today's.
  struct Committed {
    std::optional<LoadedTemplate> ruling{};
    std::optional<CanaryTemplate> canary{};
    bool restored = false;
  };
  // Before it nothing else is asked of this.
  void begin(Committed committed, const coordination::PushedTemplates& pushed);
  void file_changed();
  void push(const coordination::PushedTemplates& pushed);  // the last one counts
  // A canary's Nginx refuses what the one on trial makes of the apps: the canaries get what all others get.
  void end_trial(const std::string& reason);
  // No callback afterwards.
  void close();

  [[nodiscard]] const std::optional<LoadedTemplate>& in_use() const { return in_use_; }
  [[nodiscard]] const std::optional<CanaryTemplate>& canary() const { return canary_; }
  // Why what should be used cannot be used.
  [[nodiscard]] const std::optional<Failure>& trouble() const { return trouble_ ? trouble_ : canary_trouble_; }
  // That another template than this host's is in use.
  [[nodiscard]] const std::optional<std::string>& note() const { return note_; }
  // What is in use otherwise since another() was told last, for people: "template 0123456789ab pushed by jo".
  [[nodiscard]] const std::string& change() const { return change_; }
  // The operator whose doing it is that something else is in use than is committed; empty: nobody's.
  [[nodiscard]] const std::string& changed_by() const { return changed_by_; }
  void committed_change_of(const std::string& by) {
    if (changed_by_ == by) changed_by_.clear();
  }
  [[nodiscard]] std::size_t longest_server_name() const;
  [[nodiscard]] std::optional<render::ServicePortRange> service_ports() const;

 private:
  struct Compiled {
    tl::expected<LoadedTemplate, Failure> ruling = tl::unexpected(Failure{});
    tl::expected<LoadedTemplate, Failure> canary = tl::unexpected(Failure{});
  };
  static Compiled compile(const coordination::PushedTemplates& pushed, const render::TemplateOptions& options);

  void take_pushed(const coordination::PushedTemplates& pushed, Compiled compiled);
  void choose_file();
  void consider(LoadedTemplate candidate);
  void vet();
  void vetted(const LoadedTemplate& candidate, const Trials::Vetting& vetting);
  void consider_canary();
  void canary_vetted(CanaryTemplate canary, const Trials::Vetting& vetting);
  void refuse(std::optional<Failure>& trouble, std::string& said, const Trials::Vetting& vetting);
  void use_another(std::string change);
  [[nodiscard]] std::string ruling_change() const;
  [[nodiscard]] std::string trial_change(const std::optional<CanaryTemplate>& before) const;
  void settle();

  Worker worker_;
  TemplateSource& source_;
  Trials& trials_;
  Callbacks callbacks_;
  const Pauses pauses_;
  boost::asio::steady_timer again_;
  int pushes_ = 0;  // an older one's texts are dropped
  int round_ = 0;   // of vetting: an older one's verdict is dropped
  bool begins_ = false;
  bool begun_ = false;
  bool pushed_rules_ = false;
  std::optional<LoadedTemplate> in_use_;
  std::optional<LoadedTemplate> candidate_;
  std::optional<CanaryTemplate> canary_;
  std::optional<CanaryTemplate> wanted_canary_;
  std::string pusher_;  // of what was told last
  bool rolled_back_ = false;
  std::string changed_by_;  // see changed_by()
  std::string change_;      // see change()
  std::optional<Failure> trouble_;
  std::optional<Failure> canary_trouble_;
  std::string said_;  // of the refusals in the log: each stands there once, however often it is asked again
  std::string canary_said_;
  std::optional<std::string> note_;
  std::optional<std::string> passed_over_;  // the digest of this host's file that is not used until it changes
};

}  // namespace chorale::agent
