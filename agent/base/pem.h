// Certificates and keys out of PEM texts: one rule for all. Whoever includes it links OpenSSL.
#pragma once

#include <openssl/evp.h>
#include <openssl/x509.h>

#include <string>

#include "agent/base/openssl_pointer.h"

namespace chorale::agent {

using Certificate = OpensslPointer<X509, X509_free>;
using PrivateKey = OpensslPointer<EVP_PKEY, EVP_PKEY_free>;

// nullptr: there is none in it.
[[nodiscard]] Certificate first_certificate(const std::string& pem);
// nullptr: there is none in it, or one with a passphrase, which nobody is asked for.
[[nodiscard]] PrivateKey private_key(const std::string& pem);

}  // namespace chorale::agent
