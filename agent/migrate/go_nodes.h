// A Go text/template as nodes, in the words of Go's own documentation: actions hold pipelines, pipelines are commands,
// a command is an operand or a function with its arguments.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace chorale::agent {

struct GoPipeline;

struct GoOperand {
  enum class Kind { kDot, kVariable, kText, kNumber, kTruth, kNil, kFunction, kPipeline };
  Kind kind = Kind::kDot;
  std::string text;                            // the variable with its '$', the text, the number, "true", the name
  std::vector<std::string> fields;             // .Labels.team of it
  std::shared_ptr<const GoPipeline> pipeline;  // in parentheses
};

struct GoCommand {
  std::vector<GoOperand> operands;  // at least one; the arguments of the first, if that is a function
};

struct GoPipeline {
  std::vector<std::string> variables;  // declared or assigned; of a range, the last is the item
  bool assigns = false;                // "=" rather than ":="
  std::vector<GoCommand> commands;     // the result of one is the last argument of the next; may be empty
  int line = 0;                        // 1-based
  std::string source;                  // as written, on one line, without delimiters
};

// Is a tag on a line that holds nothing but such tags and blanks? Then the line is the tag's, and is no output.
struct GoOwnLines {
  bool begin = false;
  bool otherwise = false;
  bool end = false;
};

struct GoNode {
  enum class Kind { kText, kAction, kIf, kWith, kRange, kTemplate, kJump };
  Kind kind = Kind::kText;
  int line = 0;       // 1-based, where it begins
  std::string text;   // of kText; of a template, its name; of a jump, "break" or "continue"
  GoPipeline pipe{};  // empty where a template is given no argument
  std::vector<GoNode> body{};
  std::vector<GoNode> otherwise{};
  GoOwnLines own{};
};

struct GoTemplate {
  std::vector<GoNode> nodes;
  std::map<std::string, std::vector<GoNode>> defined;  // by {{define}} and {{block}}
};

}  // namespace chorale::agent
