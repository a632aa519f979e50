// No Nginx: what would be applied is written to state_dir/shadow.conf (apply = false).
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <utility>

#include "agent/base/atomic_file.h"
#include "agent/base/clock.h"
#include "agent/base/worker.h"
#include "agent/nginx/config_file.h"
#include "agent/nginx/local_nginx.h"
#include "coordination/loop_thread.h"

namespace chorale::agent {
namespace {

namespace asio = boost::asio;

constexpr Ownership kPrivate{0600, static_cast<uid_t>(-1), static_cast<gid_t>(-1)};  // it may hold values of [local]
constexpr const char* kNoNginx = "apply = false: this agent touches no Nginx";

// As the file that Nginx would read: the identity in the first line, local values filled in.
Done write_shadow(const std::string& path, const PublishedConfig& config,
                  const std::map<std::string, std::string>& local_values) {
  const auto filled = fill_in(*config.text, local_values);
  if (!filled) return tl::unexpected(Failure{filled.error().text()});
  const std::string text = identity_line(config.identity) + *filled;
  const auto found = read_file(path);
  if (found && *found && (*found)->text == text) return {};
  return replace_file(path, text, kPrivate);
}

class ShadowFile : public LocalNginx, public std::enable_shared_from_this<ShadowFile> {
 public:
  ShadowFile(asio::io_context& loop, asio::thread_pool& workers, LocalNginxOptions options, Callbacks callbacks)
      : loop_(loop),
        worker_(loop, workers),
        options_(std::move(options)),
        callbacks_(std::move(callbacks)),
        path_(shadow_file(options_.state_dir)),
        retry_timer_(loop) {
    status_.shadow = true;
    status_.message = std::string(kNoNginx) + ", it writes " + path_;
  }

  // What an earlier life wrote is no floor: nothing is served that could go back.
  std::optional<coordination::Identity> start() override {
    std::error_code ignored;  // what cannot be created is told by the first write into it
    std::filesystem::create_directories(options_.state_dir, ignored);
    return std::nullopt;
  }

  void stage(const coordination::StageRevision& revision) override {
    auto config = config_among(revision.identity, revision.files);
    if (!config) {
      return answer({revision.identity, coordination::VoteResult::kNack, "the revision holds no nginx.conf"});
    }
    worker_.run([config = *config, values = options_.local_values] { return fill_in(*config.text, values); },
                [this, identity = revision.identity](const auto& filled) {
                  if (filled) return answer({identity, coordination::VoteResult::kAck, {}});
                  failed(filled.error().text());
                  answer({identity, coordination::VoteResult::kUnable, filled.error().text()});
                });
  }

  void apply(const coordination::ApplyRevision& revision) override {
    auto config = config_among(revision.identity, revision.files);
    if (!config) return;
    wanted_ = std::move(config);
    write();
  }

  void set_local_values(std::map<std::string, std::string> values) override {
    if (values == options_.local_values) return;
    options_.local_values = std::move(values);
    if (wanted_) write();
  }

  void proposal_ended(std::optional<coordination::Identity> /*committed*/) override {}

  void command(Command /*command*/, Commanded commanded) override {
    call_back([commanded = std::move(commanded)](const Callbacks& /*callbacks*/) { commanded(Failure{kNoNginx}); });
  }

  // Nobody is asked. Only a standalone agent gets here: others lead nothing.
  void try_out(std::shared_ptr<const std::string> /*text*/, Tried tried) override {
    call_back([tried = std::move(tried)](const Callbacks& /*callbacks*/) {
      tried({TestResult::kAccepted, {}, Milliseconds(0)});
    });
  }

  [[nodiscard]] const NginxStatus& status() const override { return status_; }

 private:
  template <typename Call>
  void call_back(Call call) {
    asio::post(loop_, [weak = weak_from_this(), call = std::move(call)] {
      if (const auto self = weak.lock()) call(self->callbacks_);
    });
  }

  void answer(coordination::StageFinished finished) {
    call_back([finished = std::move(finished)](const Callbacks& callbacks) {
      if (callbacks.staged) callbacks.staged(finished);
    });
  }

  // One at a time; what is wanted while it runs comes next.
  void write() {
    thread_.check();
    retry_timer_.cancel();
    again_ = std::exchange(writing_, true);
    if (again_) return;
    worker_.run([path = path_, config = *wanted_,
                 values = options_.local_values] { return write_shadow(path, config, values); },
                [this, identity = wanted_->identity](const Done& done) { written(identity, done); });
  }

  void written(const coordination::Identity& identity, const Done& done) {
    writing_ = false;
    if (done) succeeded(identity);
    if (!done) failed(done.error().message);
    if (again_) return write();
    if (done) return;
    retry_timer_.expires_after(options_.illness_interval);
    retry_timer_.async_wait([weak = weak_from_this()](const boost::system::error_code& error) {
      const auto self = weak.lock();
      if (!error && self && !self->writing_) self->write();
    });
  }

  void succeeded(const coordination::Identity& identity) {
    status_.config_healthy = true;
    status_.config_message = "OK";
    const bool news = status_.applied != identity;
    status_.applied = identity;
    if (news) {
      call_back([applied = coordination::RevisionApplied{identity, utc_now()}](const Callbacks& callbacks) {
        if (callbacks.applied) callbacks.applied(applied);
      });
    }
    changed();
  }

  void failed(const std::string& reason) {
    const std::string message = path_ + " is not up to date: " + reason;
    if (status_.config_message == message) return;
    status_.config_healthy = false;
    status_.config_message = message;
    call_back([line = LogLine{LogLine::Level::kError, message}](const Callbacks& callbacks) {
      if (callbacks.log) callbacks.log(line);
    });
    changed();
  }

  void changed() {
    call_back([status = status_](const Callbacks& callbacks) {
      if (callbacks.changed) callbacks.changed(status);
    });
  }

  asio::io_context& loop_;
  Worker worker_;
  LocalNginxOptions options_;
  Callbacks callbacks_;
  std::string path_;
  asio::steady_timer retry_timer_;  // after a write that failed
  coordination::LoopThread thread_;

  std::optional<PublishedConfig> wanted_;  // committed last
  bool writing_ = false;
  bool again_ = false;  // something else is wanted than what is being written
  NginxStatus status_;
};

}  // namespace

std::string shadow_file(const std::string& state_dir) { return state_dir + "/shadow.conf"; }

std::shared_ptr<LocalNginx> make_shadow_file(asio::io_context& loop, asio::thread_pool& workers,
                                             LocalNginxOptions options, LocalNginx::Callbacks callbacks) {
  return std::make_shared<ShadowFile>(loop, workers, std::move(options), std::move(callbacks));
}

}  // namespace chorale::agent
