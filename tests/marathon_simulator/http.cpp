#include "tests/marathon_simulator/http.h"

#include <ostream>  // boost/beast/http/status.hpp does not include it

#include <algorithm>
#include <array>
#include <boost/beast/core/detail/base64.hpp>
#include <boost/beast/http/status.hpp>
#include <cctype>
#include <cstdio>
#include <cstdlib>

namespace chorale::marathon_simulator {
namespace {

namespace base64_codec = boost::beast::detail::base64;

constexpr std::size_t kJettyOutputBuffer = 32 * 1024;

std::string hex(std::size_t number) {
  std::array<char, 20> text{};
  std::snprintf(text.data(), text.size(), "%zX", number);
  return text.data();
}

void append_chunked(std::string& text, const std::string& body) {
  for (std::size_t at = 0; at < body.size(); at += kJettyOutputBuffer) {
    const std::size_t size = std::min(kJettyOutputBuffer, body.size() - at);
    text += hex(size);
    text += "\r\n";
    text.append(body, at, size);
    text += "\r\n";
  }
  text += "0\r\n\r\n";
}

}  // namespace

std::string Request::header(std::string_view name) const {
  for (const auto& [key, value] : headers) {
    if (key == name) return value;
  }
  return "";
}

std::optional<std::string> Request::parameter(std::string_view name) const {
  for (const auto& [key, value] : query) {
    if (key == name) return value;
  }
  return std::nullopt;
}

std::vector<std::string> Request::parameters(std::string_view name) const {
  std::vector<std::string> values;
  for (const auto& [key, value] : query) {
    if (key == name) values.push_back(value);
  }
  return values;
}

void Response::set(const std::string& name, std::string value) {
  for (auto& [key, old] : headers) {
    if (iequals(key, name)) {
      old = std::move(value);
      return;
    }
  }
  headers.emplace_back(name, std::move(value));
}

bool Response::has(std::string_view name) const {
  return std::any_of(headers.begin(), headers.end(), [&](const auto& entry) { return iequals(entry.first, name); });
}

const char* reason_phrase(int status) {
  return boost::beast::http::obsolete_reason(static_cast<boost::beast::http::status>(status)).data();
}

Response json_response(int status, std::string body) {
  Response response;
  response.status = status;
  response.set("Content-Type", "application/json");
  response.body = std::move(body);
  return response;
}

Response html_error(int status, const std::string& text) {
  Response response;
  response.status = status;
  response.set("Content-Type", "text/html;charset=iso-8859-1");
  const std::string code = std::to_string(status);
  response.body = "<html>\n<head><title>Error " + code + "</title></head>\n<body><h2>HTTP ERROR " + code +
                  "</h2>\n<p>" + text + "</p>\n</body>\n</html>\n";
  return response;
}

void add_cache_headers(Response& response) {
  response.set("Cache-Control", "no-cache, no-store, must-revalidate");
  response.set("Pragma", "no-cache");
  response.set("Expires", "0");
}

std::string serialize(const Response& response, bool head, bool keep_alive) {
  std::string text = "HTTP/1.1 " + std::to_string(response.status) + " " + reason_phrase(response.status) + "\r\n";
  for (const auto& [name, value] : response.headers) text += name + ": " + value + "\r\n";
  if (!keep_alive) text += "Connection: close\r\n";
  const bool bodiless = response.status == 204 || response.status == 304;
  const bool chunked = response.body.size() > kJettyOutputBuffer;
  if (!bodiless) {
    text +=
        chunked ? "Transfer-Encoding: chunked\r\n" : "Content-Length: " + std::to_string(response.body.size()) + "\r\n";
  }
  text += "\r\n";
  if (head || bodiless) return text;
  text.reserve(text.size() + response.body.size() + response.body.size() / 1024 + 64);
  if (chunked) {
    append_chunked(text, response.body);
  } else {
    text += response.body;
  }
  return text;
}

void parse_target(const std::string& target, Request& request) {
  request.target = target;
  const auto mark = target.find('?');
  request.path = target.substr(0, mark);
  request.query.clear();
  if (mark == std::string::npos) return;
  std::string_view rest = std::string_view(target).substr(mark + 1);
  while (!rest.empty()) {
    const auto end = rest.find('&');
    const std::string_view pair = rest.substr(0, end);
    rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
    if (pair.empty()) continue;
    const auto equals = pair.find('=');
    const auto value = equals == std::string_view::npos ? std::string_view() : pair.substr(equals + 1);
    request.query.emplace_back(percent_decode(pair.substr(0, equals)), percent_decode(value));
  }
}

std::string percent_decode(std::string_view text) {
  std::string decoded;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool encoded = text[i] == '%' && i + 2 < text.size() &&
                         std::isxdigit(static_cast<unsigned char>(text[i + 1])) != 0 &&
                         std::isxdigit(static_cast<unsigned char>(text[i + 2])) != 0;
    if (encoded) {
      decoded += static_cast<char>(std::strtol(std::string(text.substr(i + 1, 2)).c_str(), nullptr, 16));
      i += 2;
    } else {
      decoded += text[i] == '+' ? ' ' : text[i];
    }
  }
  return decoded;
}

std::string lower(std::string_view text) {
  std::string copy(text);
  std::transform(copy.begin(), copy.end(), copy.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return copy;
}

bool iequals(std::string_view left, std::string_view right) { return lower(left) == lower(right); }

std::optional<std::string> basic_credentials(std::string_view authorization) {
  constexpr std::string_view kScheme = "basic ";
  if (lower(authorization.substr(0, kScheme.size())) != kScheme) return std::nullopt;
  const auto coded = authorization.substr(kScheme.size());
  std::string decoded(base64_codec::decoded_size(coded.size()), '\0');
  decoded.resize(base64_codec::decode(decoded.data(), coded.data(), coded.size()).first);
  return decoded;
}

std::string base64(std::string_view text) {
  std::string coded(base64_codec::encoded_size(text.size()), '\0');
  coded.resize(base64_codec::encode(coded.data(), text.data(), text.size()));
  return coded;
}

}  // namespace chorale::marathon_simulator
