// Which names a template may use where, and what they mean: the grammar of the context, as one table. Pure.
//
// Names are resolved when a template is compiled, so that a typing error shows when the file is written, not when the
// first app of some kind arrives. A name is looked up from the innermost section outwards, as Mustache does.
#pragma once

#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "render/error.h"
#include "render/template_filters.h"
#include "render/template_scanner.h"

namespace chorale::render {

enum class Field {
  kNone,  // text and section ends
  kRealm,
  kApps,  // at the top
  kId,
  kName,
  kPath,
  kHost,
  kHosts,
  kServers,
  kPorts,
  kLabel,
  kEnv,
  kHealthPath,
  kRetry,
  kStripPrefix,
  kKeepalive,
  kTimeout,
  kMaxBody,
  kAllow,
  kRestricted,
  kAuth,
  kRate,
  kIpHash,
  kStickyCookie,
  kHttpsRedirect,
  kHeaders,
  kHasHeaders,  // of an app
  kServerAddress,
  kServerHost,
  kServerPort,
  kTaskId,
  kVersion,
  kWeight,  // of a server
  kPortIndex,
  kPortName,
  kProtocol,
  kServicePort,
  kTcp,
  kUdp,
  kTcpPort,
  kUdpPort,
  kPortLabel,
  kPortHost,
  kPortHosts,
  kPortServers,  // of a port
  kHostItem,
  kHostWildcard,  // an item of hosts
  kPart,          // an item of a text that was split
  kAllowItem,     // an item of allow
  kHeaderName,
  kHeaderValue,  // of an item of headers
};

// How a value may stand in the text.
enum class Shape {
  kBare,     // allow-listed or a number: inserted as it is
  kText,     // from outside, usually plain: quoted unless plain
  kOpenMap,  // labels.* and env.*: any key, always quoted
  kQuoted,   // from outside, always quoted
  kFlag,     // only as a section
  kList,     // only as a section, once per item
};

struct CompiledToken {
  Token token;
  Field field = Field::kNone;
  Shape shape = Shape::kBare;
  std::string key;  // of an open map
  std::vector<Filter> filters{};
  std::size_t begin = 0;  // of a section's end: the index of its beginning
  std::size_t end = 0;    // of a section's beginning: the index of its end
  // Of a section: its tags are on lines of their own, so that each round writes whole lines.
  bool whole_lines = false;

  // Its text may hold any character, so it is rendered as one quoted parameter and must stand where one may stand.
  [[nodiscard]] bool may_be_quoted() const { return token.kind == TokenKind::kVariable && shape != Shape::kBare; }
};

// Refuses unknown names, unclosed or crossed sections, and a list inside itself.
[[nodiscard]] tl::expected<std::vector<CompiledToken>, Error> resolve_names(std::vector<Token> tokens,
                                                                            const std::string& file);

}  // namespace chorale::render
