// What can go wrong with ZooKeeper, in three kinds: a fact about the tree, recoverable, fatal.
#pragma once

#include <string>
#include <string_view>

namespace chorale::coordination {

enum class ErrorKind {
  // Facts about the tree: the server answered, and this is the answer.
  kNoNode,
  kExists,
  kBadVersion,
  kNotEmpty,
  kNoAuth,
  kNoChildrenForEphemerals,
  // Recoverable: a write may or may not have happened. Read back before the next try.
  kConnectionLoss,
  // Fatal: this handle is dead. Build another one, register again, elect again.
  kSessionExpired,
  kClosing,
  // Our own bad request (path, size) or something unknown; a retry cannot help.
  kBadRequest,
  // The answer came but cannot be read: malformed document, wrong digest.
  kMalformed,
  // It was written by a newer version, in a format that this one does not read: it must be left alone.
  kNewerFormat,
};

// A word or two for logs and tests: "bad version".
[[nodiscard]] std::string_view to_string(ErrorKind kind);

struct Error {
  ErrorKind kind;
  std::string message;  // what failed, on which path, and what to do
};

}  // namespace chorale::coordination
