// The admin API without a server: requests are handed to it, and what it would do is written down.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "agent/http/admin_api.h"

namespace chorale::agent {

class AdminPagesTest : public ::testing::Test {
 protected:
  using ClusterDone = std::function<void(tl::expected<coordination::ClusterSnapshot, coordination::Error>)>;

  AdminSources sources() {
    AdminSources made;
    made.version = "1.2.3";
    made.xproxy = [] { return std::string("proxy-1"); };
    made.health = [this] { return health_; };
    made.cluster = [this](ClusterDone done) { reads_.push_back(std::move(done)); };
    made.coordination = [] {
      return coordination::Description{{"election: waiting, fresh"}, {"roster: read /chorale/agents/b\xff"}};
    };
    made.routes = [] { return std::make_shared<const render::RoutingState>(); };
    made.times = [] { return AppliedTimes{}; };
    made.metrics = [](const auto& done) { done("chorale_build_info 1\n"); };
    made.request_sync = [this] {
      ++reloads_;
      return std::string("queued");
    };
    made.after = [this](Milliseconds, std::function<void()> then) { later_.push_back(std::move(then)); };
    made.accept = [this](const coordination::AcceptDocument& word) {
      accepted_.push_back(word);
      return failure_;
    };
    made.explain = [this](const std::string& app, const auto& cluster, const auto& done) {
      explained_.push_back(app + (cluster ? " with" : " without") + " the cluster");
      failure_ ? done(tl::unexpected(*failure_)) : done(std::string("{\"routed\": true}"));
    };
    made.routes_page = [this](const std::optional<std::string>& app, const auto& done) {
      explained_.push_back(app.value_or("all"));
      failure_ ? done(tl::unexpected(*failure_)) : done(std::string("{\"routes\": null}"));
    };
    made.drain = [this](bool drained, const DrainOrder& order,
                        const std::function<void(tl::expected<std::string, Failure>)>& answer) {
      drains_.emplace_back(drained, order);
      failure_ ? answer(tl::unexpected(*failure_)) : answer("done, for " + order.by);
    };
    made.hold = [this](const coordination::HoldDocument& hold,
                       const std::function<void(std::optional<Failure>)>& done) {
      holds_.push_back(hold);
      done(failure_);
    };
    made.history = [this](const std::function<void(tl::expected<std::string, coordination::Error>)>& done) {
      done(history_);
    };
    made.command = [this](Command command, std::function<void(std::optional<Failure>)> done) {
      commands_.push_back(command);
      done(failure_);
    };
    return made;
  }

  // nullopt: no answer yet.
  std::shared_ptr<std::optional<HttpResponse>> ask(const std::string& path, const std::string& method = "GET",
                                                   bool from_loopback = true, const std::string& authorization = "") {
    HttpRequest request;
    request.method = method;
    request.path = path;
    request.query = query_;
    request.from_loopback = from_loopback;
    request.authorization = authorization;
    request.from_operator = over_unix_;
    request.body = body_;
    auto answer = std::make_shared<std::optional<HttpResponse>>();
    handler_(request, [answer](HttpResponse response) { answer->emplace(std::move(response)); });
    return answer;
  }
  unsigned status(const std::string& path, const std::string& method = "GET", bool from_loopback = true,
                  const std::string& authorization = "") {
    const auto answer = ask(path, method, from_loopback, authorization);
    return *answer ? (*answer)->status : 0;
  }

  HealthInputs health_;
  std::vector<ClusterDone> reads_;
  std::vector<std::function<void()>> later_;
  int reloads_ = 0;
  std::vector<Command> commands_;
  std::vector<std::string> explained_;
  std::string query_;
  std::string body_;
  std::vector<coordination::AcceptDocument> accepted_;
  std::vector<std::pair<bool, DrainOrder>> drains_;
  std::vector<coordination::HoldDocument> holds_;
  tl::expected<std::string, coordination::Error> history_ = std::string("[]");
  std::optional<Failure> failure_;
  bool over_unix_ = false;
  HttpServer::Handler handler_ = make_admin_api(sources());
};

}  // namespace chorale::agent
