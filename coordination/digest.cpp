#include "coordination/digest.h"

#include <openssl/evp.h>

#include <array>

namespace chorale::coordination {
namespace {

constexpr std::size_t kChunkNameLength = 32;
constexpr std::string_view kHexDigits = "0123456789abcdef";

}  // namespace

std::string sha256_hex(std::string_view text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> bytes{};
  unsigned int size = 0;
  // Fails only if the library itself is unusable. The empty result then equals no digest, so everything is refused.
  if (EVP_Digest(text.data(), text.size(), bytes.data(), &size, EVP_sha256(), nullptr) != 1) return {};

  std::string hex;
  hex.reserve(std::size_t{size} * 2);
  for (unsigned int i = 0; i < size; ++i) {
    hex += kHexDigits[bytes[i] >> 4];
    hex += kHexDigits[bytes[i] & 0x0f];
  }
  return hex;
}

std::string chunk_name(std::string_view text) { return sha256_hex(text).substr(0, kChunkNameLength); }

bool is_chunk_name(std::string_view name) {
  return name.size() == kChunkNameLength && name.find_first_not_of(kHexDigits) == std::string_view::npos;
}

std::uint64_t stable_hash(std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325U;
  for (const char c : text) {
    hash ^= static_cast<unsigned char>(c);
    hash *= 0x100000001b3U;
  }
  hash ^= hash >> 33;
  hash *= 0xff51afd7ed558ccdU;
  hash ^= hash >> 33;
  return hash;
}

}  // namespace chorale::coordination
