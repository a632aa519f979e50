// What a template's names mean while it is rendered: the sections that are open, and the values in them. Pure.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <utility>
#include <vector>

#include "render/routing_state.h"
#include "render/service_ports.h"
#include "render/template_grammar.h"

namespace chorale::render {

// The items of the sections around a place. What an inner section walks through hides nothing of the outer ones, since
// no list is walked through inside itself.
struct Frame {
  const App* app = nullptr;
  const Port* port = nullptr;
  const Server* server = nullptr;
  const std::string* host = nullptr;
  const ServicePorts* service_ports = nullptr;                        // where a name needs them: of the whole state
  std::string part{};                                                 // of a text that was split
  std::string_view network;                                           // of allow
  const std::pair<const std::string, std::string>* header = nullptr;  // a label: its key names the header
};

// The frame holds what the grammar promises for the token's place.

// The items that a section on this list walks through.
[[nodiscard]] std::size_t list_size(const CompiledToken& token, const RoutingState& state, const Frame& frame);
[[nodiscard]] Frame list_item(const CompiledToken& token, const RoutingState& state, const Frame& frame,
                              std::size_t index);

// Is a section on this value rendered? A key of an open map: if it is present, even if empty; text: if not empty; a
// number: if not 0.
[[nodiscard]] bool is_true(const CompiledToken& token, const RoutingState& state, const Frame& frame);

// The text of a variable, quoted if it has to be. The error, without a file, names the app whose value may not stand in
// a config at all. agent/core leaves such values out beforehand, so it is a bug there; it is caught here, not written.
[[nodiscard]] tl::expected<std::string, Error> text_of(const CompiledToken& token, const RoutingState& state,
                                                       const Frame& frame);

}  // namespace chorale::render
