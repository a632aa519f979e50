// nixy.toml as values, and as a chorale.toml. Pure.
//
// No message holds a value of `user`, `pass` or a URL: they may be secrets.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "agent/base/types.h"
#include "agent/migrate/evaluator.h"
#include "agent/migrate/finding.h"

namespace chorale::agent {

// As Nixy reads it; where a key is not set, what Nixy takes then.
struct NixyToml {
  std::string file;
  std::optional<std::string> port;
  std::optional<std::string> xproxy;
  std::vector<std::string> marathon;
  std::string user;
  std::string pass;
  std::optional<std::string> realm;
  std::string nginx_config;
  std::string nginx_template;
  std::string nginx_cmd;
  bool nginx_ignore_check = false;
  GoDelimiters delimiters;
  std::optional<std::string> statsd_address;
  std::optional<std::string> statsd_namespace;
  std::optional<std::int64_t> statsd_sample_rate;
  std::map<std::string, int> lines;  // of the keys that are set
  std::vector<Finding> findings;     // keys that are not Nixy's

  // What a template may read of it.
  [[nodiscard]] NixyFacts facts() const;
  // Nothing of it must be read by others.
  [[nodiscard]] bool holds_secret() const;
};

// The failure lists all errors, one a line, with file, line and what was expected: Nixy would not start with them.
[[nodiscard]] tl::expected<NixyToml, Failure> read_nixy_toml(std::string_view text, const std::string& file);

// What stands beside the new file.
struct NewPlace {
  std::string nixy_directory;                      // absolute: what relative paths of nixy.toml are taken from
  std::string nginx_template;                      // absolute; empty: no template was translated
  GoDelimiters delimiters;                         // of that
  TemplateNeeds needs;                             // of that
  std::map<std::string, std::string> environment;  // for what the template asked its environment
};

struct ChoraleToml {
  std::string text;
  std::vector<Finding> findings;  // lines are nixy.toml's
};
// Ensures: parse_config accepts the text, on a host with a name that can be an id.
[[nodiscard]] ChoraleToml chorale_toml(const NixyToml& nixy, const NewPlace& place);

}  // namespace chorale::agent
