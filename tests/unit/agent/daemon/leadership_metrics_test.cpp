#include "agent/daemon/leadership_metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace chorale::agent {
namespace {

using coordination::OfferClosed;
using std::chrono::seconds;
using ::testing::HasSubstr;

TrackerOptions options() {
  TrackerOptions made;
  made.endpoints = {"http://a", "http://b"};
  return made;
}

class LeadershipMetricsTest : public ::testing::Test {
 protected:
  // One event, as the leadership passes it on.
  bool send(TrackerEvent event) {
    const bool answered = counted_.arrived(now_, event);
    (void)tracker_.step(now_, std::move(event));
    counted_.handled(now_, tracker_);
    return answered;
  }
  void close(std::uint64_t offer, Fate fate, std::int64_t revision = 0) {
    OfferClosed closed;
    closed.offer = offer;
    closed.fate = fate;
    closed.identity = identity(revision);
    counted_.closed(now_, closed);
  }
  static coordination::Identity identity(std::int64_t revision) {
    return {coordination::Epoch{7}, coordination::Revision{revision}, "d"};
  }
  void expect(const std::string& line) const { EXPECT_THAT(metrics_.text(), HasSubstr("\n" + line + "\n")); }

  TimePoint now_ = TimePoint{} + std::chrono::hours(1);
  Metrics metrics_{"1", true};
  MarathonTracker tracker_{options()};
  LeadershipMetrics counted_{metrics_};
};

TEST_F(LeadershipMetricsTest, RequestsAreCountedByTheirResultAndAGoodAnswerIsTold) {
  EXPECT_TRUE(send(AppsFetched{1, "http://a", MarathonApps{}}));
  EXPECT_TRUE(send(AppFetched{2, "http://a", "/web", std::optional<MarathonApp>{}}));
  EXPECT_FALSE(send(AppsFetched{3, "http://a", tl::unexpected(Failure{"HTTP 503"})}));
  EXPECT_FALSE(send(TrackerTicked{}));
  expect("chorale_marathon_requests_total{result=\"ok\"} 2");
  expect("chorale_marathon_requests_total{result=\"failed\"} 1");
  EXPECT_FALSE(send(PodsFetched{4, "http://a", std::optional<MarathonApps>{}})) << "apps may be old all the same";
  EXPECT_FALSE(send(PodsFetched{5, "http://a", tl::unexpected(Failure{"HTTP 500"})}));
  expect("chorale_marathon_requests_total{result=\"ok\"} 3");
  expect("chorale_marathon_requests_total{result=\"failed\"} 2");
}

TEST_F(LeadershipMetricsTest, TheAgeOfMarathonsDataGrowsUntilTheNextGoodAnswer) {
  EXPECT_TRUE(send(AppsFetched{1, "http://a", MarathonApps{}}));
  now_ += seconds(3);
  EXPECT_FALSE(send(AppsFetched{2, "http://a", tl::unexpected(Failure{"HTTP 503"})}));
  expect("chorale_marathon_data_age_seconds 3");
  EXPECT_TRUE(send(AppsFetched{3, "http://a", MarathonApps{}}));
  expect("chorale_marathon_data_age_seconds 0");
}

TEST_F(LeadershipMetricsTest, EventsAndTheEndsOfTheirStreamAreCounted) {
  send(TrackingBegun{});
  send(StreamAttached{"http://a"});
  expect("chorale_marathon_stream_attached 1");
  send(EventReceived{});
  send(StreamFailed{"http://a", {"closed"}});
  send(StreamFailed{"http://b", {"nothing received"}, true});
  expect("chorale_marathon_stream_attached 0");
  expect("nixy_marathon_events_received 1");
  expect("nixy_marathon_stream_errors 2");
  expect("nixy_marathon_stream_no_data_warnings 1");
}

TEST_F(LeadershipMetricsTest, APingThatFailsIsCountedAndSoIsTheLastEndpointThatGoes) {
  send(EndpointPinged{"http://a", std::nullopt});
  send(EndpointPinged{"http://b", std::nullopt});
  send(EndpointPinged{"http://a", Failure{"HTTP 500"}, true});
  expect("nixy_endpoint_check_fails 1");
  expect("nixy_endpoint_down_errors 0");
  expect("nixy_all_endpoints_down_errors 0");
  send(EndpointPinged{"http://b", Failure{"refused"}, false});
  send(TrackerTicked{});
  expect("nixy_endpoint_check_fails 1");
  expect("nixy_endpoint_down_errors 1");
  expect("nixy_all_endpoints_down_errors 1");
}

// Events that change nothing are no part of it, however long ago they came.
TEST_F(LeadershipMetricsTest, AChangeTakesFromTheEventThatBeganItUntilItIsServed) {
  send(EventReceived{});
  now_ += seconds(60);
  const TimePoint event = now_;
  send(EventReceived{});
  now_ += seconds(1);
  counted_.offered(41, event);
  close(40, Fate::kCommitted, 6);
  close(41, Fate::kCommitted, 7);
  now_ += seconds(1);
  counted_.applied(now_, identity(7));
  counted_.applied(now_, identity(7));
  expect("chorale_change_applied_seconds_count 1");
  expect("chorale_change_applied_seconds_sum 2");
  expect("chorale_change_committed_seconds_count 1");
  expect("chorale_change_committed_seconds_sum 1");
  expect("chorale_proposals_total{result=\"committed\"} 1");

  counted_.offered(42, now_);
  close(42, Fate::kRejected);
  counted_.offered(43, std::nullopt);
  close(43, Fate::kCommitted, 8);
  counted_.applied(now_, identity(8));
  expect("chorale_change_applied_seconds_count 1");
  expect("chorale_proposals_total{result=\"committed\"} 2");
  expect("chorale_proposals_total{result=\"rejected\"} 1");
}

}  // namespace
}  // namespace chorale::agent
