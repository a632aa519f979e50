#include "agent/marathon/apps_parser.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "agent/base/one_line.h"
#include "agent/marathon/apps_reader.h"
#include "agent/marathon/event_reader.h"

namespace chorale::agent {
namespace {

using nlohmann::json;

// Runs `reader` over the text. The SAX parser reports its errors to the reader; what may still be thrown is bad_alloc.
template <class Reader>
std::optional<Failure> read(std::string_view text, Reader& reader) {
  try {
    if (!json::sax_parse(text.data(), text.data() + text.size(), &reader) && !reader.failure) {
      reader.failure = Failure{"the JSON could not be read"};
    }
  } catch (const std::exception&) {
    return Failure{"out of memory after " + std::to_string(text.size()) + " bytes of JSON"};
  }
  return std::move(reader.failure);
}

tl::expected<MarathonApps, Failure> readable(MarathonApps apps, const char* kind) {
  const auto is_readable = [](const auto& app) { return !app.second.unreadable; };
  if (!apps.empty() && std::none_of(apps.begin(), apps.end(), is_readable)) {
    // Not one bad app: another answer than we understand, which must not count as a list.
    const MarathonApp& first = apps.begin()->second;
    return tl::unexpected(Failure{"none of its " + std::to_string(apps.size()) + " " + kind + " can be read, first " +
                                  one_line(first.id) + ": " + *first.unreadable});
  }
  return apps;
}

}  // namespace

tl::expected<MarathonApps, Failure> parse_apps(std::string_view body) {
  AppsReader reader(body.size());
  if (auto failure = read(body, reader)) {
    return tl::unexpected(std::move(*failure));
  }
  if (!reader.has_apps) {
    return tl::unexpected(Failure{"no \"apps\" in it: this is not an answer of Marathon's /v2/apps"});
  }
  return readable(std::move(reader.apps), "apps");
}

tl::expected<MarathonApp, Failure> parse_app(std::string_view body) {
  AppsReader reader(body.size());
  if (auto failure = read(body, reader)) {
    return tl::unexpected(std::move(*failure));
  }
  if (!reader.single) {
    return tl::unexpected(Failure{"no \"app\" in it: this is not an answer of Marathon's /v2/apps/{id}"});
  }
  return *std::move(reader.single);
}

tl::expected<MarathonApps, Failure> parse_pods(std::string_view body) {
  AppsReader reader(body.size(), Node::kPods);
  if (auto failure = read(body, reader)) {
    return tl::unexpected(std::move(*failure));
  }
  return readable(std::move(reader.apps), "pods");
}

tl::expected<MarathonApp, Failure> parse_pod(std::string_view body) {
  AppsReader reader(body.size(), Node::kPod);
  if (auto failure = read(body, reader)) {
    return tl::unexpected(std::move(*failure));
  }
  return *std::move(reader.single);
}

tl::expected<MarathonEvent, Failure> parse_event(std::string_view data) {
  EventReader reader(data.size());
  if (auto failure = read(data, reader)) {
    return tl::unexpected(std::move(*failure));
  }
  return std::move(reader).event();
}

}  // namespace chorale::agent
