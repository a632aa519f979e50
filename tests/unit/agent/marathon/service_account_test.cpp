// The file of a DC/OS service account, the question that it signs, and the token that comes back.
#include "agent/marathon/service_account.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "agent/marathon/service_login.h"
#include "tests/harness/certificates.h"

namespace chorale::agent {
namespace {

using nlohmann::json;
using std::chrono::seconds;
using std::chrono::system_clock;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

const chorale::testing::PemKeyPair& key_pair() {
  static const chorale::testing::PemKeyPair pair = chorale::testing::make_rsa_key();
  return pair;
}

json account() {
  return {{"scheme", "RS256"},
          {"uid", "chorale"},
          {"private_key", key_pair().secret},
          {"login_endpoint", "https://leader.mesos/acs/api/v1/auth/login"}};
}

std::string refusal(const json& document) {
  const auto parsed = parse_service_account(document.dump());
  EXPECT_FALSE(parsed) << document;
  return parsed ? "" : parsed.error().message;
}

std::string decoded(std::string text) {
  std::replace(text.begin(), text.end(), '-', '+');
  std::replace(text.begin(), text.end(), '_', '/');
  const std::size_t padding = (4 - text.size() % 4) % 4;
  text.append(padding, '=');
  std::string bytes(text.size(), '\0');
  const int size = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(bytes.data()),
                                   reinterpret_cast<const unsigned char*>(text.data()), static_cast<int>(text.size()));
  EXPECT_GE(size, 0) << text;
  return bytes.substr(0, static_cast<std::size_t>(size) - padding);
}

TEST(ServiceAccountTest, IsReadAsDcosWritesIt) {
  const auto parsed = parse_service_account(account().dump());
  ASSERT_TRUE(parsed) << parsed.error().message;
  EXPECT_EQ(parsed->uid, "chorale");
  EXPECT_EQ(parsed->private_key, key_pair().secret);
  EXPECT_EQ(parsed->login_endpoint.text(), "https://leader.mesos/acs/api/v1/auth/login");
  json without_scheme = account();
  without_scheme.erase("scheme");
  EXPECT_TRUE(parse_service_account(without_scheme.dump()));
}

TEST(ServiceAccountTest, RefusalsNameTheKeyAndNoValue) {
  EXPECT_FALSE(parse_service_account("not json"));
  EXPECT_FALSE(parse_service_account("[]"));
  for (const char* key : {"uid", "private_key", "login_endpoint"}) {
    json missing = account();
    missing.erase(key);
    EXPECT_THAT(refusal(missing), HasSubstr("\"" + std::string(key) + "\""));
    json number = account();
    number[key] = 7;
    EXPECT_THAT(refusal(number), HasSubstr("\"" + std::string(key) + "\""));
  }
  json other = account();
  other["scheme"] = "HS256";
  EXPECT_THAT(refusal(other), HasSubstr("RS256"));
  other = account();
  other["login_endpoint"] = "https://jo:hunter2@a/login";
  EXPECT_THAT(refusal(other), AllOf(HasSubstr("login_endpoint: "), Not(HasSubstr("hunter2"))));
  other = account();
  other["private_key"] = "-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----\n";
  EXPECT_THAT(refusal(other), AllOf(HasSubstr("an RSA key in PEM"), Not(HasSubstr("c2VjcmV0"))));
  other["private_key"] = chorale::testing::TestAuthority("x").issue("DNS:x").key;  // of an elliptic curve
  EXPECT_THAT(refusal(other), HasSubstr("an RSA key in PEM"));
}

TEST(ServiceAccountTest, LoginIsSignedByTheKeyAndEnds) {
  const auto body = login_request(*parse_service_account(account().dump()), system_clock::time_point(seconds(4'711)));
  ASSERT_TRUE(body) << body.error().message;
  const json question = json::parse(*body);
  EXPECT_EQ(question.size(), 2U);
  EXPECT_EQ(question.at("uid"), "chorale");
  const auto token = question.at("token").get<std::string>();
  const auto first = token.find('.');
  const auto second = token.find('.', first + 1);
  ASSERT_NE(second, std::string::npos);
  EXPECT_EQ(json::parse(decoded(token.substr(0, first))), json({{"alg", "RS256"}, {"typ", "JWT"}}));
  EXPECT_EQ(json::parse(decoded(token.substr(first + 1, second - first - 1))),
            json({{"uid", "chorale"}, {"exp", 4'711}}));
  EXPECT_EQ(token.find_first_of("+/="), std::string::npos);

  BIO* memory = BIO_new_mem_buf(key_pair().open.data(), static_cast<int>(key_pair().open.size()));
  EVP_PKEY* key = PEM_read_bio_PUBKEY(memory, nullptr, nullptr, nullptr);
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  const std::string text = token.substr(0, second);
  const std::string signature = decoded(token.substr(second + 1));
  ASSERT_EQ(EVP_DigestVerifyInit(context, nullptr, EVP_sha256(), nullptr, key), 1);
  EXPECT_EQ(EVP_DigestVerify(context, reinterpret_cast<const unsigned char*>(signature.data()), signature.size(),
                             reinterpret_cast<const unsigned char*>(text.data()), text.size()),
            1);
  EVP_MD_CTX_free(context);
  EVP_PKEY_free(key);
  BIO_free(memory);
}

TEST(ServiceAccountTest, AnswerIsAToken) {
  EXPECT_EQ(parse_login_answer(R"({"token":"a.b.c"})"), "a.b.c");
  for (const char* wrong : {"", "[]", "{}", R"({"token":7})", R"({"token":""})", R"({"token":"a\r\nX: y"})",
                            R"({"token":"a b"})", R"({"title":"token"})"}) {
    EXPECT_FALSE(parse_login_answer(wrong)) << wrong;
  }
}

TEST(ServiceAccountTest, EndOfATokenIsItsExp) {
  EXPECT_EQ(end_of_token("e30.eyJleHAiOjQ3MTF9.x"), system_clock::time_point(seconds(4'711)));  // {"exp":4711}
  EXPECT_EQ(end_of_token("e30.eyJleHAiOjQ3MTEuNSwidWlkIjoiw7zDvyJ9.x"), system_clock::time_point(seconds(4'711)));
  // The two characters that base64 writes otherwise: {"exp":4711,"u":"???~~~>>>"}
  EXPECT_EQ(end_of_token("e30.eyJleHAiOjQ3MTEsInUiOiI_Pz9-fn4-Pj4ifQ.x"), system_clock::time_point(seconds(4'711)));
  for (const char* without : {"e30.eyJleHAiOjQ3MTF9A.x",  // a character too many
                              "", "opaque", "a.b", "e30.e30.x", "e30.bm90IGpzb24.x", "e30.!!!!.x", "e30.A.x",
                              "e30.eyJleHAiOiI0NzExIn0.x",  // "4711"
                              "e30.eyJleHAiOi0xfQ.x",       // -1
                              "e30.eyJleHAiOjFlMzB9.x"}) {  // 1e30
    EXPECT_FALSE(end_of_token(without)) << without;
  }
}

TEST(ServiceAccountTest, TokenIsRenewedWithTimeToSpare) {
  EXPECT_EQ(renewed_after(Milliseconds(10'000)), Milliseconds(8'000));
  EXPECT_EQ(renewed_after(std::chrono::hours(5)), std::chrono::hours(4));
  EXPECT_EQ(renewed_after(std::chrono::hours(120)), std::chrono::hours(119));
}

}  // namespace
}  // namespace chorale::agent
