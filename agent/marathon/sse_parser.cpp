#include "agent/marathon/sse_parser.h"

#include <algorithm>
#include <utility>

namespace chorale::agent {
namespace {

// Finds line ends with memchr, and looks for each of the two characters at most once per byte: a stream of bare CRs
// must not make every search for an LF run to the end of the segment again.
class LineEnds {
 public:
  explicit LineEnds(std::string_view bytes) : bytes_(bytes) {}

  [[nodiscard]] std::size_t next(std::size_t from) {
    return std::min(advance('\r', cr_, from), advance('\n', lf_, from));
  }

 private:
  std::size_t advance(char c, std::size_t& known, std::size_t from) {
    if (known < from || known == kUnknown) {
      known = std::min(bytes_.find(c, from), bytes_.size());
    }
    return known;
  }

  static constexpr std::size_t kUnknown = static_cast<std::size_t>(-1);
  std::string_view bytes_;
  std::size_t cr_ = kUnknown;
  std::size_t lf_ = kUnknown;
};

}  // namespace

SseParser::SseParser(std::size_t max_event_bytes) : max_event_bytes_(max_event_bytes) {}

std::vector<SseEvent> SseParser::feed(std::string_view bytes) {
  std::vector<SseEvent> events;
  LineEnds ends(bytes);
  std::size_t at = 0;
  while (at < bytes.size()) {
    if (std::exchange(after_cr_, false) && bytes[at] == '\n') {
      ++at;
      continue;
    }
    const std::size_t end = ends.next(at);
    take_part(bytes.substr(at, end - at));
    if (end == bytes.size()) {
      break;
    }
    after_cr_ = bytes[end] == '\r';
    end_line(events);
    at = end + 1;
  }
  return events;
}

void SseParser::take_part(std::string_view part) {
  if (part.empty()) {
    return;
  }
  line_empty_ = false;
  if (event_.oversized) {
    return;
  }
  const std::size_t unfinished = line_.size() + event_.type.size() + event_.data.size();
  if (part.size() > max_event_bytes_ - std::min(max_event_bytes_, unfinished)) {
    event_.oversized = true;
    ++oversized_;
    // Swapped with new strings, because clear() would keep the memory.
    std::string().swap(line_);
    std::string().swap(event_.data);
    return;
  }
  line_ += part;
}

void SseParser::end_line(std::vector<SseEvent>& events) {
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  if (std::exchange(first_line_, false) && line_.starts_with(kByteOrderMark)) {
    line_.erase(0, kByteOrderMark.size());
    line_empty_ = line_.empty();
  }
  if (!std::exchange(line_empty_, true)) {
    if (!event_.oversized) {
      take_field();
    }
    line_.clear();
    return;
  }
  if (event_.oversized || has_data_) {
    events.push_back(std::move(event_));
  }
  event_ = SseEvent{};
  has_data_ = false;
}

void SseParser::take_field() {
  const auto colon = std::min(line_.find(':'), line_.size());
  const std::string_view name = std::string_view(line_).substr(0, colon);
  std::size_t value = std::min(colon + 1, line_.size());
  if (value < line_.size() && line_[value] == ' ') {
    ++value;
  }
  if (name == "event") {
    event_.type = line_.substr(value);
  } else if (name == "data") {
    if (std::exchange(has_data_, true)) {
      event_.data += '\n';
      event_.data.append(line_, value);
    } else {
      // The usual case, and the one that may be many MB (deployment events of Marathon <= 1.6): no second copy.
      event_.data = std::move(line_.erase(0, value));
    }
  }
}

}  // namespace chorale::agent
