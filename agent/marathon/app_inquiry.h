// Asks Marathon about one app, once: for people who want to know why it is routed, or is not. Loop thread only.
//
// One small request where the app is there, two for a pod; the whole list only where it is wanted, or where nothing of
// that id is there, so that a similar one can be named.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/thread_pool.hpp>
#include <functional>
#include <memory>
#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "agent/core/leading/app_findings.h"
#include "agent/marathon/client.h"

namespace chorale::agent {

struct AppInquiryOptions {
  MarathonClientOptions client;
  std::vector<std::string> endpoints;  // Marathon's base URLs, asked one after the other until one answers
  std::string app;                     // "/shop/cart"
  bool all = false;                    // all apps are wanted as well
  Milliseconds patience{2'000};        // with one endpoint before the next is asked
  Milliseconds limit{8'000};           // with Marathon; names may take as long as a Resolver gives them
};

class AppInquiry {
 public:
  using Done = std::function<void(tl::expected<AppFindings, Failure>)>;

  // `done` is called once, never within this call, and may end the inquiry.
  AppInquiry(boost::asio::io_context& loop, boost::asio::thread_pool& workers, AppInquiryOptions options, Done done);
  ~AppInquiry();  // `done` is not called afterwards
  AppInquiry(const AppInquiry&) = delete;
  AppInquiry& operator=(const AppInquiry&) = delete;

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace chorale::agent
