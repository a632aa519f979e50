// Nodes of a Go template to pieces of a Mustache template. Pure.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "agent/migrate/evaluator.h"
#include "agent/migrate/finding.h"
#include "agent/migrate/go_nodes.h"
#include "agent/migrate/pieces.h"

namespace chorale::agent {

class NodeTranslator {
 public:
  NodeTranslator(const GoTemplate& source, const NixyFacts& facts, const GoDelimiters& delimiters)
      : source_(source), facts_(facts), delimiters_(delimiters) {}

  void translate();

  [[nodiscard]] std::vector<Piece>& pieces() { return pieces_; }
  [[nodiscard]] std::vector<Finding>& findings() { return findings_; }
  [[nodiscard]] const TemplateNeeds& needs() const { return needs_; }

 private:
  // What is written for one way through a condition.
  using Branch = std::function<void(const Scope& scope)>;

  void nodes(const std::vector<GoNode>& nodes, Scope scope);
  void node(const GoNode& node, Scope& scope);
  void action(const GoNode& node, Scope& scope);
  void assign(const GoNode& node, Value value, Scope& scope);
  void condition(const GoNode& node, const Scope& scope);
  void with(const GoNode& node, const Scope& scope);
  void call(const GoNode& node, const Scope& scope);

  void range(const GoNode& node, const Scope& scope);
  void range_things(const GoNode& node, const ThingList& list, const Scope& scope);
  void range_servers(const GoNode& node, const Scope& scope);
  void range_constants(const GoNode& node, const std::vector<std::string>& texts, const Scope& scope);
  void range_parts(const GoNode& node, const PartList& parts, const Scope& scope);
  // The body with the variables of the range.
  void body(const GoNode& node, Scope scope, const Value& key, const Value& item);

  // Both branches where sections decide; `own` says which of their tags have lines of their own.
  void choose(const Condition& condition, const GoOwnLines& own, int line, const Scope& scope, const Branch& yes,
              const Branch& no);
  void ask(const Condition& condition, const GoOwnLines& own, int line, const Scope& scope, const Branch& yes,
           const Branch& no);
  void write(const Value& value, int line, const Scope& scope);
  void write_name(const NamedText& text, int line, const Scope& scope);
  void write_joined(const Value& list, int line, const Scope& scope);
  void write_text(const std::string& text, int line);
  void tag(Piece::Kind kind, const std::string& text, int line, bool own_line);

  [[nodiscard]] Said<Value> evaluate(const GoPipeline& pipe, const Scope& scope);
  [[nodiscard]] bool is_in_comment() const;
  // Left out here.
  void mark(int line, const std::string& what, const std::string& reason, bool own_line);
  void note(int line, const std::string& message);
  [[nodiscard]] std::size_t find(Finding finding);

  const GoTemplate& source_;
  const NixyFacts& facts_;
  const GoDelimiters& delimiters_;
  TemplateNeeds needs_;
  std::vector<Piece> pieces_;
  std::vector<Finding> findings_;
  std::string construct_;  // the action at hand, for findings
  std::size_t calls_ = 0;  // of templates, one within the other
};

}  // namespace chorale::agent
