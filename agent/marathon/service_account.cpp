#include "agent/marathon/service_account.h"

#include <openssl/evp.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <vector>

#include "agent/base/openssl_pointer.h"
#include "agent/base/pem.h"

namespace chorale::agent {
namespace {

using Json = nlohmann::json;
using std::chrono::system_clock;

// Later than that is no end: a time_point could not hold it.
constexpr double kLatestEnd = 9e9;

tl::unexpected<Failure> refuse(const std::string& why) { return tl::unexpected(Failure{why}); }

// RFC 4648, 5, without padding (RFC 7515, 2).
std::string base64url(std::string_view bytes) {
  std::string text((bytes.size() + 2) / 3 * 4 + 1, '\0');
  const int length =
      EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()),
                      reinterpret_cast<const unsigned char*>(bytes.data()), static_cast<int>(bytes.size()));
  text.resize(static_cast<std::size_t>(length));
  while (text.ends_with('=')) text.pop_back();
  std::replace(text.begin(), text.end(), '+', '-');
  std::replace(text.begin(), text.end(), '/', '_');
  return text;
}

std::optional<std::string> from_base64url(std::string_view encoded) {
  std::string text(encoded);
  std::replace(text.begin(), text.end(), '-', '+');
  std::replace(text.begin(), text.end(), '_', '/');
  const std::size_t padding = (4 - text.size() % 4) % 4;
  text.append(padding, '=');
  std::string bytes(text.size() / 4 * 3, '\0');
  const int length =
      EVP_DecodeBlock(reinterpret_cast<unsigned char*>(bytes.data()),
                      reinterpret_cast<const unsigned char*>(text.data()), static_cast<int>(text.size()));
  if (length < 0 || padding > 2) return std::nullopt;
  bytes.resize(static_cast<std::size_t>(length) - padding);
  return bytes;
}

// nullptr: it is no RSA key without a passphrase.
PrivateKey rsa_key(const std::string& pem) {
  PrivateKey key = private_key(pem);
  return key != nullptr && EVP_PKEY_base_id(key.get()) == EVP_PKEY_RSA ? std::move(key) : nullptr;
}

std::optional<std::string> signed_by(EVP_PKEY* key, const std::string& text) {
  const OpensslPointer<EVP_MD_CTX, EVP_MD_CTX_free> context(EVP_MD_CTX_new());
  const auto* bytes = reinterpret_cast<const unsigned char*>(text.data());
  std::size_t size = 0;
  if (EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, key) != 1 ||
      EVP_DigestSign(context.get(), nullptr, &size, bytes, text.size()) != 1) {
    return std::nullopt;
  }
  std::string signature(size, '\0');
  if (EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &size, bytes, text.size()) !=
      1) {
    return std::nullopt;
  }
  signature.resize(size);
  return signature;
}

}  // namespace

tl::expected<ServiceAccount, Failure> parse_service_account(std::string_view json) {
  const Json document = Json::parse(json, nullptr, false);
  if (!document.is_object()) return refuse("expected a JSON object with uid, private_key and login_endpoint");
  const auto text = [&](const char* name) {
    const auto found = document.find(name);
    return found != document.end() && found->is_string() ? found->get<std::string>() : std::string();
  };
  for (const char* name : {"uid", "private_key", "login_endpoint"}) {
    if (text(name).empty()) return refuse(std::string("expected a text \"") + name + "\"");
  }
  if (document.contains("scheme") && text("scheme") != "RS256") return refuse("expected the \"scheme\" RS256");
  auto endpoint = parse_url(text("login_endpoint"));
  if (!endpoint) return refuse("login_endpoint: " + endpoint.error().message);
  if (rsa_key(text("private_key")) == nullptr) {
    return refuse("expected an RSA key in PEM without a passphrase as \"private_key\"");
  }
  return ServiceAccount{text("uid"), text("private_key"), *std::move(endpoint)};
}

tl::expected<std::string, Failure> login_request(const ServiceAccount& account, system_clock::time_point end) {
  const PrivateKey key = rsa_key(account.private_key);
  if (key == nullptr) return refuse("the service account's private_key is no RSA key");
  const Json claims{{"uid", account.uid}, {"exp", system_clock::to_time_t(end)}};
  const auto written = [](const Json& json) {
    return base64url(json.dump(-1, ' ', false, Json::error_handler_t::replace));
  };
  const std::string token = written({{"alg", "RS256"}, {"typ", "JWT"}}) + "." + written(claims);
  const auto signature = signed_by(key.get(), token);
  if (!signature) return refuse("the service account's private_key cannot sign");
  const Json question{{"uid", account.uid}, {"token", token + "." + base64url(*signature)}};
  return question.dump(-1, ' ', false, Json::error_handler_t::replace);
}

tl::expected<std::string, Failure> parse_login_answer(std::string_view body) {
  const Json answer = Json::parse(body, nullptr, false);
  const auto token = answer.is_object() ? answer.find("token") : answer.end();
  if (!answer.is_object() || token == answer.end() || !token->is_string()) return refuse("the answer holds no token");
  auto text = token->get<std::string>();
  const auto is_plain = [](char c) { return c > ' ' && c < 0x7f; };
  if (text.empty() || !std::all_of(text.begin(), text.end(), is_plain)) {
    return refuse("the answer's token cannot stand in a header");
  }
  return text;
}

std::optional<system_clock::time_point> end_of_token(std::string_view token) {
  const auto first = token.find('.');
  const auto second = first == std::string_view::npos ? first : token.find('.', first + 1);
  if (second == std::string_view::npos) return std::nullopt;
  const auto payload = from_base64url(token.substr(first + 1, second - first - 1));
  const Json claims = payload ? Json::parse(*payload, nullptr, false) : Json();
  if (!claims.is_object() || !claims.contains("exp") || !claims["exp"].is_number()) return std::nullopt;
  const double end = claims["exp"].get<double>();
  if (!(end >= 0 && end <= kLatestEnd)) return std::nullopt;
  return system_clock::time_point(std::chrono::seconds(static_cast<std::int64_t>(end)));
}

}  // namespace chorale::agent
