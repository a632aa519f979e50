#include "agent/http/page.h"

#include <openssl/evp.h>
#include <openssl/sha.h>

#include <array>
#include <string_view>

#include "agent/http/page_texts.h"

namespace chorale::agent {
namespace {

std::string sha256_base64(std::string_view text) {
  std::array<unsigned char, SHA256_DIGEST_LENGTH> digest{};
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data());
  std::array<unsigned char, 4 * ((SHA256_DIGEST_LENGTH + 2) / 3) + 1> encoded{};
  const int length = EVP_EncodeBlock(encoded.data(), digest.data(), SHA256_DIGEST_LENGTH);
  return {reinterpret_cast<const char*>(encoded.data()), static_cast<std::size_t>(length)};
}

void put(std::string& html, std::string_view mark, std::string_view text) {
  html.replace(html.find(mark), mark.size(), text);
}

Page make_page() {
  Page page;
  page.html = kPageHtml;
  put(page.html, "/*style*/", kPageStyle);
  put(page.html, "/*script*/", kPageScript);
  page.security_policy =
      "default-src 'none'; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; "
      "frame-ancestors 'none'; require-trusted-types-for 'script'; style-src 'sha256-" +
      sha256_base64(kPageStyle) + "'; script-src 'sha256-" + sha256_base64(kPageScript) + "'";
  return page;
}

}  // namespace

const Page& page() {
  static const Page made = make_page();
  return made;
}

}  // namespace chorale::agent
