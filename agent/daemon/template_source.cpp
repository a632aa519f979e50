#include "agent/daemon/template_source.h"

#include <sys/stat.h>

#include <chrono>
#include <utility>

#include "agent/base/text_file.h"
#include "coordination/digest.h"

namespace chorale::agent {
namespace {

constexpr std::chrono::milliseconds kLookInterval{1'000};

tl::expected<LoadedTemplate, Failure> read_template(const std::string& file, const render::TemplateOptions& options) {
  auto text = read_text_file(file);
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
    : worker_(loop, workers),
      file_(std::move(file)),
      options_(std::move(options)),
      changed_(std::move(changed)),
      timer_(loop) {}

TemplateSource::Stamp TemplateSource::stamp_of(const std::string& file) {
  struct stat facts {};
  if (::stat(file.c_str(), &facts) != 0) return {};
  return {facts.st_mtim.tv_sec * 1'000'000'000 + facts.st_mtim.tv_nsec, facts.st_size, facts.st_ino};
}

void TemplateSource::start() {
  const Stamp stamp = stamp_of(file_);
  (void)adopt(stamp, read_template(file_, options_));
  look_later();
}

void TemplateSource::look_later() {
  timer_.expires_after(kLookInterval);
  timer_.async_wait([this](const boost::system::error_code& error) {
    if (!error) look();
  });
}

void TemplateSource::look() {
  const Stamp stamp = stamp_of(file_);
  if (stamp == stamp_) {
    look_later();
    return;
  }
  worker_.run([file = file_, options = options_] { return read_template(file, options); },
              [this, stamp](auto loaded) {
                if (adopt(stamp, std::move(loaded))) changed_();
                look_later();
              });
}

// The same bytes written again say nothing new: a leader may be using the committed template instead.
bool TemplateSource::adopt(Stamp stamp, tl::expected<LoadedTemplate, Failure> loaded) {
  stamp_ = stamp;
  std::optional<Failure> trouble;
  if (!loaded) trouble = std::move(loaded.error());
  const bool other = loaded && (!current_ || current_->digest != loaded->digest);
  if (trouble == trouble_ && !other) return false;
  trouble_ = std::move(trouble);
  if (other) current_ = std::move(*loaded);
  return true;
}

}  // namespace chorale::agent
