// What listeners of the page get, and when the cluster is read for them.
#include "agent/http/live_status.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <vector>

namespace chorale::agent {
namespace {

using ::testing::HasSubstr;

// The data of the one event in `text`, as a browser puts its lines together.
nlohmann::json data_of(const std::string& text) {
  EXPECT_EQ(text.rfind("event: status\n", 0), 0U) << text;
  EXPECT_EQ(text.substr(text.size() - 2), "\n\n");
  EXPECT_EQ(text.find("\n\n"), text.size() - 2) << "a second event: " << text;
  std::string data;
  std::size_t at = text.find('\n') + 1;
  while (at + 1 < text.size()) {
    const std::size_t end = text.find('\n', at);
    EXPECT_EQ(text.compare(at, 6, "data: "), 0) << text.substr(at, end - at);
    data += text.substr(at + 6, end - at - 6) + "\n";
    at = end + 1;
  }
  return nlohmann::json::parse(data);
}

class LiveStatusTest : public ::testing::Test {
 protected:
  LiveStatusTest() {
    health_.id = "proxy-1";
    snapshot_.state.leader = "proxy-2";
  }
  LiveStatus::Sources sources() {
    LiveStatus::Sources made;
    made.version = "1.2.3";
    made.health = [this] { return health_; };
    made.cluster = [this](const std::function<void(const LiveStatus::ClusterResult&)>& done) {
      ++reads_;
      if (answers_) done(snapshot_);
      if (error_) done(tl::unexpected(*error_));
    };
    made.last_cluster = [this] { return last_ ? &*last_ : nullptr; };
    made.now = [this] { return "time " + std::to_string(reads_); };
    made.after = [this](std::chrono::milliseconds wait, std::function<void()> then) {
      waits_.push_back(wait);
      due_ = std::move(then);
    };
    return made;
  }
  // What was asked to happen later happens.
  void go_on() {
    const auto then = std::exchange(due_, {});
    ASSERT_TRUE(then);
    then();
  }
  std::shared_ptr<void> listen() {
    response_ = live_->subscribe();
    return response_.live ? response_.live->listen([this] { ++woken_; }) : nullptr;
  }

  HealthInputs health_;
  coordination::ClusterSnapshot snapshot_;
  bool answers_ = true;
  std::optional<coordination::Error> error_;
  std::optional<LastCluster> last_;
  int reads_ = 0;
  int woken_ = 0;
  std::vector<std::chrono::milliseconds> waits_;
  std::function<void()> due_;
  HttpResponse response_;
  std::shared_ptr<LiveStatus> live_ = std::make_shared<LiveStatus>(sources());
};

TEST_F(LiveStatusTest, FirstListenerGetsHealthAndCluster) {
  const auto listening = listen();
  EXPECT_EQ(response_.status, 200U);
  EXPECT_THAT(response_.content_type, HasSubstr("text/event-stream"));
  EXPECT_EQ(waits_.back(), std::chrono::milliseconds(0));
  EXPECT_EQ(reads_, 0);
  go_on();
  ASSERT_EQ(woken_, 1);
  const nlohmann::json data = data_of(*response_.live->text());
  EXPECT_EQ(data["version"], "1.2.3");
  EXPECT_EQ(data["now"], "time 1");
  EXPECT_EQ(data["health"]["Cluster"]["Id"], "proxy-1");
  EXPECT_EQ(data["cluster"]["state"]["leader"], "proxy-2");
  EXPECT_TRUE(data["error"].is_null());
}

TEST_F(LiveStatusTest, OnlyChangesAreSent) {
  const auto listening = listen();
  go_on();
  EXPECT_EQ(waits_.back(), LiveStatus::kLookedAtEvery);
  go_on();
  EXPECT_EQ(reads_, 2);
  EXPECT_EQ(woken_, 1);
  snapshot_.state.leader = "proxy-3";
  go_on();
  EXPECT_EQ(woken_, 2);
  health_.id = "proxy-9";
  go_on();
  EXPECT_EQ(woken_, 3);
  EXPECT_EQ(data_of(*response_.live->text())["health"]["Cluster"]["Id"], "proxy-9");
}

// A page counts its ages from "now": on facts that do not change it may be opened much later.
TEST_F(LiveStatusTest, WhoComesLaterGetsThePresentTimeAndSoDoesEveryBeat) {
  const auto one = listen();
  go_on();
  go_on();
  go_on();
  EXPECT_EQ(data_of(*response_.live->text())["now"], "time 1");
  const auto two = listen();
  const nlohmann::json data = data_of(*response_.live->text());
  EXPECT_EQ(data["now"], "time 3");
  EXPECT_EQ(data["cluster"]["state"]["leader"], "proxy-2");
  EXPECT_EQ(woken_, 1) << "it is no news for the first";
  EXPECT_EQ(response_.live->heartbeat(), "event: beat\ndata: time 3\n\n");
  go_on();
  EXPECT_EQ(response_.live->heartbeat(), "event: beat\ndata: time 4\n\n");
}

TEST_F(LiveStatusTest, UnreadableClusterIsSaidWhateverTheBytes) {
  answers_ = false;
  error_ = coordination::Error{coordination::ErrorKind::kConnectionLoss, "lost\n\xff"};
  const auto listening = listen();
  go_on();
  const nlohmann::json data = data_of(*response_.live->text());
  EXPECT_TRUE(data["cluster"].is_null());
  EXPECT_THAT(data["error"].get<std::string>(), HasSubstr("lost\n"));
  EXPECT_FALSE(data.contains("last_cluster")) << "it was never read";
  EXPECT_FALSE(data.contains("last_cluster_at"));
}

TEST_F(LiveStatusTest, WhatWasReadLastIsSentWithItsTimeWhileTheClusterCannotBeRead) {
  last_ = LastCluster{snapshot_, "then"};
  const auto listening = listen();
  go_on();
  EXPECT_FALSE(data_of(*response_.live->text()).contains("last_cluster")) << "there is a newer one";
  answers_ = false;
  error_ = coordination::Error{coordination::ErrorKind::kConnectionLoss, "lost"};
  go_on();
  EXPECT_EQ(woken_, 2);
  const nlohmann::json data = data_of(*response_.live->text());
  EXPECT_TRUE(data["cluster"].is_null()) << "what is old is not what is";
  EXPECT_EQ(data["last_cluster"]["state"]["leader"], "proxy-2");
  EXPECT_TRUE(data["last_cluster"].contains("problems"));
  EXPECT_EQ(data["last_cluster_at"], "then");
  go_on();
  EXPECT_EQ(woken_, 2) << "it is no news";
}

TEST_F(LiveStatusTest, NothingIsReadWhileNobodyListens) {
  auto listening = listen();
  go_on();
  listening.reset();
  go_on();
  EXPECT_EQ(reads_, 1);
  EXPECT_FALSE(due_) << "it goes on looking";
  EXPECT_EQ(response_.live->text(), nullptr) << "who comes next would see what is old";

  listening = listen();
  go_on();
  EXPECT_EQ(reads_, 2);
  EXPECT_EQ(woken_, 2) << "the same facts are news for a new listener";
}

TEST_F(LiveStatusTest, SecondListenerStartsNoSecondLook) {
  const auto one = listen();
  const auto two = listen();
  EXPECT_EQ(waits_.size(), 1U);
}

TEST_F(LiveStatusTest, ReadThatNeverEndsHoldsNothingUp) {
  answers_ = false;
  const auto listening = listen();
  go_on();
  go_on();
  EXPECT_EQ(reads_, 2);
  EXPECT_EQ(woken_, 0);
}

TEST_F(LiveStatusTest, ListenersAreBounded) {
  std::vector<std::shared_ptr<void>> listening;
  for (std::size_t i = 0; i < LiveStatus::kMostListeners; ++i) {
    listening.push_back(listen());
    ASSERT_EQ(response_.status, 200U) << i;
  }
  EXPECT_EQ(listen(), nullptr);
  EXPECT_EQ(response_.status, 503U);
  EXPECT_THAT(response_.body, HasSubstr("/v1/status"));
  listening.pop_back();
  listening.push_back(listen());
  EXPECT_EQ(response_.status, 200U);
}

}  // namespace
}  // namespace chorale::agent
