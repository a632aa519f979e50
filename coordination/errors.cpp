#include "coordination/errors.h"

namespace chorale::coordination {

std::string_view to_string(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::kNoNode:
      return "no node";
    case ErrorKind::kExists:
      return "node exists";
    case ErrorKind::kBadVersion:
      return "bad version";
    case ErrorKind::kNotEmpty:
      return "not empty";
    case ErrorKind::kNoAuth:
      return "no auth";
    case ErrorKind::kNoChildrenForEphemerals:
      return "no children for ephemerals";
    case ErrorKind::kConnectionLoss:
      return "connection loss";
    case ErrorKind::kSessionExpired:
      return "session expired";
    case ErrorKind::kClosing:
      return "closing";
    case ErrorKind::kBadRequest:
      return "bad request";
    case ErrorKind::kMalformed:
      return "malformed";
    case ErrorKind::kNewerFormat:
      return "newer format";
  }
  return "unknown";
}

}  // namespace chorale::coordination
