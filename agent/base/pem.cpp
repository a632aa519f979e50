#include "agent/base/pem.h"

#include <openssl/pem.h>

namespace chorale::agent {
namespace {

using Bio = OpensslPointer<BIO, BIO_free>;

Bio memory(const std::string& text) { return Bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size()))); }

// OpenSSL would ask the terminal.
int no_passphrase(char* /*buffer*/, int /*size*/, int /*writing*/, void* /*data*/) { return 0; }

}  // namespace

Certificate first_certificate(const std::string& pem) {
  return Certificate(PEM_read_bio_X509(memory(pem).get(), nullptr, no_passphrase, nullptr));
}

PrivateKey private_key(const std::string& pem) {
  return PrivateKey(PEM_read_bio_PrivateKey(memory(pem).get(), nullptr, no_passphrase, nullptr));
}

}  // namespace chorale::agent
