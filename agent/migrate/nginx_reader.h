// Where in an Nginx config a text has got to: between parameters, in a word, in quotes, in a comment. Pure.
#pragma once

#include <string_view>

namespace chorale::agent {

enum class NginxPlace { kGap, kWord, kDouble, kSingle, kComment };

class NginxReader {
 public:
  [[nodiscard]] NginxPlace place() const { return place_; }
  void set_place(NginxPlace place) { place_ = place; }
  [[nodiscard]] bool in_quotes() const { return place_ == NginxPlace::kDouble || place_ == NginxPlace::kSingle; }
  // A directive may begin here: what stands before has ended.
  [[nodiscard]] bool begins_directive() const { return !in_directive_; }

  void read(std::string_view text) {
    for (const char c : text) read(c);
  }
  // A tag's value: part of a word, or a word.
  void read_value() {
    if (place_ == NginxPlace::kGap) place_ = NginxPlace::kWord;
    if (place_ != NginxPlace::kComment) in_directive_ = true;
    previous_ = 'x';
  }

 private:
  void read(char c) {
    const bool is_escaped = previous_ == '\\';
    const char previous = previous_;
    previous_ = is_escaped ? 'x' : c;
    if (place_ == NginxPlace::kComment) {
      if (c == '\n') place_ = NginxPlace::kGap;
    } else if (in_quotes()) {
      if (c == (place_ == NginxPlace::kDouble ? '"' : '\'') && !is_escaped) place_ = NginxPlace::kWord;
    } else if (place_ == NginxPlace::kWord) {
      // "${name}" is a variable and "@{name}" a local value: neither opens a block.
      const bool opens = c == '{' && previous != '$' && previous != '@';
      if (!is_escaped && (is_blank(c) || c == ';' || opens)) end_word(c);
    } else {
      read_in_gap(c);
    }
  }

  void read_in_gap(char c) {
    if (is_blank(c)) return;
    if (c == ';' || c == '{' || c == '}') return end_word(c);
    if (c == '#') {
      place_ = NginxPlace::kComment;
      return;
    }
    in_directive_ = true;
    place_ = c == '"' ? NginxPlace::kDouble : (c == '\'' ? NginxPlace::kSingle : NginxPlace::kWord);
  }

  void end_word(char c) {
    place_ = NginxPlace::kGap;
    if (!is_blank(c)) in_directive_ = false;
  }

  static bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

  NginxPlace place_ = NginxPlace::kGap;
  bool in_directive_ = false;
  char previous_ = '\n';
};

}  // namespace chorale::agent
