#include "agent/nginx/local_nginx.h"

#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/filesystem.hpp>
#include <utility>

#include "agent/base/clock.h"
#include "agent/base/job_gate.h"
#include "agent/nginx/config_file.h"
#include "agent/nginx/config_test.h"
#include "agent/nginx/inspection.h"
#include "agent/nginx/proof.h"
#include "agent/nginx/report.h"

namespace chorale::agent {
namespace {

namespace asio = boost::asio;
using Clock = std::chrono::steady_clock;

constexpr Milliseconds kProofPoll{10};

}  // namespace

class LocalNginx::Impl : public std::enable_shared_from_this<LocalNginx::Impl> {
 public:
  Impl(asio::io_context& loop, asio::thread_pool& workers, LocalNginxOptions options, Callbacks callbacks)
      : loop_(loop),
        workers_(workers),
        options_(std::move(options)),
        callbacks_(std::move(callbacks)),
        program_(program_name(options_.command)),
        file_(std::make_shared<const ConfigFile>(options_.config_file, options_.state_dir)),
        applier_({options_.ignore_check, options_.repair_drift, options_.retry_interval, options_.proof_floor}),
        watch_timer_(loop),
        proof_timer_(loop) {}

  std::optional<coordination::Identity> start();
  void stop();
  void step(const ApplierEvent& event);
  void set_local_values(std::map<std::string, std::string> values);
  void wish(const coordination::Identity& identity, const std::vector<coordination::PublishedFile>& files, bool apply);
  [[nodiscard]] const NginxReport& report() const { return report_; }

 private:
  // Runs `work(stop flag)` on the pool, then `then(*this, result)` on the loop.
  template <typename Work, typename Then>
  void run(Work work, Then then) {
    asio::post(workers_, [gate = gate_, &loop = loop_, weak = weak_from_this(), work = std::move(work),
                          then = std::move(then)]() mutable {
      const JobGate::Pass pass(*gate);
      if (!pass) return;
      asio::post(loop, [weak = std::move(weak), then = std::move(then), result = work(gate->closing())]() mutable {
        const std::shared_ptr<Impl> self = weak.lock();
        if (self && !self->stopped_) then(*self, std::move(result));
      });
    });
  }
  // Callbacks never run inside a step: they may call back into this class, or end it.
  template <typename Call>
  void call_back(Call call) {
    asio::post(loop_, [weak = weak_from_this(), call = std::move(call)] {
      const std::shared_ptr<Impl> self = weak.lock();
      if (self && !self->stopped_) call(self->callbacks_);
    });
  }

  void perform(const WriteStage& effect);
  void perform(const TestStage& effect);
  void perform(const TestCurrent& effect);
  void perform(const InstallStage& effect);
  void perform(const RestoreProven& effect);
  void perform(const KeepProven& effect);
  void perform(const Reload& effect);
  void perform(const Inspect& effect);
  void perform(const AnswerStage& effect);
  void perform(const AnswerApplied& effect);
  void perform(const LogLine& effect);

  void test(const std::string& path);
  void watch();
  void poll_proof(std::shared_ptr<Proof> proof);
  void finish_reload(const ReloadFinished& result);
  void look_again(std::optional<ConfigView> view);
  void refresh_report();
  [[nodiscard]] NginxLocations locations() const {
    return nginx_locations(directives_, earlier_directives_, options_.command, options_.pid_file);
  }

  asio::io_context& loop_;
  asio::thread_pool& workers_;
  LocalNginxOptions options_;
  Callbacks callbacks_;
  std::string program_;
  std::shared_ptr<const ConfigFile> file_;
  std::shared_ptr<JobGate> gate_ = std::make_shared<JobGate>();
  Applier applier_;
  asio::steady_timer watch_timer_;
  asio::steady_timer proof_timer_;
  bool stopped_ = false;

  std::optional<ConfigView> view_;
  MainDirectives directives_;
  MainDirectives earlier_directives_;
  Clock::time_point reload_began_{};
  NginxReport report_;
};

std::optional<coordination::Identity> LocalNginx::Impl::start() {
  boost::system::error_code ignored;  // what cannot be created is told by the first write into it
  boost::filesystem::create_directories(options_.state_dir, ignored);
  file_->remove_leftovers();
  const FilesFound found = file_->find();
  if (auto view = file_->view()) look_again(std::move(*view));
  step(found);
  Inspection first = inspect(*file_, view_, locations(), program_, 0);
  step(first.event);
  watch();
  return found.file ? found.file->identity : std::nullopt;
}

void LocalNginx::Impl::stop() {
  stopped_ = true;
  watch_timer_.cancel();
  proof_timer_.cancel();
  gate_->close();
}

void LocalNginx::Impl::step(const ApplierEvent& event) {
  for (const ApplierEffect& effect : applier_.step(Clock::now(), event)) {
    std::visit([this](const auto& typed) { perform(typed); }, effect);
  }
  refresh_report();
}

void LocalNginx::Impl::set_local_values(std::map<std::string, std::string> values) {
  if (values == options_.local_values) return;
  options_.local_values = std::move(values);
  step(LocalValuesChanged{});
}

void LocalNginx::Impl::wish(const coordination::Identity& identity,
                            const std::vector<coordination::PublishedFile>& files, bool apply) {
  std::optional<ConfigWish> wish = config_among(identity, files);
  if (!wish) {
    const std::string error = "the revision holds no nginx.conf";
    perform(LogLine{LogLine::Level::kError, error});
    if (!apply) perform(AnswerStage{{identity, coordination::VoteResult::kNack, error}});
    return;
  }
  if (apply) {
    step(ApplyWished{std::move(*wish)});
  } else {
    step(StageWished{std::move(*wish)});
  }
}

void LocalNginx::Impl::perform(const WriteStage& effect) {
  run([file = file_, wish = effect.wish,
       values = options_.local_values](const auto& /*stop*/) { return file->write_stage(wish, values); },
      [](Impl& self, const StageWritten& written) { self.step(written); });
}

void LocalNginx::Impl::test(const std::string& path) {
  run([command = options_.command, path](const auto& stop) { return test_config(command, path, stop); },
      [](Impl& self, const TestFinished& finished) { self.step(finished); });
}

void LocalNginx::Impl::perform(const TestStage& /*effect*/) { test(file_->stage()); }
void LocalNginx::Impl::perform(const TestCurrent& /*effect*/) { test(file_->target()); }

void LocalNginx::Impl::perform(const InstallStage& effect) {
  run([file = file_, effect](const auto& /*stop*/) { return std::pair(file->install(effect), file->view()); },
      [](Impl& self, auto result) {
        if (result.second) self.look_again(std::move(*result.second));
        self.step(result.first);
      });
}

void LocalNginx::Impl::perform(const RestoreProven& effect) {
  run([file = file_, effect](const auto& /*stop*/) { return std::pair(file->restore(effect), file->view()); },
      [](Impl& self, auto result) {
        if (result.second) self.look_again(std::move(*result.second));
        self.step(result.first);
      });
}

void LocalNginx::Impl::perform(const KeepProven& effect) {
  run([file = file_, effect](const auto& /*stop*/) { return file->keep_proven(effect); },
      [](Impl& self, const ProvenKept& kept) { self.step(kept); });
}

void LocalNginx::Impl::perform(const Reload& effect) {
  const ReloadOrder order{locations(), program_, options_.command, options_.config_file, effect.timeout};
  reload_began_ = Clock::now();
  run(
      [order](const auto& stop) {
        auto begun = Proof::begin(order, stop);
        return begun ? std::pair(std::shared_ptr<Proof>(std::move(*begun)), ReloadFinished{})
                     : std::pair(std::shared_ptr<Proof>(), begun.error());
      },
      [](Impl& self, const std::pair<std::shared_ptr<Proof>, ReloadFinished>& begun) {
        if (!begun.first) return self.finish_reload(begun.second);
        self.poll_proof(begun.first);
      });
}

void LocalNginx::Impl::poll_proof(std::shared_ptr<Proof> proof) {
  proof_timer_.expires_after(kProofPoll);
  proof_timer_.async_wait([weak = weak_from_this(), proof = std::move(proof)](const boost::system::error_code& error) {
    const std::shared_ptr<Impl> self = weak.lock();
    if (error || !self || self->stopped_) return;
    self->run([proof](const auto& /*stop*/) { return proof->observe(); },
              [proof](Impl& impl, const std::optional<ReloadFinished>& result) {
                if (!result) return impl.poll_proof(proof);
                impl.finish_reload(*result);
              });
  });
}

void LocalNginx::Impl::finish_reload(const ReloadFinished& result) {
  if (result.result == ReloadFinished::Result::kProven) {
    report_.last_apply = std::chrono::duration_cast<Milliseconds>(Clock::now() - reload_began_);
  }
  step(result);
}

void LocalNginx::Impl::perform(const Inspect& effect) {
  run([file = file_, view = view_, where = locations(), program = program_, generation = effect.generation](
          const auto& /*stop*/) { return inspect(*file, view, where, program, generation); },
      [](Impl& self, Inspection found) {
        if (found.event.file) self.look_again(std::move(found.view));
        self.step(found.event);
      });
}

void LocalNginx::Impl::perform(const AnswerStage& effect) {
  call_back([answer = effect.answer](const Callbacks& callbacks) {
    if (callbacks.staged) callbacks.staged(answer);
  });
}

void LocalNginx::Impl::perform(const AnswerApplied& effect) {
  if (report_.applied != effect.identity) report_.applied_at = utc_now();
  call_back([applied = coordination::RevisionApplied{effect.identity, report_.applied_at}](const Callbacks& callbacks) {
    if (callbacks.applied) callbacks.applied(applied);
  });
}

void LocalNginx::Impl::perform(const LogLine& effect) {
  call_back([effect](const Callbacks& callbacks) {
    if (callbacks.log) callbacks.log(effect);
  });
}

void LocalNginx::Impl::watch() {
  watch_timer_.expires_after(options_.watch_interval);
  watch_timer_.async_wait([weak = weak_from_this()](const boost::system::error_code& error) {
    const std::shared_ptr<Impl> self = weak.lock();
    if (error || !self || self->stopped_) return;
    self->step(ApplierTicked{});
    self->watch();
  });
}

void LocalNginx::Impl::look_again(std::optional<ConfigView> view) {
  view_ = std::move(view);
  const MainDirectives now = view_ ? view_->directives : MainDirectives{};
  if (now != directives_) earlier_directives_ = std::exchange(directives_, now);
}

void LocalNginx::Impl::refresh_report() {
  NginxReport next = with_status(report_, applier_.status());
  if (next == report_) return;
  report_ = std::move(next);
  call_back([report = report_](const Callbacks& callbacks) {
    if (callbacks.report) callbacks.report(report);
  });
}

LocalNginx::LocalNginx(asio::io_context& loop, asio::thread_pool& workers, LocalNginxOptions options,
                       Callbacks callbacks)
    : impl_(std::make_shared<Impl>(loop, workers, std::move(options), std::move(callbacks))) {}

LocalNginx::~LocalNginx() { impl_->stop(); }

std::optional<coordination::Identity> LocalNginx::start() { return impl_->start(); }

void LocalNginx::stage(const coordination::StageRevision& wish) { impl_->wish(wish.identity, wish.files, false); }

void LocalNginx::apply(const coordination::ApplyRevision& wish) { impl_->wish(wish.identity, wish.files, true); }

void LocalNginx::set_local_values(std::map<std::string, std::string> values) {
  impl_->set_local_values(std::move(values));
}

const NginxReport& LocalNginx::report() const { return impl_->report(); }

}  // namespace chorale::agent
