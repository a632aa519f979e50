// Nginx, updated by a file and a reload: performs what core/applying/Applier decides, and posts each result back to it.
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "agent/base/clock.h"
#include "agent/base/worker.h"
#include "agent/core/applying/applier.h"
#include "agent/nginx/config_file.h"
#include "agent/nginx/draft_test.h"
#include "agent/nginx/inspection.h"
#include "agent/nginx/local_nginx.h"
#include "agent/nginx/proof.h"
#include "coordination/loop_thread.h"
#include "render/local_values.h"

namespace chorale::agent {
namespace {

namespace asio = boost::asio;
using Clock = std::chrono::steady_clock;

constexpr Milliseconds kProofPoll{10};
constexpr Milliseconds kLongestTrial{10'000};
constexpr const char* kNoConfig = "the revision holds no nginx.conf";

class ReloadedNginx : public LocalNginx, public std::enable_shared_from_this<ReloadedNginx> {
 public:
  ReloadedNginx(asio::io_context& loop, asio::thread_pool& workers, LocalNginxOptions options, Callbacks callbacks)
      : loop_(loop),
        worker_(loop, workers),
        options_(std::move(options)),
        callbacks_(std::move(callbacks)),
        program_(program_name(options_.command)),
        file_(std::make_shared<const ConfigFile>(options_.config_file, options_.state_dir, options_.main_config)),
        applier_({options_.ignore_check, options_.repair_drift, options_.retry_interval, options_.illness_interval,
                  options_.proof_floor}),
        watch_timer_(loop),
        proof_timer_(loop) {
    redaction_.learn(options_.local_values);
  }

  ~ReloadedNginx() override { worker_.cancel_and_wait(); }

  std::optional<coordination::Identity> start() override {
    if (const Done done = file_->prepare(); !done) perform(LogLine{LogLine::Level::kError, done.error().message});
    file_->remove_leftovers();
    const FilesFound found = file_->find();
    if (auto view = file_->view()) look_again(std::move(*view));
    step(found);
    Inspection first = inspect(*file_, view_, locations(), program_, options_.reload_on);
    step(first.event);
    watch();
    return found.file ? found.file->identity : std::nullopt;
  }

  void set_local_values(std::map<std::string, std::string> values) override {
    if (values == options_.local_values) return;
    options_.local_values = std::move(values);
    redaction_.learn(options_.local_values);
    step(LocalValuesChanged{});
  }

  void proposal_ended(std::optional<coordination::Identity> committed) override {
    step(ProposalEnded{std::move(committed)});
  }

  void command(Command command, Commanded commanded) override {
    commands_[command].push_back(std::move(commanded));
    step(CommandGiven{command});
  }

  void try_out(std::shared_ptr<const std::string> text, Tried tried) override {
    trials_.push_back({std::move(text), std::move(tried)});
    if (trials_.size() == 1) try_next();
  }

  void stage(const coordination::StageRevision& revision) override {
    if (auto config = config_among(revision.identity, revision.files)) return step(StageRequested{std::move(*config)});
    perform(LogLine{LogLine::Level::kError, kNoConfig});
    perform(AnswerStage{{revision.identity, coordination::VoteResult::kNack, kNoConfig}});
  }

  void apply(const coordination::ApplyRevision& revision) override {
    if (auto config = config_among(revision.identity, revision.files)) return step(ApplyRequested{std::move(*config)});
    perform(LogLine{LogLine::Level::kError, kNoConfig});
  }

  [[nodiscard]] const NginxStatus& status() const override { return status_; }

 private:
  // Runs `work(stop flag)` on the pool, then `then(*this, result)` on the loop.
  template <typename Work, typename Then>
  void run(Work work, Then then) {
    worker_.run(std::move(work),
                [this, then = std::move(then)](auto result) mutable { then(*this, std::move(result)); });
  }
  // Callbacks never run inside a step: they may call back into this class, or end it.
  template <typename Call>
  void call_back(Call call) {
    asio::post(loop_, [weak = weak_from_this(), call = std::move(call)] {
      if (const auto self = weak.lock()) call(self->callbacks_);
    });
  }

  [[nodiscard]] NginxLocations locations() const {
    NginxLocations where = nginx_locations(directives_, earlier_directives_, options_.command, options_.pid_file);
    where.config_file = file_->main();
    where.build = build_;
    return where;
  }

  void step(const ApplierEvent& event) {
    thread_.check();
    for (const ApplierEffect& effect : applier_.step(Clock::now(), event)) {
      std::visit([this](const auto& typed) { perform(typed); }, effect);
    }
    if (NginxStatus next = applier_.status(); next != status_) {
      status_ = std::move(next);
      call_back([status = status_](const Callbacks& callbacks) {
        if (callbacks.changed) callbacks.changed(status);
      });
    }
  }

  void perform(const WriteStage& effect) {
    run([file = file_, config = effect.config,
         values = options_.local_values](const auto& /*stop*/) { return file->write_stage(config, values); },
        [](ReloadedNginx& self, const StageWritten& written) { self.step(written); });
  }

  void test(DraftPlace place, std::optional<NginxLocations> running) {
    run([test = DraftTest{options_.command, std::move(place), kMaxProcessTime, redaction_, std::move(running)}](
            const auto& stop) { return test_draft(test, stop); },
        [](ReloadedNginx& self, const TestFinished& finished) { self.step(finished); });
  }

  void try_next() {
    DraftTest test{options_.command, file_->place_of(file_->trial()), kLongestTrial, redaction_, locations()};
    run([file = file_, text = trials_.front().text, values = options_.local_values, test = std::move(test),
         ignore =
             options_.ignore_check](const auto& stop) { return try_text(*file, *text, values, test, ignore, stop); },
        [](ReloadedNginx& self, TestFinished result) {
          const Trial ended = std::move(self.trials_.front());
          self.trials_.pop_front();
          if (!self.trials_.empty()) self.try_next();
          self.call_back([ended, result = std::move(result)](const Callbacks& /*callbacks*/) { ended.tried(result); });
        });
  }

  static TestFinished try_text(const ConfigFile& file, const std::string& text,
                               const std::map<std::string, std::string>& values, const DraftTest& test,
                               bool ignore_check, const StopFlag& stop) {
    if (ignore_check) return {TestResult::kAccepted, {}, Milliseconds(0)};
    if (const Done written = file.write_trial(text, values); !written) {
      return {TestResult::kFailed, written.error().message, Milliseconds(0)};
    }
    TestFinished result = test_draft(test, stop);
    file.remove_trial();
    if (result.line > 0) result.line = render::line_before_filling(text, values, result.line);
    return result;
  }

  void perform(const TestStage& /*effect*/) { test(file_->place_of(file_->stage()), locations()); }
  void perform(const TestCurrent& /*effect*/) { test({{}, {}, file_->main(), {}}, std::nullopt); }  // it is the whole

  // Reads the target again after `change`: it may name another pid file now, and another mark.
  template <typename Change>
  void change_target(Change change) {
    run(
        [file = file_, change](const auto& /*stop*/) {
          auto changed = change(*file);  // first: the arguments of one call have no order
          return std::pair(std::move(changed), file->view());
        },
        [](ReloadedNginx& self, auto result) {
          ++self.changes_;
          if (result.second) self.look_again(std::move(*result.second));
          self.step(result.first);
        });
  }
  void perform(const InstallStage& effect) {
    change_target([effect](const ConfigFile& file) { return file.install(effect); });
  }
  void perform(const RestoreProven& effect) {
    change_target([effect](const ConfigFile& file) { return file.restore(effect); });
  }

  void perform(const KeepProven& effect) {
    run([file = file_, effect](const auto& /*stop*/) { return file->keep_proven(effect); },
        [](ReloadedNginx& self, const ProvenKept& kept) { self.step(kept); });
  }

  void perform(const KeepLoaded& effect) {
    run([file = file_, effect](const auto& /*stop*/) { return file->keep_loaded(effect.loaded); },
        [](ReloadedNginx& self, const Done& kept) {
          if (!kept) self.perform(LogLine{LogLine::Level::kWarning, kept.error().message});
        });
  }

  void perform(const Reload& effect) {
    const ReloadRequest request{locations(),
                                program_,
                                options_.command,
                                file_->main(),
                                effect.timeout,
                                redaction_,
                                view_ ? view_->proof_page : std::nullopt};
    run(
        [request](const auto& stop) {
          auto begun = Proof::begin(request, stop);
          return begun ? std::pair(std::shared_ptr<Proof>(std::move(*begun)), ReloadFinished{})
                       : std::pair(std::shared_ptr<Proof>(), begun.error());
        },
        [](ReloadedNginx& self, const std::pair<std::shared_ptr<Proof>, ReloadFinished>& begun) {
          if (!begun.first) return self.step(begun.second);
          self.poll_proof(begun.first);
        });
  }

  void poll_proof(std::shared_ptr<Proof> proof) {
    proof_timer_.expires_after(kProofPoll);
    proof_timer_.async_wait(
        [weak = weak_from_this(), proof = std::move(proof)](const boost::system::error_code& error) {
          const auto self = weak.lock();
          if (error || !self) return;
          self->run([proof](const auto& /*stop*/) { return proof->observe(); },
                    [proof](ReloadedNginx& nginx, const std::optional<ReloadFinished>& result) {
                      if (!result) return nginx.poll_proof(proof);
                      nginx.step(*result);
                    });
        });
  }

  void perform(const Inspect& /*effect*/) {
    run([file = file_, view = view_, where = locations(), program = program_,
         watched = options_.reload_on](const auto& /*stop*/) { return inspect(*file, view, where, program, watched); },
        [changes = changes_](ReloadedNginx& self, Inspection found) {
          // What was read before an install says nothing about the file that is there now.
          if (found.event.file && changes == self.changes_) self.look_again(std::move(found.view));
          self.look_at_build(found.event);
          self.step(found.event);
        });
  }

  void perform(const AnswerStage& effect) {
    call_back([answer = effect.answer](const Callbacks& callbacks) {
      if (callbacks.staged) callbacks.staged(answer);
    });
  }

  void perform(const AnswerApplied& effect) {
    if (applied_.identity != effect.identity) applied_ = {effect.identity, utc_now()};
    call_back([applied = applied_](const Callbacks& callbacks) {
      if (callbacks.applied) callbacks.applied(applied);
    });
  }

  void perform(const AnswerCommands& effect) {
    std::deque<Commanded>& waiting = commands_[effect.command];
    for (std::size_t i = 0; i < effect.count && !waiting.empty(); ++i) {
      call_back([commanded = std::move(waiting.front()), failure = effect.failure](const Callbacks& /*callbacks*/) {
        commanded(failure);
      });
      waiting.pop_front();
    }
  }

  void perform(const LogLine& effect) {
    call_back([effect](const Callbacks& callbacks) {
      if (callbacks.log) callbacks.log(effect);
    });
  }

  void watch() {
    watch_timer_.expires_after(options_.watch_interval);
    watch_timer_.async_wait([weak = weak_from_this()](const boost::system::error_code& error) {
      const auto self = weak.lock();
      if (error || !self) return;
      self->step(ApplierTicked{});
      self->watch();
    });
  }

  // Asked once; where that failed, when another master is there: the program may be too.
  void look_at_build(const Inspected& found) {
    const std::optional<MasterProcess> master = found.master ? std::optional(*found.master) : std::nullopt;
    if (std::exchange(seen_master_, master) == master || !master || build_ != BuildPaths{}) return;
    run([command = options_.command](const auto& /*stop*/) { return ask_build(command); },
        [](ReloadedNginx& self, BuildPaths build) { self.build_ = std::move(build); });
  }

  void look_again(std::optional<ConfigView> view) {
    view_ = std::move(view);
    const MainDirectives now = view_ ? view_->directives : MainDirectives{};
    if (now != directives_) earlier_directives_ = std::exchange(directives_, now);
  }

  asio::io_context& loop_;
  Worker worker_;
  LocalNginxOptions options_;
  Callbacks callbacks_;
  std::string program_;
  std::shared_ptr<const ConfigFile> file_;
  coordination::LoopThread thread_;
  Applier applier_;
  asio::steady_timer watch_timer_;
  asio::steady_timer proof_timer_;

  Redaction redaction_;
  std::optional<ConfigView> view_;
  std::uint64_t changes_ = 0;  // of the target, by this agent
  MainDirectives directives_;
  MainDirectives earlier_directives_;
  BuildPaths build_;  // of options_.command; empty: not known yet
  std::optional<MasterProcess> seen_master_;
  struct Trial {
    std::shared_ptr<const std::string> text;
    Tried tried;
  };
  std::deque<Trial> trials_;  // the first one is under way

  std::map<Command, std::deque<Commanded>> commands_;  // the oldest first

  NginxStatus status_;
  coordination::RevisionApplied applied_;  // as told last
};

}  // namespace

std::shared_ptr<LocalNginx> make_reloaded_nginx(asio::io_context& loop, asio::thread_pool& workers,
                                                LocalNginxOptions options, LocalNginx::Callbacks callbacks) {
  return std::make_shared<ReloadedNginx>(loop, workers, std::move(options), std::move(callbacks));
}

}  // namespace chorale::agent
