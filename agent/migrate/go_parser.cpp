#include "agent/migrate/go_parser.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

namespace chorale::agent {
namespace {

using TokenKind = GoToken::Kind;

// Nixy's own, then Go's.
constexpr std::array<std::string_view, 27> kFunctions{
    "hasPrefix", "hasSuffix", "contains", "split",  "join",    "trim", "replace", "getenv",   "datetime",
    "and",       "or",        "not",      "eq",     "ne",      "lt",   "le",      "gt",       "ge",
    "index",     "len",       "print",    "printf", "println", "html", "js",      "urlquery", "call"};

bool is_function(std::string_view name) {
  return std::find(kFunctions.begin(), kFunctions.end(), name) != kFunctions.end() || name == "slice";
}

std::string known_functions() {
  std::string names;
  for (const std::string_view name : kFunctions) names += (names.empty() ? "" : ", ") + std::string(name);
  return names;
}

template <class T>
using Parsed = tl::expected<T, SyntaxError>;

// One action's pipeline. `variables`: those that are declared where it stands; it adds its own.
class PipelineParser {
 public:
  PipelineParser(const GoPiece& action, std::size_t begin, std::vector<std::string>& variables)
      : action_(action), tokens_(action.tokens), at_(begin), variables_(variables) {}

  Parsed<GoPipeline> parse(bool is_range) {
    auto pipeline = parse_pipeline(is_range);
    if (pipeline && at_ < tokens_.size()) return refuse("unexpected " + spelled(tokens_[at_]));
    return pipeline;
  }

 private:
  [[nodiscard]] tl::unexpected<SyntaxError> refuse(const std::string& why) const {
    return tl::unexpected(SyntaxError{action_.line, why + " in {{" + action_.text + "}}"});
  }
  static std::string spelled(const GoToken& token) {
    if (token.kind == TokenKind::kText) return "\"" + token.text + "\"";
    return (token.kind == TokenKind::kField || token.kind == TokenKind::kDot ? "." : "") + token.text;
  }
  [[nodiscard]] bool is_symbol(std::string_view symbol, std::size_t ahead = 0) const {
    return at_ + ahead < tokens_.size() && tokens_[at_ + ahead].kind == TokenKind::kSymbol &&
           tokens_[at_ + ahead].text == symbol;
  }

  Parsed<GoPipeline> parse_pipeline(bool is_range) {
    GoPipeline pipeline;
    pipeline.line = action_.line;
    pipeline.source = action_.text;
    if (auto wrong = parse_declaration(is_range, pipeline)) return tl::unexpected(*wrong);
    while (true) {
      auto command = parse_command();
      if (!command) return tl::unexpected(std::move(command).error());
      pipeline.commands.push_back(*std::move(command));
      if (!is_symbol("|")) break;
      ++at_;
    }
    if (!pipeline.assigns) variables_.insert(variables_.end(), pipeline.variables.begin(), pipeline.variables.end());
    return pipeline;
  }

  // "$x :=", "$x =", and for a range "$i, $x :=".
  std::optional<SyntaxError> parse_declaration(bool is_range, GoPipeline& pipeline) {
    if (at_ >= tokens_.size() || tokens_[at_].kind != TokenKind::kVariable) return std::nullopt;
    const bool is_pair = is_symbol(",", 1);
    const std::size_t sign = is_pair ? 3 : 1;
    if (!is_symbol(":=", sign) && !is_symbol("=", sign)) {
      if (is_pair) return refuse("expected \":=\" after two variables").value();
      return std::nullopt;
    }
    if (is_pair && (!is_range || tokens_[at_ + 2].kind != TokenKind::kVariable)) {
      return refuse("only a range declares two variables").value();
    }
    pipeline.assigns = is_symbol("=", sign);
    pipeline.variables.push_back(tokens_[at_].text);
    if (is_pair) pipeline.variables.push_back(tokens_[at_ + 2].text);
    at_ += sign + 1;
    for (const std::string& name : pipeline.variables) {
      if (pipeline.assigns && !is_declared(name)) return undeclared(name).value();
    }
    return std::nullopt;
  }

  [[nodiscard]] bool is_declared(const std::string& name) const {
    return name == "$" || std::find(variables_.begin(), variables_.end(), name) != variables_.end();
  }
  [[nodiscard]] tl::unexpected<SyntaxError> undeclared(const std::string& name) const {
    return refuse("undefined variable " + name + ": expected one that is declared before");
  }

  Parsed<GoCommand> parse_command() {
    GoCommand command;
    while (at_ < tokens_.size() && !is_symbol("|") && !is_symbol(")")) {
      if (!command.operands.empty() && !tokens_[at_].spaced) {
        return refuse("expected a blank before " + spelled(tokens_[at_]));
      }
      auto operand = parse_operand();
      if (!operand) return tl::unexpected(std::move(operand).error());
      command.operands.push_back(*std::move(operand));
    }
    if (command.operands.empty()) return refuse("expected a value");
    const GoOperand& first = command.operands.front();
    const bool is_call = first.kind == GoOperand::Kind::kFunction || !first.fields.empty();
    if (command.operands.size() > 1 && !is_call) return refuse("expected a function or method before arguments");
    return command;
  }

  Parsed<GoOperand> parse_operand() {
    auto operand = parse_term();
    if (!operand) return operand;
    while (at_ < tokens_.size() && tokens_[at_].kind == TokenKind::kField && !tokens_[at_].spaced) {
      operand->fields.push_back(tokens_[at_++].text);
    }
    return operand;
  }

  Parsed<GoOperand> parse_term() {
    const GoToken& token = tokens_[at_++];
    switch (token.kind) {
      case TokenKind::kDot:
        return GoOperand{GoOperand::Kind::kDot, ".", {}, nullptr};
      case TokenKind::kField:
        return GoOperand{GoOperand::Kind::kDot, ".", {token.text}, nullptr};
      case TokenKind::kText:
        return GoOperand{GoOperand::Kind::kText, token.text, {}, nullptr};
      case TokenKind::kNumber:
        return GoOperand{GoOperand::Kind::kNumber, token.text, {}, nullptr};
      case TokenKind::kVariable:
        if (!is_declared(token.text)) return undeclared(token.text);
        return GoOperand{GoOperand::Kind::kVariable, token.text, {}, nullptr};
      case TokenKind::kWord:
        return parse_word(token.text);
      case TokenKind::kSymbol:
        if (token.text == "(") return parse_parentheses();
        return refuse("unexpected " + token.text);
    }
    return refuse("unexpected " + token.text);
  }

  [[nodiscard]] Parsed<GoOperand> parse_word(const std::string& word) const {
    if (word == "true" || word == "false") return GoOperand{GoOperand::Kind::kTruth, word, {}, nullptr};
    if (word == "nil") return GoOperand{GoOperand::Kind::kNil, word, {}, nullptr};
    if (is_function(word)) return GoOperand{GoOperand::Kind::kFunction, word, {}, nullptr};
    return refuse("unknown function " + word + ": expected one of " + known_functions());
  }

  Parsed<GoOperand> parse_parentheses() {
    auto inner = parse_pipeline(false);
    if (!inner) return tl::unexpected(std::move(inner).error());
    if (!is_symbol(")")) return refuse("unclosed parenthesis: expected \")\"");
    ++at_;
    return GoOperand{GoOperand::Kind::kPipeline, "", {}, std::make_shared<const GoPipeline>(*std::move(inner))};
  }

  const GoPiece& action_;
  const std::vector<GoToken>& tokens_;
  std::size_t at_;
  std::vector<std::string>& variables_;
};

class Parser {
 public:
  explicit Parser(std::vector<GoPiece> pieces) : pieces_(std::move(pieces)) {}

  Parsed<GoTemplate> parse() {
    auto nodes = parse_nodes();
    if (!nodes) return tl::unexpected(std::move(nodes).error());
    if (at_ < pieces_.size()) {
      return refuse(pieces_[at_], "unexpected {{" + word() + "}}: no if, with, range, define or block is open here");
    }
    for (const auto& [name, line] : called_) {
      if (template_.defined.contains(name)) continue;
      return tl::unexpected(SyntaxError{line, "template \"" + name + "\" is not defined: expected a {{define}} of it"});
    }
    template_.nodes = *std::move(nodes);
    return std::move(template_);
  }

 private:
  using Node = GoNode::Kind;

  static tl::unexpected<SyntaxError> refuse(const GoPiece& piece, const std::string& why) {
    return tl::unexpected(SyntaxError{piece.line, why});
  }

  // The word that begins the action at hand; empty: none does.
  [[nodiscard]] std::string word() const {
    const GoPiece& piece = pieces_[at_];
    if (piece.is_text || piece.tokens.front().kind != TokenKind::kWord) return {};
    return piece.tokens.front().text;
  }

  // Up to an end, an else or the end of the file.
  Parsed<std::vector<GoNode>> parse_nodes() {
    std::vector<GoNode> nodes;
    const std::size_t known = variables_.size();
    for (; at_ < pieces_.size(); ++at_) {
      const std::string first = word();
      if (first == "end" || first == "else") break;
      auto node = parse_node(first);
      if (!node) return tl::unexpected(std::move(node).error());
      if (*node) nodes.push_back(**std::move(node));
    }
    variables_.resize(known);
    return nodes;
  }

  // One node, at_ being its last piece. nullopt: it leaves none.
  Parsed<std::optional<GoNode>> parse_node(const std::string& first) {
    const GoPiece& piece = pieces_[at_];
    if (piece.is_text) return GoNode{Node::kText, piece.line, piece.text};
    if (first == "if") return parse_control(Node::kIf, 1);
    if (first == "with") return parse_control(Node::kWith, 1);
    if (first == "range") return parse_control(Node::kRange, 1);
    if (first == "define") return parse_define(piece);
    if (first == "block") return parse_block(piece);
    if (first == "template") return parse_call(piece);
    if (first == "break" || first == "continue") return GoNode{Node::kJump, piece.line, first, source_of(piece)};
    auto pipe = PipelineParser(piece, 0, variables_).parse(false);
    if (!pipe) return tl::unexpected(std::move(pipe).error());
    GoNode node{Node::kAction, piece.line, "", *std::move(pipe)};
    node.own.begin = piece.own_line;
    return node;
  }

  static GoPipeline source_of(const GoPiece& piece) {
    GoPipeline pipe;
    pipe.line = piece.line;
    pipe.source = piece.text;
    return pipe;
  }

  // `skipped`: the tokens before the pipeline.
  Parsed<std::optional<GoNode>> parse_control(Node kind, std::size_t skipped) {
    const GoPiece& begin = pieces_[at_];
    const std::size_t known = variables_.size();
    auto pipe = PipelineParser(begin, skipped, variables_).parse(kind == Node::kRange);
    if (!pipe) return tl::unexpected(std::move(pipe).error());
    GoNode node{kind, begin.line, "", *std::move(pipe)};
    node.own.begin = begin.own_line;
    ++at_;
    auto body = parse_nodes();
    if (!body) return tl::unexpected(std::move(body).error());
    node.body = *std::move(body);
    if (at_ < pieces_.size() && word() == "else") {
      node.own.otherwise = pieces_[at_].own_line;
      if (auto wrong = parse_else(node)) return tl::unexpected(*wrong);
    }
    variables_.resize(known);
    if (at_ >= pieces_.size() || word() != "end") {
      if (at_ < pieces_.size()) return refuse(pieces_[at_], "a second {{else}}: expected {{end}}");
      return refuse(begin, "unclosed {{" + begin.text + "}}: expected {{end}} before the end of the file");
    }
    node.own.end = pieces_[at_].own_line;
    return node;
  }

  // {{else}} and {{else if ...}}: the latter shares its {{end}}.
  std::optional<SyntaxError> parse_else(GoNode& node) {
    const GoPiece& piece = pieces_[at_];
    if (piece.tokens.size() == 1) {
      ++at_;
      auto nodes = parse_nodes();
      if (!nodes) return std::move(nodes).error();
      node.otherwise = *std::move(nodes);
      return std::nullopt;
    }
    const std::string& second = piece.tokens[1].text;
    if (second != "if" && second != "with") return SyntaxError{piece.line, "unexpected " + second + " in {{else}}"};
    auto nested = parse_control(second == "if" ? Node::kIf : Node::kWith, 2);
    if (!nested) return std::move(nested).error();
    GoNode inner = **std::move(nested);
    inner.own.begin = node.own.otherwise;  // one line for both
    node.otherwise.push_back(std::move(inner));
    return std::nullopt;
  }

  Parsed<std::string> name_of(const GoPiece& piece) {
    if (piece.tokens.size() < 2 || piece.tokens[1].kind != TokenKind::kText) {
      return refuse(piece, "expected a name in quotes in {{" + piece.text + "}}");
    }
    return piece.tokens[1].text;
  }

  Parsed<std::optional<GoNode>> parse_define(const GoPiece& piece) {
    auto name = name_of(piece);
    if (!name) return tl::unexpected(std::move(name).error());
    // Nothing of what stands around it is known inside.
    std::vector<std::string> around = std::exchange(variables_, {});
    ++at_;
    auto body = parse_nodes();
    variables_ = std::move(around);
    if (!body) return tl::unexpected(std::move(body).error());
    if (at_ >= pieces_.size() || word() != "end") {
      return refuse(piece, "unclosed {{" + piece.text + "}}: expected {{end}} before the end of the file");
    }
    template_.defined[*name] = *std::move(body);
    return std::nullopt;
  }

  Parsed<std::optional<GoNode>> parse_call(const GoPiece& piece) {
    auto name = name_of(piece);
    if (!name) return tl::unexpected(std::move(name).error());
    GoNode node{Node::kTemplate, piece.line, *name, source_of(piece)};
    node.own.begin = piece.own_line;
    called_.emplace(*name, piece.line);
    if (piece.tokens.size() == 2) return node;
    auto pipe = PipelineParser(piece, 2, variables_).parse(false);
    if (!pipe) return tl::unexpected(std::move(pipe).error());
    node.pipe = *std::move(pipe);
    return node;
  }

  // Defined here, and called here.
  Parsed<std::optional<GoNode>> parse_block(const GoPiece& piece) {
    auto call = parse_call(piece);
    if (!call) return call;
    if ((*call)->pipe.commands.empty()) return refuse(piece, "expected a value in {{" + piece.text + "}}");
    if (auto defined = parse_define(piece); !defined) return defined;
    return call;
  }

  std::vector<GoPiece> pieces_;
  std::size_t at_ = 0;
  std::vector<std::string> variables_;
  std::map<std::string, int> called_;
  GoTemplate template_;
};

}  // namespace

tl::expected<GoTemplate, SyntaxError> parse_go_template(std::string_view text, const GoDelimiters& delimiters) {
  auto pieces = scan_go_template(text, delimiters);
  if (!pieces) return tl::unexpected(std::move(pieces).error());
  return Parser(*std::move(pieces)).parse();
}

}  // namespace chorale::agent
