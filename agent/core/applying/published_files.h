// The files of a revision by name, and which of them is this agent's nginx.conf. Pure.
//
// While a template is tried on some agents alone (the canaries), a revision holds two configurations: "nginx.conf", and
// "canary.conf" for those whose ids stand in "canaries", one a line. Agents that know nothing of this take
// "nginx.conf".
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "coordination/chunks.h"

namespace chorale::agent {

inline constexpr std::string_view kConfigName = "nginx.conf";
inline constexpr std::string_view kTemplateName = "template";
inline constexpr std::string_view kCanaryTemplateName = "canary.template";
inline constexpr std::string_view kCanariesName = "canaries";

// The text of "canaries".
[[nodiscard]] std::string canary_lines(const std::vector<std::string>& agents);

// `config`: what they get in the place of nginx.conf, made of the template `text`.
void add_canary(std::vector<coordination::PublishedFile>& files, coordination::PublishedFile config,
                const std::string& text, const std::vector<std::string>& agents);
// Those in "canaries"; none where there is no such file.
[[nodiscard]] std::vector<std::string> canaries_in(const std::vector<coordination::PublishedFile>& files);
// As this agent has to see them: its configuration is called nginx.conf.
[[nodiscard]] std::vector<coordination::PublishedFile> files_for(const std::string& agent,
                                                                 std::vector<coordination::PublishedFile> files);

}  // namespace chorale::agent
