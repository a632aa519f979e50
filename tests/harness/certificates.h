// Certificates and keys of a test's own, made by OpenSSL's library: an authority, and what it issues. PEM texts.
#pragma once

#include <memory>
#include <string>

namespace chorale::testing {

struct PemIdentity {
  std::string certificate;
  std::string key;
};

class TestAuthority {
 public:
  explicit TestAuthority(const std::string& name);
  ~TestAuthority();
  TestAuthority(const TestAuthority&) = delete;
  TestAuthority& operator=(const TestAuthority&) = delete;

  [[nodiscard]] const std::string& certificate() const { return certificate_; }
  // For one alternative name ("DNS:localhost", "IP:127.0.0.1"), valid between those seconds from now.
  [[nodiscard]] PemIdentity issue(const std::string& alternative_name, long from = -3'600, long until = 3'600) const;

 private:
  struct Keys;
  std::unique_ptr<Keys> keys_;
  std::string certificate_;
};

// An RSA key: PKCS#8 and its public half, both in PEM.
struct PemKeyPair {
  std::string secret;
  std::string open;
};
[[nodiscard]] PemKeyPair make_rsa_key();

// Written so that the owner alone can read it, and replaced at once.
void write_secret_file(const std::string& path, const std::string& text);

}  // namespace chorale::testing
