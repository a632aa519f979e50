// One HTTP request and its answer over a stream that is connected: the part that every client of ours shares.
// Asynchronous; the limit on the time is the caller's.
#pragma once

#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <functional>
#include <memory>
#include <string>
#include <tl/expected.hpp>
#include <utility>

#include "agent/base/http_client.h"

namespace chorale::agent {

template <class Stream>
class HttpExchange : public std::enable_shared_from_this<HttpExchange<Stream>> {
 public:
  using Done = std::function<void(tl::expected<HttpAnswer, Failure>)>;

  // `done` is called once. REQUIRES: the stream lives until then; to give up, close it.
  static void begin(Stream& stream, const std::string& target, const HttpQuestion& question, Done done) {
    std::shared_ptr<HttpExchange>(new HttpExchange(stream, target, question, std::move(done)))->send();
  }

 private:
  using Error = boost::system::error_code;

  HttpExchange(Stream& stream, const std::string& target, const HttpQuestion& question, Done done)
      : stream_(stream), done_(std::move(done)) {
    namespace http = boost::beast::http;
    request_.method_string(question.method);
    request_.target(target.empty() ? "/" : target);
    request_.set(http::field::host, question.host);
    request_.set(http::field::connection, "close");
    if (!question.authorization.empty()) request_.set(http::field::authorization, question.authorization);
    if (!question.content_type.empty()) request_.set(http::field::content_type, question.content_type);
    request_.body() = question.body;
    request_.prepare_payload();
    parser_.body_limit(question.most_bytes);
  }

  void send() {
    boost::beast::http::async_write(stream_, request_,
                                    [self = this->shared_from_this()](const Error& unsent, std::size_t) {
                                      if (unsent) return self->fail("cannot send", unsent);
                                      self->read_header();
                                    });
  }

  // The header first: Beast 1.74 forgets the limit of a body that it reads together with its header.
  void read_header() {
    boost::beast::http::async_read_header(stream_, buffer_, parser_,
                                          [self = this->shared_from_this()](const Error& bad, std::size_t) {
                                            if (bad) return self->fail("no readable answer", bad);
                                            self->read_body();
                                          });
  }

  void read_body() {
    boost::beast::http::async_read(
        stream_, buffer_, parser_, [self = this->shared_from_this()](const Error& unread, std::size_t) {
          if (unread) return self->fail("no readable answer", unread);
          auto& answer = self->parser_.get();
          self->done_(HttpAnswer{answer.result_int(), std::string(answer[boost::beast::http::field::date]),
                                 std::move(answer.body())});
        });
  }

  void fail(const char* doing, const Error& error) {
    done_(tl::unexpected(Failure{std::string(doing) + ": " + error.message()}));
  }

  Stream& stream_;
  Done done_;
  boost::beast::http::request<boost::beast::http::string_body> request_;
  boost::beast::flat_buffer buffer_;
  boost::beast::http::response_parser<boost::beast::http::string_body> parser_;
};

}  // namespace chorale::agent
