// A MarathonTracker on a manual clock: time passes from deadline to deadline, effects are gathered, answers are given
// by hand.
//
// Lacks: a Marathon. What it answers is what the test says.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "agent/core/leading/marathon_tracker.h"
#include "coordination/overloaded.h"
#include "tests/unit/agent/core/leading/marathon_values.h"

namespace chorale::agent {

class TrackerScene {
 public:
  static TrackerOptions options() {
    TrackerOptions made;
    made.endpoints = {"http://a", "http://b"};
    made.policy.pods = false;  // what is known of them is said by tests of their own
    made.jitter = [] { return 0.999; };
    made.next_offer = [number = std::uint64_t{0}]() mutable { return ++number; };
    return made;
  }
  explicit TrackerScene(TrackerOptions options = TrackerScene::options()) : tracker(std::move(options)) {}

  void send(TrackerEvent event) {
    for (TrackerEffect& effect : tracker.step(now, event)) {
      std::visit(coordination::Overloaded{
                     [this](OpenStream& open) { opened.push_back(open.endpoint); },
                     [this](FetchApps& fetch) { lists.push_back(std::move(fetch)); },
                     [this](FetchApp& fetch) { fetches.push_back(std::move(fetch)); },
                     [this](FetchPods& fetch) { pod_lists.push_back(std::move(fetch)); },
                     [this](FetchPod& fetch) { pod_fetches.push_back(std::move(fetch)); },
                     [this](PingEndpoint& ping) { pings.push_back(ping.endpoint); },
                     [this](ResolveNames& names) { questions.push_back(std::move(names.names)); },
                     [this](RenderAndOffer& offer) { offers.push_back(std::move(offer)); },
                     [this](ReportWaiting& report) { waiting.push_back(std::move(report.state)); },
                     [this](TryState& trial) { trials.push_back(std::move(trial)); },
                     [this](HostsRefused& hosts) {
                       invalid_hosts += hosts.invalid;
                       duplicate_hosts += hosts.duplicate;
                     },
                     [this](LogLine& line) {
                       log += line.text + "\n";
                       if (line.news) news += line.text + "\n";
                     },
                 },
                 effect);
    }
  }

  // Ticks exactly when the leader asks for it; an endless series of past deadlines fails the test.
  void pass(Milliseconds time) {
    const TimePoint end = now + time;
    for (int ticks = 0; tracker.next_deadline() <= end; ++ticks) {
      ASSERT_LT(ticks, 10'000) << "the leader spins";
      now = std::max(now, tracker.next_deadline());
      send(TrackerTicked{});
    }
    now = end;
  }

  void event(std::string type, std::string app, std::string task = "", std::string state = "",
             std::optional<bool> alive = std::nullopt) {
    send(EventReceived{{std::move(type), std::move(app), std::move(task), std::move(state), alive}});
  }
  void status(const std::string& app, const std::string& task, const std::string& state) {
    event("status_update_event", app, task, state);
  }

  void answer_list(MarathonApps list) {
    ASSERT_FALSE(lists.empty()) << "no list was asked for";
    const FetchApps fetch = lists.front();
    lists.erase(lists.begin());
    send(AppsFetched{fetch.fetch, fetch.endpoint, std::move(list)});
  }
  void fail_list(const std::string& why) {
    ASSERT_FALSE(lists.empty());
    const FetchApps fetch = lists.front();
    lists.erase(lists.begin());
    send(AppsFetched{fetch.fetch, fetch.endpoint, tl::unexpected(Failure{why})});
  }
  void answer_app(std::optional<MarathonApp> answered) {
    ASSERT_FALSE(fetches.empty()) << "no app was asked for";
    const FetchApp fetch = fetches.front();
    fetches.erase(fetches.begin());
    send(AppFetched{fetch.fetch, fetch.endpoint, fetch.app, std::move(answered)});
  }
  void fail_app(const std::string& why) {
    ASSERT_FALSE(fetches.empty());
    const FetchApp fetch = fetches.front();
    fetches.erase(fetches.begin());
    send(AppFetched{fetch.fetch, fetch.endpoint, fetch.app, tl::unexpected(Failure{why})});
  }
  // The newest offer is rendered and committed.
  void commit() {
    ASSERT_FALSE(offers.empty()) << "nothing was offered";
    send(OfferRendered{offers.back().offer, std::nullopt});
    send(OfferDecided{offers.back().offer, Fate::kCommitted, ""});
  }

  // A tracker in the middle of its life: `list` is known and committed, the stream is attached, the past is forgotten.
  // The first offer of a leadership is made although it is equal to what is committed (see OfferPacer::start_from).
  void settle(const MarathonApps& list) {
    send(TrackingBegun{state_of(list), std::nullopt});
    send(StreamAttached{opened.back()});
    answer_list(list);
    pass(Milliseconds(1'000));
    ASSERT_EQ(offers.size(), 1U) << "a leadership begins with an offer";
    commit();
    pass(Milliseconds(1'000));
    forget();
  }
  void forget() {
    opened.clear();
    lists.clear();
    fetches.clear();
    pod_lists.clear();
    pod_fetches.clear();
    pings.clear();
    offers.clear();
    log.clear();
  }
  [[nodiscard]] std::string offered() const { return offers.empty() ? "none" : summary(*offers.back().state); }
  [[nodiscard]] std::size_t requests() const {
    return lists.size() + fetches.size() + pod_lists.size() + pod_fetches.size();
  }

  TimePoint now = TimePoint{} + std::chrono::hours(1);
  MarathonTracker tracker;
  std::vector<std::string> opened;
  std::vector<FetchApps> lists;
  std::vector<FetchApp> fetches;
  std::vector<FetchPods> pod_lists;
  std::vector<FetchPod> pod_fetches;
  std::vector<std::string> pings;
  std::vector<std::set<std::string>> questions;
  std::vector<RenderAndOffer> offers;
  std::vector<SharedState> waiting;  // as reported under a hold
  std::vector<TryState> trials;
  std::size_t invalid_hosts = 0;
  std::size_t duplicate_hosts = 0;
  std::string news;  // the lines of the log that are
  std::string log;
};

}  // namespace chorale::agent
