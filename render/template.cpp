#include "render/template.h"

#include <algorithm>
#include <charconv>
#include <kainjow/mustache.hpp>
#include <map>
#include <optional>

#include "render/merged_apps.h"
#include "render/quote_check.h"
#include "render/source_map.h"
#include "render/template_grammar.h"
#include "render/template_scanner.h"
#include "render/template_values.h"

namespace chorale::render {

namespace mustache = kainjow::mustache;

struct Template::Compiled {
  std::string text;
  std::string file;
  std::vector<CompiledToken> tokens;
  std::optional<ServicePortRange> service_ports;  // nullopt: no name needs them
  std::string merge_label;
  mustache::mustache engine;
};

namespace {

// Mustache gets a template of our own making: the same text and sections, but every name is the index of its token, and
// the delimiters are control characters, which scan_template refuses in a template. So literal braces are only text,
// and a name costs no look-up.
std::string engine_source(const std::vector<CompiledToken>& tokens) {
  std::string source = "{{=\x01 \x02=}}";
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    const auto add_tag = [&](std::string_view sigil, std::size_t index) {
      source += '\x01';
      source += sigil;
      source += std::to_string(index);
      source += '\x02';
    };
    switch (tokens[i].token.kind) {
      case TokenKind::kText:
        source += tokens[i].token.text;
        break;
      case TokenKind::kVariable:
      case TokenKind::kRawVariable:
        add_tag("", i);
        break;
      case TokenKind::kSection:
        add_tag("#", i);
        break;
      case TokenKind::kInvertedSection:
        add_tag("^", i);
        break;
      case TokenKind::kSectionEnd:
        add_tag("/", tokens[i].begin);
        break;
    }
  }
  return source;
}

// Records which app writes which lines. Mustache hands its output over line by line, so that the text's size is a line
// start whenever an app begins.
class SectionRecorder {
 public:
  explicit SectionRecorder(Rendered& rendered) : rendered_(rendered) {}

  void begin(const std::string& app) {
    std::vector<TextSection>& sections = rendered_.sections;
    // What began here before has written nothing.
    if (!sections.empty() && sections.back().offset == rendered_.text.size()) sections.pop_back();
    const std::string& current = sections.empty() ? kNoApp : sections.back().app;
    if (app != current) sections.push_back({rendered_.text.size(), app});
  }
  void end() { begin(kNoApp); }

 private:
  inline static const std::string kNoApp;
  Rendered& rendered_;
};

// Answers Mustache's questions straight from the routing state: a tree of its own data for 10,000 apps would take ten
// times as long as the rendering.
class StateContext : public mustache::basic_context<std::string> {
 public:
  // `map`: where given, it learns which token wrote where.
  StateContext(const std::vector<CompiledToken>& tokens, const std::optional<ServicePortRange>& service_ports,
               const RoutingState& state, Rendered& rendered, SourceMap* map = nullptr)
      : tokens_(tokens), state_(state), rendered_(rendered), sections_(rendered), map_(map) {
    if (service_ports) service_ports_ = ServicePorts(state, *service_ports);
    root_.service_ports = &service_ports_;
  }

  [[nodiscard]] const std::optional<Error>& error() const { return error_; }

  const mustache::data* get(const std::string& name) const override {
    std::size_t index = tokens_.size();
    std::from_chars(name.data(), name.data() + name.size(), index);
    if (index >= tokens_.size()) {
      fail({"", 0, "unknown name in the compiled template"});
      return nullptr;
    }
    const CompiledToken& token = tokens_[index];
    switch (token.token.kind) {
      case TokenKind::kVariable:
      case TokenKind::kRawVariable:
        note(index);
        return variable(token);
      case TokenKind::kSection:
      case TokenKind::kInvertedSection: {
        const bool is_inverted = token.token.kind == TokenKind::kInvertedSection;
        const mustache::data* const value = section(token);
        note((value == &no_) == is_inverted ? index : token.end);
        if (is_inverted) return value == &no_ ? nullptr : &yes_;  // null: rendered, no push
        asked_ = index;
        return value;
      }
      case TokenKind::kText:
      case TokenKind::kSectionEnd:
        break;
    }
    fail({"", token.token.line, "a token that is no name in the compiled template"});
    return nullptr;
  }

  // Mustache asks for a section's value once, then pushes and pops once for each item: the first push follows the
  // question, each further one follows the pop of the item before, which forgets what was asked meanwhile.
  void push(const mustache::data* /*item*/) override {
    const Frame& outer = open_.empty() ? root_ : open_.back().frame;
    Open next{asked_ ? *asked_ : closed_.token, asked_ ? 0 : closed_.item + 1, outer};
    const CompiledToken& token = tokens_[next.token];
    if (token.shape == Shape::kList) next.frame = list_item(token, state_, outer, next.item);
    if (token.field == Field::kApps && token.whole_lines) sections_.begin(next.frame.app->id);
    note(next.token);
    open_.push_back(next);
  }

  void pop() override {
    asked_.reset();
    closed_ = open_.back();
    open_.pop_back();
    const CompiledToken& token = tokens_[closed_.token];
    note(token.end);
    if (token.field == Field::kApps && token.whole_lines && closed_.item + 1 == state_.apps.size()) sections_.end();
  }

  const mustache::data* get_partial(const std::string& /*name*/) const override { return nullptr; }

 private:
  struct Open {
    std::size_t token = 0;  // the section's beginning
    std::size_t item = 0;
    Frame frame;
  };

  void note(std::size_t token) const {
    if (map_ != nullptr) map_->note(rendered_.text.size(), tokens_[token]);
  }

  const Frame& frame() const { return open_.empty() ? root_ : open_.back().frame; }

  const mustache::data* variable(const CompiledToken& token) const {
    tl::expected<std::string, Error> text = text_of(token, state_, frame());
    if (!text) {
      fail(std::move(text).error());
      return nullptr;
    }
    value_ = mustache::data(*text);
    return &value_;
  }

  const mustache::data* section(const CompiledToken& token) const {
    if (token.shape != Shape::kList) return is_true(token, state_, frame()) ? &yes_ : &no_;
    const std::size_t size = list_size(token, state_, frame());
    return size == 0 ? &no_ : &list_of(size);
  }

  // Only the number of items matters to Mustache.
  const mustache::data& list_of(std::size_t size) const {
    auto found = lists_.find(size);
    if (found == lists_.end()) {
      found = lists_.emplace(size, mustache::data(mustache::list(size))).first;
    }
    return found->second;
  }

  void fail(Error error) const {
    if (!error_) error_ = std::move(error);
  }

  const std::vector<CompiledToken>& tokens_;
  const RoutingState& state_;
  const Rendered& rendered_;
  SectionRecorder sections_;
  SourceMap* map_;
  ServicePorts service_ports_;
  Frame root_;
  std::vector<Open> open_;
  Open closed_;
  // get() is const in the library's interface, though it is here that a context works.
  mutable std::optional<std::size_t> asked_;
  mutable mustache::data value_;
  mutable std::map<std::size_t, mustache::data> lists_;
  mutable std::optional<Error> error_;
  const mustache::data yes_{true};
  const mustache::data no_{false};
};

// What Mustache writes to, line by line.
struct TextSink {
  std::string& text;
  TextSink& operator<<(const std::string& part) {
    text += part;
    return *this;
  }
};

// What a template sees of a state. Without a label to merge by nothing is copied.
class Shown {
 public:
  Shown(const RoutingState& state, const std::string& merge_label) : state_(state) {
    if (!merge_label.empty()) merged_ = merged_by_label(state, merge_label);
  }
  [[nodiscard]] const RoutingState& state() const { return merged_ ? *merged_ : state_; }

 private:
  const RoutingState& state_;
  std::optional<RoutingState> merged_;
};

}  // namespace

Template::Template(std::shared_ptr<const Compiled> compiled) : compiled_(std::move(compiled)) {}

tl::expected<Template, Error> Template::compile(std::string text, std::string file, const TemplateOptions& options) {
  if (text.find_first_not_of(" \t\r\n") == std::string::npos) return tl::unexpected(Error{file, 0, "is empty"});
  tl::expected<std::vector<Token>, Error> scanned = scan_template(text, file, options.delimiters);
  if (!scanned) return tl::unexpected(std::move(scanned).error());
  tl::expected<std::vector<CompiledToken>, Error> tokens = resolve_names(*std::move(scanned), file);
  if (!tokens) return tl::unexpected(std::move(tokens).error());
  if (const std::optional<Error> unsafe = find_unsafe_tag(*tokens, file)) return tl::unexpected(*unsafe);

  const auto service_ports = service_port_range(text, options.delimiters.left);
  mustache::mustache engine(engine_source(*tokens));
  engine.set_custom_escape([](const std::string& value) { return value; });  // its default is for HTML
  if (!engine.is_valid()) return tl::unexpected(Error{file, 0, engine.error_message()});
  return Template(std::make_shared<const Compiled>(Compiled{std::move(text), std::move(file), *std::move(tokens),
                                                            service_ports, options.merge_label, std::move(engine)}));
}

tl::expected<Rendered, Error> Template::render(const RoutingState& apart) const {
  const Shown shown(apart, compiled_->merge_label);
  const RoutingState& state = shown.state();
  Rendered rendered;
  StateContext context(compiled_->tokens, compiled_->service_ports, state, rendered);
  mustache::mustache engine = compiled_->engine;  // rendering is not const in the library; a copy is small
  TextSink sink{rendered.text};
  engine.render(context, sink);
  if (context.error()) {
    return tl::unexpected(Error{compiled_->file, context.error()->line, context.error()->message});
  }
  if (!engine.is_valid()) return tl::unexpected(Error{compiled_->file, 0, engine.error_message()});
  if (rendered.text.find_first_not_of(" \t\r\n") == std::string::npos) {
    return tl::unexpected(Error{compiled_->file, 0, "renders to nothing"});
  }
  return rendered;
}

int Template::line_of(const RoutingState& apart, int rendered_line) const {
  const Shown shown(apart, compiled_->merge_label);
  const RoutingState& state = shown.state();
  Rendered rendered;
  SourceMap map(compiled_->tokens);
  StateContext context(compiled_->tokens, compiled_->service_ports, state, rendered, &map);
  mustache::mustache engine = compiled_->engine;
  TextSink sink{rendered.text};
  engine.render(context, sink);
  return context.error() ? 0 : map.line_of(rendered.text, rendered_line);
}

const std::string& Template::text() const { return compiled_->text; }

const std::string& Template::file() const { return compiled_->file; }

std::vector<std::string> Template::raw_tags() const {
  std::vector<std::string> tags;
  for (const CompiledToken& compiled : compiled_->tokens) {
    if (compiled.token.kind != TokenKind::kRawVariable) continue;
    tags.push_back("line " + std::to_string(compiled.token.line) + ": " + compiled.token.spelling);
  }
  return tags;
}

std::string app_at_line(const Rendered& rendered, int line) {
  const std::optional<std::size_t> begin = line_begin(rendered.text, line);
  if (!begin) return "";
  const std::size_t offset = *begin;
  const auto after = std::upper_bound(rendered.sections.begin(), rendered.sections.end(), offset,
                                      [](std::size_t at, const TextSection& section) { return at < section.offset; });
  return after == rendered.sections.begin() ? "" : std::prev(after)->app;
}

}  // namespace chorale::render
