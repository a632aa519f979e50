// In whose name the store is asked. Once a scope has ended, the replies to what it asked for are dropped.
//
// A machine ends its scope when it starts anew, so that what arrives later cannot be taken for an answer to something
// else. A scope ends with its owner too.
#pragma once

#include <memory>
#include <string>
#include <utility>

namespace chorale::coordination {

class Scope {
 public:
  explicit Scope(std::string name) : name_(std::make_shared<const std::string>(std::move(name))) {}
  Scope(const Scope&) = delete;
  Scope& operator=(const Scope&) = delete;

  void end() { name_ = std::make_shared<const std::string>(*name_); }
  // The name, for Coordinator::describe(); expired once the scope has ended.
  [[nodiscard]] std::weak_ptr<const std::string> name() const { return name_; }

 private:
  std::shared_ptr<const std::string> name_;
};

}  // namespace chorale::coordination
