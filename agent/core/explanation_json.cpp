// The explanation as /v1/explain and `chorale explain --json` print it.
#include <nlohmann/json.hpp>

#include "agent/core/explanation.h"

namespace chorale::agent {
namespace {

using Json = nlohmann::ordered_json;

Json or_null(const std::string& text) { return text.empty() ? Json() : Json(text); }

Json tasks_json(const std::vector<ExplainedTask>& tasks) {
  Json list = Json::array();
  for (const ExplainedTask& task : tasks) {
    list.push_back(Json{{"id", task.id},
                        {"host", task.host},
                        {"state", or_null(task.state)},
                        {"address", or_null(task.address)},
                        {"serves", task.serves},
                        {"wanted", task.wanted},
                        {"reason", or_null(task.reason)}});
  }
  return list;
}

Json quarantined_json(const std::optional<coordination::QuarantineEntry>& entry) {
  if (!entry) return nullptr;
  return Json{{"reason", entry->reason}, {"since", entry->since}, {"digest", entry->digest}};
}

}  // namespace

std::string encode(const Explanation& explanation) {
  Json conflicts = Json::array();
  for (const HostConflict& conflict : explanation.conflicts) {
    conflicts.push_back(Json{{"host", conflict.host}, {"owner", conflict.owner}});
  }
  Json withheld = Json::array();
  for (const Withheld& one : explanation.withheld) withheld.push_back(Json{{"kind", one.kind}, {"text", one.text}});
  const Json json{{"app", explanation.app},
                  {"routed", explanation.routed},
                  {"verdict", explanation.verdict},
                  {"not_here", or_null(explanation.not_here)},
                  {"known", explanation.known},
                  {"pod", explanation.pod},
                  {"path", or_null(explanation.path)},
                  {"hosts", explanation.hosts},
                  {"urls", explanation.urls},
                  {"shown_with", explanation.shown_with},
                  {"tasks", tasks_json(explanation.tasks)},
                  {"reduced", explanation.reduced},
                  {"conflicts", std::move(conflicts)},
                  {"quarantined", quarantined_json(explanation.quarantined)},
                  {"pending", explanation.pending},
                  {"withheld", std::move(withheld)},
                  {"next", explanation.next},
                  {"notes", explanation.notes}};
  // Marathon's words may hold any byte: what is not UTF-8 is replaced.
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace chorale::agent
