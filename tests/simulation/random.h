// Every choice of a run comes from here: one seed, one run, on every platform (std distributions differ between
// standard libraries).
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <string>
#include <vector>

namespace chorale::coordination::simulation {

class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed * 0x9e3779b97f4a7c15ULL + 1) {}

  std::uint64_t next() {  // SplitMix64
    std::uint64_t mixed = (state_ += 0x9e3779b97f4a7c15ULL);
    mixed = (mixed ^ (mixed >> 30U)) * 0xbf58476d1ce4e5b9ULL;
    mixed = (mixed ^ (mixed >> 27U)) * 0x94d049bb133111ebULL;
    return mixed ^ (mixed >> 31U);
  }
  // Both ends included.
  std::int64_t between(std::int64_t low, std::int64_t high) {
    return low + static_cast<std::int64_t>(next() % static_cast<std::uint64_t>(high - low + 1));
  }
  std::size_t below(std::size_t limit) { return static_cast<std::size_t>(next() % limit); }
  bool percent(int chance) { return between(1, 100) <= chance; }
  std::chrono::milliseconds ms(std::int64_t low, std::int64_t high) {
    return std::chrono::milliseconds(between(low, high));
  }
  template <typename Element>
  Element& pick(std::vector<Element>& elements) {
    return elements[below(elements.size())];
  }
  std::string id() {
    char text[33];
    std::snprintf(text, sizeof text, "%016llx%016llx", static_cast<unsigned long long>(next()),
                  static_cast<unsigned long long>(next()));
    return text;
  }

 private:
  std::uint64_t state_;
};

}  // namespace chorale::coordination::simulation
