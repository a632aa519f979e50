#include "coordination/request_check.h"

#include <algorithm>
#include <string_view>

namespace chorale::coordination {
namespace {

// The rules of ZooKeeper's PathUtils, less its ranges of exotic Unicode: nothing here makes such names.
bool is_valid_path(std::string_view path) {
  if (path == "/") return true;
  if (!path.starts_with('/') || path.ends_with('/')) return false;
  std::size_t begin = 1;
  while (begin <= path.size()) {
    const auto end = std::min(path.find('/', begin), path.size());
    const auto name = path.substr(begin, end - begin);
    if (name.empty() || name == "." || name == "..") return false;
    for (const char c : name) {
      if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) return false;
    }
    begin = end + 1;
  }
  return true;
}

std::size_t data_bytes(const Operation& operation) {
  if (const auto* create = std::get_if<CreateNode>(&operation)) return create->data.size();
  if (const auto* write = std::get_if<WriteNode>(&operation)) return write->data.size();
  return 0;
}

}  // namespace

std::optional<Error> check_request(const Operation& operation) {
  const Path& path = path_of(operation);
  // A sequential node's name may be empty: the server appends the number. Ours never are.
  if (!is_valid_path(path.text())) {
    return Error{ErrorKind::kBadRequest, "'" + path.text() + "' is not a valid znode path"};
  }
  const std::size_t bytes = data_bytes(operation);
  if (bytes <= kMaxDataBytes) return std::nullopt;
  return Error{ErrorKind::kBadRequest, "the data for " + path.text() + " has " + std::to_string(bytes) +
                                           " bytes, over the limit of " + std::to_string(kMaxDataBytes)};
}

}  // namespace chorale::coordination
