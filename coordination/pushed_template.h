// What an operator pushed to <root>/template, for the leader: read whole, verified, told whenever it changes. Pure;
// loop thread only.
//
// A document that names chunks which are not there, or other ones than it says, is said as that and changes nothing:
// the next look may find it whole.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "coordination/effects.h"
#include "coordination/mirror.h"
#include "coordination/template_document.h"

namespace chorale::coordination {

class PushedTemplateWatch {
 public:
  explicit PushedTemplateWatch(Context& context) : context_(context), mirror_(context, "pushed template") {}

  // A leadership begins or ends.
  void reset();
  void suspect() { mirror_.suspect(); }
  // REQUIRES: this agent holds the fence.
  void drive();

  // Whether it was looked at since reset().
  [[nodiscard]] bool known() const { return found_.has_value(); }
  // REQUIRES: known().
  [[nodiscard]] const PushedTemplates& found() const { return *found_; }
  // Once after each change since reset() or the last call.
  [[nodiscard]] bool take_change() { return std::exchange(changed_, false); }

 private:
  void on_checked(const Reply<CheckNode>& reply);
  void on_read(const Reply<ReadNode>& reply);
  void read_next();
  void on_chunk(const std::string& name, Reply<ReadNode> reply);
  void finish();
  [[nodiscard]] std::optional<PushedTemplate> join(const TemplateVersion& version) const;
  void found(PushedTemplates templates);
  void fail(const Error& error);
  void tell_trouble(const std::string& why);

  Context& context_;
  Mirror mirror_;
  std::optional<std::string> told_text_;  // the document that found_ was made of; nullopt: there is none
  std::optional<PushedTemplates> found_;
  bool changed_ = false;
  // Of the look under way.
  std::string text_;
  TemplateDocument document_;
  std::vector<std::string> wanted_;            // chunks to read yet
  std::map<std::string, std::string> chunks_;  // by name, verified
};

}  // namespace chorale::coordination
