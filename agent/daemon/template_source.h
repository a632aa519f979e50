// The template of this host, re-read when its file changes. Loop thread only; reads on the worker pool.
//
// A template that cannot be read or compiled never replaces one that could: the last good one stays in use and
// `trouble` says why.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <tl/expected.hpp>

#include "agent/base/types.h"
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
  // `changed` is called after every re-read that gave another good template, or another trouble.
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
  // What tells one version of the file from another without reading it.
  struct Stamp {
    std::int64_t modified_ns = -1;
    std::int64_t size = -1;
    std::uint64_t inode = 0;
    bool operator==(const Stamp&) const = default;
  };
  static Stamp stamp_of(const std::string& file);
  void look_later();
  void look();
  // Whether there is anything new.
  bool adopt(Stamp stamp, tl::expected<LoadedTemplate, Failure> loaded);

  Worker worker_;
  std::string file_;
  render::TemplateOptions options_;
  std::function<void()> changed_;
  boost::asio::steady_timer timer_;
  Stamp stamp_;
  std::optional<LoadedTemplate> current_;
  std::optional<Failure> trouble_;
};

}  // namespace chorale::agent
