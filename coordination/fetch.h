// Fetches one revision: manifest, the chunks that the cache lacks, and every digest verified. Pure; loop thread only.
//
// What it hands out is complete and proven, or it hands out nothing and names what is missing. Chunks that arrived
// survive a failed try, so that a retry asks for the rest alone.
//
// It hashes on the loop, unlike an offer (described_files.h): a chunk of at most 64 KiB with each answer, 0.04 ms of
// SHA-256, and each file once when it is whole, 6 ms for 10 MB (0.1 ms and 17 ms on a CPU without SHA instructions).
// What the cache holds is not hashed again.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "coordination/content_cache.h"
#include "coordination/context.h"

namespace chorale::coordination {

class Fetch {
 public:
  //  kIdle --start()--> kManifest --> kChunks --> kDone
  //                         |            '--not there, or another digest--> kMissing --start()--> kManifest
  //                         '-----------------------------------------------^
  // A lost reply keeps the state; the read is sent again once the connection is back.
  enum class State { kIdle, kManifest, kChunks, kDone, kMissing };

  Fetch(Context& context, ContentCache& cache, std::string name)
      : context_(context), scope_(std::move(name)), cache_(cache) {}

  void reset();  // a new session, or it is not wanted any more
  void start(const Identity& identity);
  void drive();

  [[nodiscard]] State state() const { return state_; }
  [[nodiscard]] const Identity& identity() const { return identity_; }
  // REQUIRES: kDone.
  [[nodiscard]] const Content& content() const;
  // REQUIRES: kMissing. Digests of chunks, or the manifest's name; and what is wrong with the first of them.
  [[nodiscard]] const std::vector<std::string>& missing() const;
  [[nodiscard]] const std::string& reason() const;
  // REQUIRES: kMissing. nullptr: the manifest itself is missing or wrong.
  [[nodiscard]] const std::shared_ptr<const Manifest>& manifest() const;
  // REQUIRES: kMissing. Its manifest is there, in a format that this agent does not read.
  [[nodiscard]] bool newer_format() const;

 private:
  void read_manifest();
  void on_manifest(const Reply<ReadNode>& reply);
  [[nodiscard]] std::optional<std::string> why_not(const Manifest& manifest) const;
  void accept_manifest(std::shared_ptr<const Manifest> manifest);
  void read_chunk(const std::string& digest);
  void on_chunk(const std::string& digest, Reply<ReadNode> reply);
  void finish();
  [[nodiscard]] std::shared_ptr<const std::string> join(const FileEntry& entry) const;
  void lack(const std::string& what, const std::string& why);

  Context& context_;
  Scope scope_;
  ContentCache& cache_;
  State state_ = State::kIdle;
  Identity identity_;
  std::shared_ptr<const Manifest> manifest_;
  std::map<std::string, std::string> arrived_;  // chunk digest -> verified text
  std::set<std::string> wanted_;                // chunks to ask for
  std::size_t in_flight_ = 0;
  bool manifest_asked_ = false;
  std::vector<std::string> missing_;
  std::string reason_;
  bool newer_format_ = false;
  Content content_;
  TimePoint retry_at_;
};

}  // namespace chorale::coordination
