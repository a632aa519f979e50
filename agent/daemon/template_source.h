// The template of this host, compiled anew when the content of its file changes. Loop thread only; reads and compiles
// on the worker pool.
//
// A template that cannot be read or compiled never replaces one that could: the last good one stays in use and
// `trouble` says why.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/thread_pool.hpp>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <tl/expected.hpp>

#include "agent/base/types.h"
#include "agent/base/watched_file.h"
#include "agent/base/worker.h"
#include "render/template.h"

namespace chorale::agent {

struct LoadedTemplate {
  render::Template compiled;
  std::string digest;  // sha-256 of its text
};

// The error names `name` and line.
[[nodiscard]] tl::expected<LoadedTemplate, Failure> compile_template(std::string text, const std::string& name,
                                                                     const render::TemplateOptions& options);

class TemplateSource {
 public:
  // `changed` is called after every new content that gave another good template, or another trouble.
  TemplateSource(boost::asio::io_context& loop, boost::asio::thread_pool& workers, std::string file,
                 render::TemplateOptions options, std::function<void()> changed);
  TemplateSource(const TemplateSource&) = delete;
  TemplateSource& operator=(const TemplateSource&) = delete;

  // Blocking first read; before the loop runs.
  void start();

  [[nodiscard]] const std::optional<LoadedTemplate>& current() const { return current_; }
  // Why the file as it is now cannot be used. Without one there is a current().
  [[nodiscard]] const std::optional<Failure>& trouble() const { return trouble_; }
  [[nodiscard]] const std::string& file() const { return file_; }
  [[nodiscard]] const render::TemplateOptions& options() const { return options_; }

 private:
  void compile(const WatchedFile::Text& text);
  // Whether there is anything new.
  bool adopt(tl::expected<LoadedTemplate, Failure> loaded);

  boost::asio::io_context& loop_;
  boost::asio::thread_pool& workers_;
  Worker worker_;
  std::string file_;
  render::TemplateOptions options_;
  std::function<void()> changed_;
  std::uint64_t content_ = 0;  // the number of the last one: what an older one gave is dropped
  std::optional<WatchedFile> watched_;
  std::optional<LoadedTemplate> current_;
  std::optional<Failure> trouble_;
};

}  // namespace chorale::agent
