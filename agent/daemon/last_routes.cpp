#include "agent/daemon/last_routes.h"

#include <boost/asio/post.hpp>
#include <cstdio>
#include <fstream>
#include <utility>

#include "agent/base/text_file.h"
#include "render/routes_codec.h"

namespace chorale::agent {
namespace {

// Best effort: a lost file costs nothing but a yardstick.
void keep(const std::string& file, const std::string& text) {
  const std::string fresh = file + ".new";
  std::ofstream stream(fresh, std::ios::binary | std::ios::trunc);
  stream << text;
  stream.close();
  if (stream) std::rename(fresh.c_str(), file.c_str());
}

}  // namespace

LastRoutes::LastRoutes(boost::asio::io_context& loop, boost::asio::thread_pool& workers, const std::string& state_dir,
                       std::function<void()> changed)
    : loop_(loop), workers_(workers), file_(state_dir + "/routes.json"), changed_(std::move(changed)) {}

void LastRoutes::load() {
  const auto text = read_text_file(file_);
  if (!text) return;
  if (auto state = render::decode_routes(*text)) {
    state_ = std::make_shared<const render::RoutingState>(std::move(*state));
  }
}

void LastRoutes::wanted(const coordination::Identity& identity, std::shared_ptr<const std::string> routes_json) {
  wanted_ = identity;
  wanted_text_ = std::move(routes_json);
}

void LastRoutes::applied(const coordination::Identity& identity) {
  if (!wanted_text_ || identity != wanted_) return;
  applied_text_ = std::exchange(wanted_text_, nullptr);
  keep_next();
}

void LastRoutes::keep_next() {
  if (keeping_ || !applied_text_) return;
  keeping_ = true;
  boost::asio::post(workers_, [this, text = std::exchange(applied_text_, nullptr), file = file_,
                               alive = std::weak_ptr(alive_), &loop = loop_] {
    auto state = render::decode_routes(*text);
    if (state) keep(file, *text);  // else: cannot be, it was verified by its digest and written by this program
    boost::asio::post(loop, [this, alive, state = std::move(state)]() mutable {
      if (alive.expired()) return;
      keeping_ = false;
      if (state) {
        state_ = std::make_shared<const render::RoutingState>(std::move(*state));
        changed_();
      }
      keep_next();
    });
  });
}

}  // namespace chorale::agent
