#include "coordination/store.h"

#include "coordination/overloaded.h"

namespace chorale::coordination {

const Path& path_of(const Operation& operation) {
  return std::visit([](const auto& any) -> const Path& { return any.path; }, operation);
}

std::string to_text(const Operation& operation) {
  const char* const verb =
      std::visit(Overloaded{[](const CreateNode&) { return "create "; }, [](const ReadNode&) { return "read "; },
                            [](const WriteNode&) { return "write "; }, [](const DeleteNode&) { return "delete "; },
                            [](const ListChildren&) { return "list "; }, [](const CheckNode&) { return "check "; },
                            [](const SyncPath&) { return "sync "; }},
                 operation);
  return verb + path_of(operation).text();
}

}  // namespace chorale::coordination
