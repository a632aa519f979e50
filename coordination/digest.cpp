#include "coordination/digest.h"

#include <openssl/evp.h>

#include <array>

namespace chorale::coordination {

std::string sha256_hex(std::string_view text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> bytes{};
  unsigned int size = 0;
  // Fails only if the library itself is unusable. The empty result then equals no digest, so everything is refused.
  if (EVP_Digest(text.data(), text.size(), bytes.data(), &size, EVP_sha256(), nullptr) != 1) return {};

  static constexpr std::string_view kHexDigits = "0123456789abcdef";
  std::string hex;
  hex.reserve(std::size_t{size} * 2);
  for (unsigned int i = 0; i < size; ++i) {
    hex += kHexDigits[bytes[i] >> 4];
    hex += kHexDigits[bytes[i] & 0x0f];
  }
  return hex;
}

}  // namespace chorale::coordination
