// Writes templates/NAME-conf.d.mustache from templates/NAME.mustache; --check compares instead.
//
// A template for conf.d is a guest in the `http` or `stream` block of somebody else. What only that block may say is
// left out, what holds for Chorale's servers is said in each of them, and the rest stays as it is: one text for both
// forms.
#include <algorithm>
#include <array>
#include <iostream>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "packaging/generated_file.h"

namespace chorale {
namespace {

using Lines = std::vector<std::string>;

struct Form {
  std::string_view name;
  std::string_view block;  // what the file is included in
  bool by_host;
  std::string_view head;  // after the first two lines
};

constexpr std::string_view kInHttp = R"(
# One file for the http block of a nginx.conf of your own, which includes it (nginx_config =
# "/etc/nginx/conf.d/chorale.conf"). What holds for all of Nginx is said there: user, workers, worker_shutdown_timeout,
# server_names_hash_bucket_size. What holds for these apps is said here, in servers of their own.
)";
constexpr std::string_view kByPath = R"(#
# Where other servers listen on the same port, one of them gets what no server_name claims. [local] makes it this one:
#   listen_options = "default_server"
)";
constexpr std::string_view kByHost = R"(#
# Other servers may listen on the same ports: each host goes to the server that names it, what no server names to the
# default server of that port, which is yours to choose.
)";
constexpr const char* kAgents = "# For the agent, and for checks by this name. No app has it.";
constexpr std::string_view kInStream = R"(
# One file for the stream block of a nginx.conf of your own, which includes it (nginx_config =
# "/etc/nginx/stream.d/chorale.conf") and loads the stream module where that is a package of its own. What holds for all
# of Nginx is said there: user, workers, worker_shutdown_timeout. There is no page to ask which file a worker serves: a
# reload is proven by the set of workers.
)";
constexpr std::array kForms{
    Form{"path", "http", false, kByPath},
    Form{"vhost", "http", true, kByHost},
    Form{"full", "http", true, kByHost},
    Form{"stream", "stream", false, ""},
};

// Of the whole http block, and so the host's to say.
constexpr std::array<std::string_view, 7> kHosts{"default_type",
                                                 "server_tokens",
                                                 "sendfile",
                                                 "tcp_nopush",
                                                 "keepalive_timeout",
                                                 "server_names_hash_max_size",
                                                 "server_names_hash_bucket_size"};
// Known in the whole block by a name; all else is said in each server.
constexpr std::array<std::string_view, 5> kNamed{"log_format", "map", "upstream", "limit_req_zone", "server"};

template <std::size_t kSize>
bool is_among(std::string_view word, const std::array<std::string_view, kSize>& words) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

Lines lines_of(std::string_view text) {
  Lines lines;
  std::istringstream in{std::string(text)};
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

std::string_view words_of(std::string_view line) {
  return line.substr(std::min(line.find_first_not_of(' '), line.size()));
}
bool is_comment(std::string_view line) { return words_of(line).starts_with('#'); }
bool is_tag(std::string_view line) { return line.starts_with("{{"); }

std::string indented(const std::string& line, std::size_t columns) {
  return line.empty() || is_tag(line) ? line : std::string(columns, ' ') + line;
}

// One directive of the block with the comments above it, or a line of tags.
struct Item {
  bool apart = false;  // behind a blank line
  Lines comments;
  Lines body;

  [[nodiscard]] std::string_view name() const {
    const std::string_view first = body.front();
    return first.substr(0, first.find(' '));
  }
};

// The lines within `block {` and its `}`, four columns to the left.
Lines within(const Lines& lines, std::string_view block) {
  auto begin = std::find(lines.begin(), lines.end(), std::string(block) + " {");
  if (begin == lines.end()) return {};
  Lines inside;
  for (const auto end = std::find(begin, lines.end(), "}"); ++begin != end;) {
    inside.push_back(begin->starts_with("    ") ? begin->substr(4) : *begin);
  }
  return inside;
}

std::vector<Item> items_of(const Lines& lines) {
  std::vector<Item> items;
  Item next;
  for (auto line = lines.begin(); line != lines.end(); ++line) {
    if (line->empty()) {
      next.apart = true;
      continue;
    }
    if (is_comment(*line)) {
      next.comments.push_back(*line);
      continue;
    }
    const bool is_block = line->ends_with('{');
    next.body.push_back(*line);
    const bool is_whole = is_tag(*line) || line->starts_with("@{");
    const auto ended = [&] { return is_block ? *line == "}" : line->ends_with(';'); };
    while (!is_whole && !ended() && std::next(line) != lines.end()) next.body.push_back(*++line);
    items.push_back(std::exchange(next, {}));
  }
  return items;
}

void write(const Item& item, std::size_t columns, bool comments, Lines& to) {
  if (item.apart && comments && !to.empty() && !to.back().empty()) to.emplace_back();
  if (comments) {
    for (const std::string& line : item.comments) to.push_back(indented(line, columns));
  }
  for (const std::string& line : item.body) to.push_back(indented(line, columns));
}

// A server with what its block said for all of them, behind its addresses and names.
Item guest(const Item& server, const std::vector<Item>& shared, const Form& form, bool first) {
  Item result{server.apart, server.comments, {}};
  if (first && form.by_host) result.comments = {kAgents};
  bool said = false;
  for (std::string line : server.body) {
    const std::string_view word = words_of(line);
    const bool is_address = word.starts_with("listen ") || word.starts_with("@{ipv6}listen ");
    if (!said && !is_tag(line) && !is_address && !word.starts_with("server_name ") && !word.starts_with("server {")) {
      for (const Item& item : shared) write(item, 4, first, result.body);
      if (first) result.body.emplace_back();
      said = true;
    }
    if (const auto at = line.find(" default_server"); is_address && at != std::string::npos) {
      line.erase(at, std::string_view(" default_server").size());
    }
    // By this name the agent reaches the page, whatever the default server is.
    if (form.by_host && word == "server_name _;") line = "    server_name proof.chorale.invalid;";
    result.body.push_back(line);
  }
  return result;
}

std::string conf_d(const Form& form, const std::string& whole) {
  const Lines lines = lines_of(whole);
  std::vector<Item> stays;
  std::vector<Item> shared;
  for (Item& item : items_of(within(lines, form.block))) {
    if (is_among(item.name(), kHosts)) continue;
    (is_tag(item.body.front()) || is_among(item.name(), kNamed) ? stays : shared).push_back(std::move(item));
  }
  Lines out(lines.begin(), std::find_if(lines.begin(), lines.end(), [](const auto& line) { return line.empty(); }));
  for (std::string_view head : {form.block == "http" ? kInHttp : kInStream, form.head}) {
    for (const std::string& line : lines_of(head)) out.push_back(line);
  }
  out.emplace_back();
  bool first = true;
  for (const Item& item : stays) {
    const bool is_server = item.name() == "server";
    write(is_server ? guest(item, shared, form, std::exchange(first, false)) : item, 0, true, out);
  }
  std::string text;
  for (const std::string& line : out) text += line + "\n";
  return text;
}

constexpr GeneratedFile kKind{"the whole template", "write_conf_d_templates"};

}  // namespace
}  // namespace chorale

int main(int argc, char** argv) {
  const bool check = argc == 3 && std::string_view(argv[1]) == "--check";
  if (argc != (check ? 3 : 2)) {
    std::cerr << "usage: conf_d_templates [--check] TEMPLATES_DIRECTORY\n";
    return 2;
  }
  bool settled = true;
  for (const chorale::Form& form : chorale::kForms) {
    const std::string file = std::string(argv[argc - 1]) + "/" + std::string(form.name);
    const auto whole = chorale::read_file(file + ".mustache");
    if (!whole) std::cerr << file << ".mustache: cannot be read\n";
    settled = whole &&
              chorale::settle(chorale::kKind, file + "-conf.d.mustache", chorale::conf_d(form, *whole), check) &&
              settled;
  }
  return settled ? 0 : 1;
}
