#include "tests/marathon_simulator/tokens.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>

#include <algorithm>
#include <array>
#include <memory>
#include <nlohmann/json.hpp>
#include <utility>

namespace chorale::marathon_simulator {
namespace {

using Json = nlohmann::json;
using std::chrono::system_clock;

std::string url_encoded(std::string_view bytes) {
  std::string text = base64(bytes);
  while (text.ends_with('=')) text.pop_back();
  std::replace(text.begin(), text.end(), '+', '-');
  std::replace(text.begin(), text.end(), '/', '_');
  return text;
}

// "" where it is not base64url.
std::string url_decoded(std::string text) {
  std::replace(text.begin(), text.end(), '-', '+');
  std::replace(text.begin(), text.end(), '_', '/');
  const std::size_t padding = (4 - text.size() % 4) % 4;
  text.append(padding, '=');
  std::string bytes(text.size() / 4 * 3, '\0');
  const int size = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(bytes.data()),
                                   reinterpret_cast<const unsigned char*>(text.data()), static_cast<int>(text.size()));
  if (size < 0) return "";
  bytes.resize(static_cast<std::size_t>(size) - padding);
  return bytes;
}

bool is_signed_by(const std::string& pem, const std::string& text, const std::string& signature) {
  const std::unique_ptr<BIO, int (*)(BIO*)> source(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), BIO_free);
  const std::unique_ptr<EVP_PKEY, void (*)(EVP_PKEY*)> key(PEM_read_bio_PUBKEY(source.get(), nullptr, nullptr, nullptr),
                                                           EVP_PKEY_free);
  const std::unique_ptr<EVP_MD_CTX, void (*)(EVP_MD_CTX*)> context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
  return key != nullptr && EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr, key.get()) == 1 &&
         EVP_DigestVerify(context.get(), reinterpret_cast<const unsigned char*>(signature.data()), signature.size(),
                          reinterpret_cast<const unsigned char*>(text.data()), text.size()) == 1;
}

// The claims of a JWT that the key has signed by RS256; null: it is none.
Json claims_of(const std::string& token, const std::string& public_key) {
  const auto first = token.find('.');
  const auto second = first == std::string::npos ? first : token.find('.', first + 1);
  if (second == std::string::npos) return nullptr;
  const Json header = Json::parse(url_decoded(token.substr(0, first)), nullptr, false);
  if (!header.is_object() || header.value("alg", "") != "RS256") return nullptr;
  if (!is_signed_by(public_key, token.substr(0, second), url_decoded(token.substr(second + 1)))) return nullptr;
  return Json::parse(url_decoded(token.substr(first + 1, second - first - 1)), nullptr, false);
}

}  // namespace

Tokens::Tokens(std::string uid, std::string public_key, std::chrono::milliseconds life)
    : uid_(std::move(uid)), public_key_(std::move(public_key)), life_(life) {}

Response Tokens::log_in(const Request& request) {
  if (request.method != "POST") return html_error(405, "Method Not Allowed");
  if (request.header("content-type").rfind("application/json", 0) != 0) {
    return json_response(400, R"({"title":"Bad Request","description":"Request body is not JSON"})");
  }
  const Json body = Json::parse(request.body, nullptr, false);
  const auto now = system_clock::now();
  if (body.is_object() && body.value("uid", "") == uid_) {
    const Json claims = claims_of(body.value("token", ""), public_key_);
    if (claims.is_object() && claims.value("uid", "") == uid_ &&
        claims.value("exp", std::int64_t{0}) > system_clock::to_time_t(now)) {
      std::array<unsigned char, 24> random{};
      RAND_bytes(random.data(), random.size());
      // Whole seconds, as in every JWT; the fraction is the bearer's loss.
      const auto end = std::chrono::time_point_cast<std::chrono::seconds>(now + life_);
      const std::string token =
          url_encoded(R"({"alg":"HS256","typ":"JWT"})") + "." +
          url_encoded(Json{{"uid", uid_}, {"exp", system_clock::to_time_t(end)}}.dump()) + "." +
          url_encoded(std::string_view(reinterpret_cast<const char*>(random.data()), random.size()));
      ends_.emplace(token, end);
      return json_response(200, Json{{"token", token}}.dump());
    }
  }
  return json_response(401, R"({"title":"Unauthorized","description":"Login failed"})");
}

bool Tokens::accepts(const std::string& authorization) const {
  constexpr std::string_view kScheme = "token=";
  if (authorization.rfind(kScheme, 0) != 0) return false;
  const auto found = ends_.find(authorization.substr(kScheme.size()));
  return found != ends_.end() && system_clock::now() < found->second;
}

}  // namespace chorale::marathon_simulator
