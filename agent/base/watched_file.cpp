#include "agent/base/watched_file.h"

#include <chrono>
#include <utility>

#include "agent/base/text_file.h"

namespace chorale::agent {
namespace {

constexpr std::chrono::milliseconds kLookInterval{1'000};

bool is_same(const WatchedFile::Text& a, const WatchedFile::Text& b) {
  if (a && b) return *a == *b;
  return !a && !b && a.error().message == b.error().message;
}

}  // namespace

WatchedFile::WatchedFile(boost::asio::io_context& loop, boost::asio::thread_pool& workers, std::string path,
                         std::size_t max_bytes, std::function<void(const Text&)> changed)
    : worker_(loop, workers),
      timer_(loop),
      path_(std::move(path)),
      max_bytes_(max_bytes),
      changed_(std::move(changed)),
      text_(read_text_file(path_, max_bytes_)) {
  look_later();
}

void WatchedFile::look_later() {
  timer_.expires_after(kLookInterval);
  timer_.async_wait([this](const boost::system::error_code& error) {
    if (!error) look();
  });
}

void WatchedFile::look() {
  worker_.run([path = path_, max_bytes = max_bytes_] { return read_text_file(path, max_bytes); },
              [this](Text text) {
                look_later();
                if (is_same(text, text_)) return;
                text_ = std::move(text);
                changed_(text_);
              });
}

}  // namespace chorale::agent
