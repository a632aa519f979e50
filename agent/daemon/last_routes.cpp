#include "agent/daemon/last_routes.h"

#include <chrono>
#include <filesystem>
#include <system_error>
#include <utility>

#include "agent/base/atomic_file.h"
#include "agent/base/text_file.h"
#include "render/routes_codec.h"
#include "render/routes_difference.h"

namespace chorale::agent {
namespace {

std::int64_t seconds_since_1970(std::chrono::system_clock::time_point time) {
  return std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count();
}

struct Kept {
  std::shared_ptr<const render::RoutingState> state;  // nullptr: it could not be read
  std::optional<std::string> difference;
};

}  // namespace

LastRoutes::LastRoutes(boost::asio::io_context& loop, boost::asio::thread_pool& workers, const std::string& state_dir,
                       Changed changed)
    : worker_(loop, workers), file_(state_dir + "/routes.json"), changed_(std::move(changed)) {}

void LastRoutes::load() {
  const auto text = read_text_file(file_);
  if (!text) return;
  if (auto state = render::decode_routes(*text)) {
    state_ = std::make_shared<const render::RoutingState>(std::move(*state));
    std::error_code error;
    const auto written = std::filesystem::last_write_time(file_, error);
    if (!error) kept_at_ = seconds_since_1970(std::chrono::file_clock::to_sys(written));
  }
}

void LastRoutes::wanted(const coordination::Identity& identity, std::shared_ptr<const std::string> routes_json) {
  wanted_ = identity;
  wanted_text_ = std::move(routes_json);
}

bool LastRoutes::applied(const coordination::Identity& identity) {
  if (!wanted_text_ || identity != wanted_) return false;
  applied_text_ = std::exchange(wanted_text_, nullptr);
  applied_ = identity;
  keep_next();
  return true;
}

void LastRoutes::found(const coordination::Identity& identity, std::string routes_json) {
  if (!applied_.older_than(identity)) return;
  applied_text_ = std::make_shared<const std::string>(std::move(routes_json));
  applied_ = identity;
  keep_next();
}

void LastRoutes::keep_next() {
  if (keeping_ || !applied_text_) return;
  keeping_ = true;
  worker_.run(
      [text = std::exchange(applied_text_, nullptr), file = file_, before = state_] {
        auto state = render::decode_routes(*text);
        // Text that cannot be decoded is not expected: it was verified by its digest and written by this program. A
        // file that cannot be written costs only a baseline.
        if (state) (void)replace_file(file, *text, {});
        Kept kept;
        if (state && before) kept.difference = render::difference_line(render::difference_of(*before, *state));
        if (state) kept.state = std::make_shared<const render::RoutingState>(std::move(*state));
        return kept;
      },
      [this, identity = applied_](Kept kept) {
        keeping_ = false;
        if (kept.state) {
          state_ = std::move(kept.state);
          identity_ = identity;
          kept_at_ = seconds_since_1970(std::chrono::system_clock::now());
        }
        changed_(identity, kept.difference);
        keep_next();
      });
}

}  // namespace chorale::agent
