// Bytes of an event stream -> events. Pure, incremental, bounded; no I/O.
//
// Made for what Marathon really sends, not for the letter of the standard alone: line ends are CRLF, LF or a lone CR,
// and may be split over segments (Jetty's heartbeat is a bare CR and, in another segment, a bare LF: neither is an
// event); the blank after the colon may be absent; Marathon 0.9 and 0.10 send no "event:" line at all, so that the type
// has to be taken from the JSON. Comments, id and retry mean nothing here: Marathon cannot replay.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace chorale::agent {

struct SseEvent {
  std::string type;        // of the "event:" line; empty where there was none
  std::string data;        // "data:" lines, joined by LF
  bool oversized = false;  // the event exceeded the limit: data is empty, and everything up to its end was skipped
  bool operator==(const SseEvent&) const = default;
};

class SseParser {
 public:
  // max_event_bytes bounds what one unfinished event may hold in memory.
  explicit SseParser(std::size_t max_event_bytes);

  // The events that `bytes` complete, in order. What stays unfinished is kept for the next call; what is unfinished
  // when the stream ends was never an event.
  [[nodiscard]] std::vector<SseEvent> feed(std::string_view bytes);

  [[nodiscard]] std::uint64_t oversized() const { return oversized_; }  // events skipped so far

 private:
  void take_part(std::string_view part);  // of a line that is not complete yet
  void end_line(std::vector<SseEvent>& events);
  void take_field();  // of line_, which it may take apart

  std::size_t max_event_bytes_;
  std::string line_;        // the unfinished line
  bool line_empty_ = true;  // apart from line_, which stays empty while an oversized event is skipped
  SseEvent event_;          // the unfinished event
  bool has_data_ = false;
  bool after_cr_ = false;   // an LF at this point belongs to the CR before it
  bool first_line_ = true;  // a byte order mark may precede it
  std::uint64_t oversized_ = 0;
};

}  // namespace chorale::agent
