// A text that changes, for clients who want it again whenever it does (server-sent events). Loop thread only.
//
// A slow listener gets the newest text, never a queue of older ones: memory is bounded by the number of listeners.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>

namespace chorale::agent {

class LiveText : public std::enable_shared_from_this<LiveText> {
 public:
  // `heartbeat`: makes what a listener gets after a while without news, so that both ends know that the other is there.
  explicit LiveText(std::function<std::string()> heartbeat) : heartbeat_(std::move(heartbeat)) {}

  // Wakes every listener, also if the text is the same.
  void set(std::string text);
  // The same news in other words, for who comes now: whoever has it does not get it again.
  void reword(std::string text) { text_ = std::make_shared<const std::string>(std::move(text)); }
  // Who comes now waits for the next text.
  void forget() { text_.reset(); }
  // null: there is none yet.
  [[nodiscard]] std::shared_ptr<const std::string> text() const { return text_; }
  // Another number with each set(); 0: there was none yet.
  [[nodiscard]] std::uint64_t news() const { return news_; }
  [[nodiscard]] std::string heartbeat() const { return heartbeat_(); }

  // Listens as long as the result is kept. `wake` may end its own listening.
  [[nodiscard]] std::shared_ptr<void> listen(std::function<void()> wake);
  [[nodiscard]] std::size_t listeners() const { return listeners_.size(); }

 private:
  std::function<std::string()> heartbeat_;
  std::shared_ptr<const std::string> text_;
  std::uint64_t news_ = 0;
  std::map<std::uint64_t, std::function<void()>> listeners_;
  std::uint64_t last_ = 0;
};

}  // namespace chorale::agent
