#include "agent/config/routing_keys.h"

#include "render/allow_list.h"

namespace chorale::agent {
namespace {

using Checked = tl::expected<void, Failure>;

constexpr std::string_view kRoutes = "Routes";

Checked label_name(std::string_view text) {
  if (const auto wrong = render::refuse_quoted(text)) return tl::unexpected(Failure{"it " + wrong->message});
  return {};
}

}  // namespace

std::vector<Key> routing_keys() {
  return {
      {.name = "unreachable",
       .heading = kRoutes,
       .type = ChoiceKey{kMember<&Config::routing, &RoutingRules::keep_unreachable>, "keep", "remove"},
       .text = "What becomes of a routed task whose slave Mesos has lost sight of (TASK_UNREACHABLE, TASK_LOST): "
               "\"remove\" takes it out of the routes at once; \"keep\" leaves it there as long as Marathon lists it.",
       .more = "With \"keep\" Nginx itself finds out which of them answer. A task that was not routed before is not "
               "added, and one whose health checks fail is taken out. The same on all proxies of a pool."},
      {.name = "ip_per_task",
       .heading = kRoutes,
       .type = ChoiceKey{kMember<&Config::routing, &RoutingRules::container_addresses>, "auto", "never"},
       .text = "How a port of an app in a container network is reached that has no host port: \"auto\" at the address "
               "of the task's own container; \"never\" not at all, since the proxies have no way into that network.",
       .more = "With \"never\" an app without any host port is left out, and named with this reason. The same on all "
               "proxies of a pool."},
      {.name = "respect_readiness",
       .heading = kRoutes,
       .type = FlagKey{kMember<&Config::routing, &RoutingRules::respect_readiness>},
       .text = "Route a task that a deployment has started only once Marathon's readiness checks of it have passed.",
       .more = "It concerns apps with `readinessChecks`, while they are deployed; a task that is routed stays so. "
               "Marathon is asked for the results along with the apps, never for them alone. The same on all proxies "
               "of a pool."},
      {.name = "pods",
       .heading = kRoutes,
       .type = FlagKey{kMember<&Config::routing, &RoutingRules::pods>},
       .text = "Route Marathon's pods (1.4 and later) as apps: their instances are tasks, the endpoints of their "
               "containers, in order, are ports.",
       .more = "It costs one more small request with every list of apps. A Marathon without pods is asked for them "
               "once, and again when events come anew. If pods cannot be asked for, they stay as they are, and apps "
               "go on. The same on all proxies of a pool."},
      {.name = "empty_apps",
       .heading = kRoutes,
       .type = ChoiceKey{kMember<&Config::routing, &RoutingRules::keep_empty>, "keep", "omit"},
       .text =
           "What becomes of an app without any task to route to: \"omit\" leaves it out; \"keep\" leaves it among the "
           "routes without servers, so that a template can answer with a page of its own (`{{^servers}}`).",
       .more =
           "Such an app keeps its hosts. Nginx refuses an `upstream` without a server: the template has to write one "
           "that is `down`, or none, between `{{^servers}}` and `{{/servers}}`, as the shipped ones do. The same on "
           "all proxies of a pool."},
      {.name = "merge_label",
       .heading = kRoutes,
       .type = TextKey{kMember<&Config::routing, &RoutingRules::merge_label>, label_name},
       .text =
           "A label of apps. Those that have the same value of it are served as one, at the path and under the name "
           "of that value, as Nixy's MergeAppsByLabel does. Empty: every app is served by itself.",
       .more =
           "With \"team\", the apps /blue and /green that both have the label team=web are served at /web/, by the "
           "servers of both, each with the weight of its app (label `chorale.weight`, 1 to 1000). A value that is the "
           "id of another app merges nothing. The same on all proxies of a pool."},
  };
}

}  // namespace chorale::agent
