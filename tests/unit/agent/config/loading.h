// A text that has to load as chorale.toml, or has to be refused.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "agent/config/config.h"

namespace chorale::agent {

using Environment = std::map<std::string, std::string>;

inline LoadedConfig accepted(const std::string& text, const Environment& environment = {},
                             const std::string& host = "proxy-1") {
  auto loaded = parse_config(text, "test.toml", {host, environment});
  EXPECT_TRUE(loaded) << text << (loaded ? "" : loaded.error().message);
  return loaded ? std::move(*loaded) : LoadedConfig{};
}

// Why it is refused.
inline std::string refused(const std::string& text, const Environment& environment = {},
                           const std::string& host = "proxy-1") {
  const auto loaded = parse_config(text, "test.toml", {host, environment});
  EXPECT_FALSE(loaded) << text;
  return loaded ? "" : loaded.error().message;
}

inline std::vector<std::string> warned(const LoadedConfig& loaded) {
  std::vector<std::string> texts;
  for (const ConfigWarning& warning : loaded.warnings) texts.push_back(warning.text());
  return texts;
}

}  // namespace chorale::agent
