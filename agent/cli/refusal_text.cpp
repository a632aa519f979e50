#include "agent/cli/refusal_text.h"

#include <charconv>

#include "agent/nginx/config_text.h"

namespace chorale::agent {

std::string refusal_in_template(const std::string& refusal, const std::string& draft, const render::Template& compiled,
                                const render::RoutingState& state) {
  const std::string& file = compiled.file();
  const std::string place = draft + ":";
  const std::size_t at = refusal.find(place);
  int line = 0;
  const char* const end = refusal.data() + refusal.size();
  const char* rest = end;
  if (at != std::string::npos) rest = std::from_chars(refusal.data() + at + place.size(), end, line).ptr;
  if (line <= 0) return file + ": Nginx refuses it: " + refusal;
  const std::string words = without_place(refusal.substr(0, at) + "/");  // " in <draft>:<line>" ends here
  const std::string remedy(rest, end);
  const int written_by = compiled.line_of(state, line);
  const auto rendered = compiled.render(state);
  const std::string app = rendered ? render::app_at_line(*rendered, line) : "";
  return file + (written_by > 0 ? ":" + std::to_string(written_by) : "") + ": Nginx refuses it" +
         (app.empty() ? "" : " (with the values of app " + app + ")") + ": " + words +
         (written_by > 0 ? "" : " in line " + std::to_string(line) + " of what `chorale render` prints") + remedy;
}

}  // namespace chorale::agent
