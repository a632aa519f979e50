// A small file whose content is looked at every second; each new content is told. Loop thread only.
//
// What cannot be read, or is being written, is told like any other content: who watches keeps the last good one.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <cstddef>
#include <functional>
#include <string>
#include <tl/expected.hpp>

#include "agent/base/types.h"
#include "agent/base/worker.h"

namespace chorale::agent {

class WatchedFile {
 public:
  using Text = tl::expected<std::string, Failure>;

  // Reads it at once; `changed` is called for what differs from that, on the loop, and may end this object.
  WatchedFile(boost::asio::io_context& loop, boost::asio::thread_pool& workers, std::string path, std::size_t max_bytes,
              std::function<void(const Text&)> changed);
  WatchedFile(const WatchedFile&) = delete;
  WatchedFile& operator=(const WatchedFile&) = delete;

  [[nodiscard]] const Text& text() const { return text_; }

 private:
  void look_later();
  void look();

  Worker worker_;
  boost::asio::steady_timer timer_;
  const std::string path_;
  const std::size_t max_bytes_;
  const std::function<void(const Text&)> changed_;
  Text text_;
};

}  // namespace chorale::agent
