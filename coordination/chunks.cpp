// How a file is cut. Every unit (an app's section, or a line where there are no sections) gets a hash of what it is:
// the app id, or the last few lines. A unit begins a chunk if its hash falls below a threshold that grows with the
// unit's size, so that chunks are kChunkTargetBytes long on average for apps of any size. Nothing depends on the
// position in the file: an edit moves the cuts beside it at most. What is still too long is halved near its middle,
// again at the unit with the lowest hash.
#include "coordination/chunks.h"

#include <algorithm>
#include <cstdint>
#include <tuple>

#include "coordination/digest.h"

namespace chorale::coordination {
namespace {

// A line alone repeats too often ("}"); this many together seldom do.
constexpr std::size_t kLinesPerHash = 4;
// Lines that do repeat, all of them below the threshold, must not become a chunk each.
constexpr std::size_t kMinLineChunkBytes = std::size_t{2} * 1024;

struct Unit {
  std::size_t begin = 0;
  std::size_t end = 0;
  std::uint64_t hash = 0;
  [[nodiscard]] std::size_t size() const { return end - begin; }
};
using Units = std::vector<Unit>;

bool begins_chunk(const Unit& unit) { return unit.hash % kChunkTargetBytes < unit.size(); }

Units units_of_sections(const PublishedFile& file) {
  const std::size_t size = file.text->size();
  Units units;
  units.push_back({0, size, 0});  // the head; empty if the first section begins the file
  std::string_view app;
  for (const auto& section : file.sections) {
    if (section.offset >= size || section.offset < units.back().begin || section.app == app) continue;
    units.back().end = section.offset;
    units.push_back({section.offset, size, stable_hash(section.app)});
    app = section.app;
  }
  std::erase_if(units, [](const Unit& unit) { return unit.size() == 0; });
  return units;
}

Units units_of_lines(std::string_view text, std::size_t begin, std::size_t end) {
  Units units;
  while (begin < end) {
    const auto newline = text.find('\n', begin);
    const std::size_t line_end = newline == std::string_view::npos ? end : std::min(newline + 1, end);
    const std::size_t lines_back = std::min(kLinesPerHash - 1, units.size());
    const std::size_t from = lines_back == 0 ? begin : units[units.size() - lines_back].begin;
    // A very long line is hashed by its tail, or cutting would cost the square of its length.
    const std::size_t hashed_from = std::max(from, line_end - std::min(line_end, kChunkMaxBytes));
    units.push_back({begin, line_end, stable_hash(text.substr(hashed_from, line_end - hashed_from))});
    begin = line_end;
  }
  return units;
}

class Cutter {
 public:
  explicit Cutter(std::string_view text) : text_(text) {}

  // Cuts the units into groups at those that begin a chunk, and each group down to kChunkMaxBytes.
  void cut(const Units& units, std::size_t min_bytes) {
    std::size_t first = 0;
    for (std::size_t i = 1; i < units.size(); ++i) {
      if (!begins_chunk(units[i]) || units[i].begin - units[first].begin < min_bytes) continue;
      split(units, first, i);
      first = i;
    }
    if (!units.empty()) split(units, first, units.size());
  }

  [[nodiscard]] std::vector<std::size_t> take_begins() { return std::move(begins_); }

 private:
  // Emits the units [first, last) in pieces of at most kChunkMaxBytes. Recursion halves: it is no deeper than the
  // logarithm of the sizes, apart from units that are big themselves.
  void split(const Units& units, std::size_t first, std::size_t last) {
    const std::size_t begin = units[first].begin;
    const std::size_t end = units[last - 1].end;
    if (end - begin <= kChunkMaxBytes) {
      begins_.push_back(begin);
    } else if (last - first == 1) {
      split_unit(units[first]);
    } else {
      const std::size_t middle = lowest_near_middle(units, first, last);
      split(units, first, middle);
      split(units, middle, last);
    }
  }

  // One unit that is too long by itself: a huge app is cut at its lines, a huge line where it must be.
  void split_unit(const Unit& unit) {
    const auto lines = units_of_lines(text_, unit.begin, unit.end);
    if (lines.size() > 1) {
      cut(lines, kMinLineChunkBytes);
      return;
    }
    for (std::size_t at = unit.begin; at < unit.end; at += kChunkMaxBytes) begins_.push_back(at);
  }

  // The unit to cut before: the lowest hash among those that begin in the middle half; of equals, or where none begins
  // there, the one nearest to the middle.
  static std::size_t lowest_near_middle(const Units& units, std::size_t first, std::size_t last) {
    const std::size_t begin = units[first].begin;
    const std::size_t half = (units[last - 1].end - begin) / 2;
    const auto distance = [&](std::size_t i) {
      const std::size_t at = units[i].begin - begin;
      return at > half ? at - half : half - at;
    };
    const auto rank = [&](std::size_t i) {
      const bool outside = distance(i) > half / 2;
      return std::tuple(outside, outside ? 0 : units[i].hash, distance(i));
    };
    std::size_t best = first + 1;
    for (std::size_t i = first + 2; i < last; ++i) {
      if (rank(i) < rank(best)) best = i;
    }
    return best;
  }

  std::string_view text_;
  std::vector<std::size_t> begins_;
};

}  // namespace

std::vector<Chunk> cut_chunks(const PublishedFile& file) {
  if (file.text == nullptr || file.text->empty()) return {};
  const std::string_view text = *file.text;
  Cutter cutter(text);
  if (file.sections.empty()) {
    cutter.cut(units_of_lines(text, 0, text.size()), kMinLineChunkBytes);
  } else {
    cutter.cut(units_of_sections(file), 0);
  }

  const auto begins = cutter.take_begins();
  std::vector<Chunk> chunks;
  chunks.reserve(begins.size());
  auto section = file.sections.begin();
  std::string_view app;
  for (std::size_t i = 0; i < begins.size(); ++i) {
    const std::size_t end = i + 1 < begins.size() ? begins[i + 1] : text.size();
    for (; section != file.sections.end() && section->offset <= begins[i]; ++section) app = section->app;
    const auto piece = text.substr(begins[i], end - begins[i]);
    chunks.push_back({chunk_name(piece), piece, std::string(app)});
  }
  return chunks;
}

}  // namespace chorale::coordination
