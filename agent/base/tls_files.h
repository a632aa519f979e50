// The files that TLS towards Marathon needs. They are read for every new connection: what is replaced on disk is in use
// from the next one on.
#pragma once

#include <string>

namespace chorale::agent {

struct TlsFiles {
  std::string ca_file;    // PEM, who must have signed the server's certificate; empty: the system's roots
  std::string cert_file;  // PEM, our own certificate and what it needs above it; empty: none is shown
  std::string key_file;   // PEM, without a passphrase; set where cert_file is

  bool operator==(const TlsFiles&) const = default;
};

}  // namespace chorale::agent
