// A MarathonClient that is called back by the simulator: subscribing, signs of life, leaving.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/harness/loopback.h"
#include "tests/harness/marathon_simulator.h"
#include "tests/integration/marathon_fixture.h"

namespace chorale::agent {
namespace {

using chorale::testing::MarathonSimulator;
using ::testing::HasSubstr;

class MarathonCallbackTest : public MarathonFixture {
 protected:
  explicit MarathonCallbackTest(const char* version = "1.4.13") : marathon_({.arguments = {"--version", version}}) {}
  void SetUp() override { ASSERT_TRUE(marathon_.start()) << marathon_.log(); }

  [[nodiscard]] MarathonClientOptions options() const {
    MarathonClientOptions made;
    CallbackOptions& callbacks = made.callbacks.emplace();
    callbacks.mark = {"http://127.0.0.1:" + std::to_string(port_), "pool", "proxy-1"};
    callbacks.listener.address = "127.0.0.1";
    callbacks.listener.port = port_;
    callbacks.first_look = Milliseconds(50);
    callbacks.look_interval = Milliseconds(100);
    return made;
  }
  MarathonClient& follow(MarathonClientOptions options) {
    MarathonClient& client = start(std::move(options));
    client.set_endpoints({marathon_.url()});
    client.perform(OpenStream{marathon_.url()});
    return client;
  }
  [[nodiscard]] std::vector<std::string> subscribers() const {
    const std::string answer =
        testing::ask(marathon_.port(), "GET /v2/eventSubscriptions HTTP/1.1\r\nHost: m\r\nConnection: close\r\n\r\n",
                     std::chrono::seconds(5));
    const auto body = answer.find("\r\n\r\n");
    if (body == std::string::npos) return {"no answer"};
    const auto list = nlohmann::json::parse(answer.substr(body + 4), nullptr, false);
    if (!list.is_object()) return {"no list"};
    return list.at("callbackUrls").get<std::vector<std::string>>();
  }
  [[nodiscard]] std::size_t subscriptions() const { return subscribers().size(); }

  std::uint16_t port_ = testing::pick_port();
  MarathonSimulator marathon_;
};

TEST_F(MarathonCallbackTest, SubscribesThenHearsAndLeaves) {
  MarathonClient& client = follow(options());
  EXPECT_EQ(wait_for<StreamAttached>().endpoint, marathon_.url());
  EXPECT_EQ(wait_for<EventReceived>().event.type, "subscribe_event");
  EXPECT_EQ(subscriptions(), 1U);
  bool left = false;
  client.leave([&] { left = true; });
  ASSERT_TRUE(run_until([&] { return left; }));
  EXPECT_EQ(subscriptions(), 0U);
  client.perform(OpenStream{marathon_.url()});
  left = false;
  client.leave([&] { left = true; });
  ASSERT_TRUE(run_until([&] { return left; }));
  EXPECT_EQ(subscriptions(), 0U) << "who has left subscribes no more";
  EXPECT_EQ(count<StreamFailed>(), 0U);
}

TEST_F(MarathonCallbackTest, AQuietMarathonIsAskedForASignOfLife) {
  MarathonClientOptions chosen = options();
  chosen.callbacks->ask_after = Milliseconds(150);
  follow(std::move(chosen));
  (void)wait_for<EventReceived>(4);
  EXPECT_EQ(count<StreamAttached>(), 1U);
  EXPECT_EQ(count<SyncRequested>(), 0U);
}

TEST_F(MarathonCallbackTest, ALoudOneIsNot) {
  follow(options());
  (void)wait_for<EventReceived>();
  const auto looks = marathon_.requests("subscriptions");
  ASSERT_TRUE(run_until([&] { return marathon_.requests("subscriptions") >= looks + 4; }));
  EXPECT_EQ(count<EventReceived>(), 1U);
}

TEST_F(MarathonCallbackTest, ItsEndTakesTheSubscriptionBack) {
  follow(options());
  (void)wait_for<StreamAttached>();
  client_.reset();
  EXPECT_TRUE(run_until([&] { return subscriptions() == 0; }));
}

TEST_F(MarathonCallbackTest, LeavingAMarathonThatHangsTakesHalfASecond) {
  MarathonClient& client = follow(options());
  (void)wait_for<StreamAttached>();
  marathon_.pause();
  const auto began = std::chrono::steady_clock::now();
  bool left = false;
  client.leave([&] { left = true; });
  EXPECT_TRUE(run_until([&] { return left; }));
  EXPECT_LT(std::chrono::steady_clock::now() - began, Milliseconds(1'500));
  marathon_.resume();
}

TEST_F(MarathonCallbackTest, AMarathonThatFallsSilentIsAFailure) {
  MarathonClientOptions chosen = options();
  chosen.callbacks->request_timeout = Milliseconds(300);
  follow(std::move(chosen));
  (void)wait_for<StreamAttached>();
  marathon_.pause();
  EXPECT_THAT(wait_for<StreamFailed>().failure.message, HasSubstr("/v2/eventSubscriptions: no complete answer"));
  marathon_.resume();
  client_->perform(OpenStream{marathon_.url()});
  (void)wait_for<StreamAttached>(2);
  EXPECT_EQ(subscriptions(), 1U);
}

// Two agents lead, as where one was held up and has not heard yet that the other was elected.
class MarathonCallbackRivalsTest : public MarathonCallbackTest {
 protected:
  ~MarathonCallbackRivalsTest() override { later_.reset(); }
  [[nodiscard]] MarathonClientOptions of_epoch(std::int64_t epoch, std::uint16_t port) const {
    MarathonClientOptions made = options();
    made.callbacks->mark = {"http://127.0.0.1:" + std::to_string(port), "pool", "proxy-" + std::to_string(epoch),
                            epoch};
    made.callbacks->listener.port = port;
    return made;
  }
  void start_later(std::int64_t epoch) {
    later_ =
        std::make_unique<MarathonClient>(loop_, workers_, of_epoch(epoch, later_port_), [this](TrackerEvent event) {
          if (std::holds_alternative<StreamAttached>(event)) attached_ = true;
          if (std::holds_alternative<SyncRequested>(event)) ++renewals_;
        });
    later_->set_endpoints({marathon_.url()});
    later_->perform(OpenStream{marathon_.url()});
    ASSERT_TRUE(run_until([this] { return attached_; }));
  }
  [[nodiscard]] bool looks_again(int times) {
    const auto seen = marathon_.requests("subscriptions");
    return run_until([&] { return marathon_.requests("subscriptions") >= seen + times; });
  }
  [[nodiscard]] bool is_there(std::int64_t epoch) const {
    const auto urls = subscribers();
    return std::any_of(urls.begin(), urls.end(), [&](const std::string& url) {
      return url.ends_with("?chorale=pool&epoch=" + std::to_string(epoch) + "&agent=proxy-" + std::to_string(epoch));
    });
  }

  std::uint16_t later_port_ = testing::pick_port();
  std::unique_ptr<MarathonClient> later_;
  bool attached_ = false;
  int renewals_ = 0;
};

TEST_F(MarathonCallbackRivalsTest, TheEarlierLeavesTheLatersSubscriptionAlone) {
  start(of_epoch(7, port_)).set_endpoints({marathon_.url()});
  client_->perform(OpenStream{marathon_.url()});
  (void)wait_for<StreamAttached>();
  start_later(8);
  for (int round = 0; round < 10; ++round) {
    ASSERT_TRUE(looks_again(2));
    EXPECT_TRUE(is_there(8));
  }
  EXPECT_EQ(renewals_, 0) << "the later leader's subscription was taken away";
  client_.reset();
  EXPECT_TRUE(run_until([&] { return subscriptions() == 1; }));
  EXPECT_TRUE(is_there(8));
  EXPECT_EQ(renewals_, 0);
}

TEST_F(MarathonCallbackRivalsTest, WhatSeemsLaterIsTakenBackInTheEnd) {
  MarathonClientOptions chosen = of_epoch(7, port_);
  chosen.callbacks->newer_stays = Milliseconds(600);  // six looks
  // As an agent that was killed leaves it: nobody looks after it any more.
  const std::string left = "http%3A%2F%2F127.0.0.1%3A9%2Fv1%2Fevents%3Fchorale%3Dpool%26epoch%3D8%26agent%3Dproxy-8";
  const std::string answer = testing::ask(
      marathon_.port(),
      "POST /v2/eventSubscriptions?callbackUrl=" + left + " HTTP/1.1\r\nHost: m\r\nConnection: close\r\n\r\n",
      std::chrono::seconds(5));
  ASSERT_THAT(answer, HasSubstr(" 200 "));
  ASSERT_TRUE(is_there(8));
  start(std::move(chosen)).set_endpoints({marathon_.url()});
  client_->perform(OpenStream{marathon_.url()});
  (void)wait_for<StreamAttached>();
  EXPECT_EQ(subscriptions(), 2U) << "at first it is left alone";
  EXPECT_TRUE(run_until([&] { return subscriptions() == 1; }));
  EXPECT_TRUE(is_there(7));
}

TEST_F(MarathonCallbackTest, APortThatIsTakenIsAFailure) {
  MarathonClientOptions chosen = options();
  const auto taken = testing::listen_on_any_port();
  chosen.callbacks->listener.port = testing::port_of(taken);
  follow(std::move(chosen));
  EXPECT_THAT(wait_for<StreamFailed>().failure.message, HasSubstr("cannot listen for events on 127.0.0.1:"));
  EXPECT_EQ(subscriptions(), 0U);
}

class MarathonWithoutCallbacksTest : public MarathonCallbackTest {
 protected:
  MarathonWithoutCallbacksTest() : MarathonCallbackTest("1.9.136") {}
};

TEST_F(MarathonWithoutCallbacksTest, IsNamed) {
  follow(options());
  EXPECT_THAT(wait_for<StreamFailed>().failure.message, HasSubstr("callbacks need Marathon up to 1.4"));
}

}  // namespace
}  // namespace chorale::agent
