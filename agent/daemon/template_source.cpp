#include "agent/daemon/template_source.h"

#include <utility>

#include "agent/base/text_file.h"
#include "coordination/digest.h"

namespace chorale::agent {
namespace {

tl::expected<LoadedTemplate, Failure> compiled(WatchedFile::Text text, const std::string& file,
                                               const render::TemplateOptions& options) {
  if (!text) return tl::unexpected(std::move(text.error()));
  return compile_template(std::move(*text), file, options);
}

}  // namespace

tl::expected<LoadedTemplate, Failure> compile_template(std::string text, const std::string& name,
                                                       const render::TemplateOptions& options) {
  std::string digest = coordination::sha256_hex(text);
  auto compiled = render::Template::compile(std::move(text), name, options);
  if (!compiled) return tl::unexpected(Failure{compiled.error().text()});
  return LoadedTemplate{std::move(*compiled), std::move(digest)};
}

TemplateSource::TemplateSource(boost::asio::io_context& loop, boost::asio::thread_pool& workers, std::string file,
                               render::TemplateOptions options, std::function<void()> changed)
    : loop_(loop),
      workers_(workers),
      worker_(loop, workers),
      file_(std::move(file)),
      options_(std::move(options)),
      changed_(std::move(changed)) {}

void TemplateSource::start() {
  watched_.emplace(loop_, workers_, file_, kMaxTextFileBytes, [this](const auto& text) { compile(text); });
  (void)adopt(compiled(watched_->text(), file_, options_));
}

void TemplateSource::compile(const WatchedFile::Text& text) {
  worker_.run([text, file = file_, options = options_] { return compiled(text, file, options); },
              [this, number = ++content_](auto loaded) {
                if (number == content_ && adopt(std::move(loaded))) changed_();
              });
}

// The same bytes written again say nothing new: a leader may be using the committed template instead.
bool TemplateSource::adopt(tl::expected<LoadedTemplate, Failure> loaded) {
  std::optional<Failure> trouble;
  if (!loaded) trouble = std::move(loaded.error());
  const bool other = loaded && (!current_ || current_->digest != loaded->digest);
  if (trouble == trouble_ && !other) return false;
  trouble_ = std::move(trouble);
  if (other) current_ = std::move(*loaded);
  return true;
}

}  // namespace chorale::agent
