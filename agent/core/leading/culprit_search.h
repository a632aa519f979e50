// Which of the changed apps does Nginx refuse? Asked by trials, one at a time. Pure.
//
//   kWhole --refused, an app named--> that app is held back too --> kWhole
//     |  `--refused, none named--> kNone --accepted--> kHalf ... kHalf --one is left--> held back too --> kWhole
//     |                              `--refused--> kGivenUp: no changed app is at fault
//     `--accepted--> kSpare (each of several is let in once more: is it needed?) --> kFound
//
// Ensures: a found set was seen to be accepted when held back, and none of it is there without need. A trial that
// cannot be made, or more culprits than allowed, gives up: then nothing is known.
#pragma once

#include <cstddef>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace chorale::agent {

// What Nginx says of a state.
struct TrialOutcome {
  enum class Result { kAccepted, kRefused, kFailed };  // failed: it could not be asked
  Result result = Result::kFailed;
  std::string error;  // Nginx's words
  std::string app;    // whose line they name; empty: none is known
};

class CulpritSearch {
 public:
  enum class State { kWhole, kNone, kHalf, kSpare, kFound, kGivenUp };

  // `refusal`: of the state with all of `changed` let in. `limit`: how many may be found.
  CulpritSearch(std::vector<std::string> changed, std::size_t limit, const TrialOutcome& refusal);

  [[nodiscard]] State state() const { return state_; }
  [[nodiscard]] bool asks() const { return state_ != State::kFound && state_ != State::kGivenUp; }
  // The apps to be held back in the next trial. REQUIRES: asks().
  [[nodiscard]] std::set<std::string> held_back() const;
  void answered(const TrialOutcome& outcome);

  // With kFound: app -> Nginx's words.
  [[nodiscard]] const std::map<std::string, std::string>& culprits() const { return culprits_; }
  [[nodiscard]] const std::string& why_given_up() const { return why_; }

 private:
  void look_further(const TrialOutcome& refusal);
  void halve();
  void add(const std::string& app, const std::string& error);
  void spare_next();
  void give_up(std::string why);

  State state_ = State::kWhole;
  std::vector<std::string> changed_;
  std::size_t limit_;
  std::map<std::string, std::string> culprits_;
  std::vector<std::string> rest_;  // in a bisection: the first `low_` may be let in, the first `high_` may not
  std::size_t low_ = 0;
  std::size_t high_ = 0;
  std::string high_error_;
  std::vector<std::string> to_spare_;  // the last one is let in
  std::string why_;
};

}  // namespace chorale::agent
