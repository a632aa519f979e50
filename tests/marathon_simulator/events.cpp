#include "tests/marathon_simulator/events.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "tests/marathon_simulator/clock.h"
#include "tests/marathon_simulator/shapes.h"

namespace chorale::marathon_simulator {
namespace {

using Json = nlohmann::json;

Event make(const std::string& type, Json fields) {
  fields["eventType"] = type;
  fields["timestamp"] = iso_now();
  return {type, fields.dump(-1, ' ', false, Json::error_handler_t::replace)};
}

Json plan_of(const Deployment& deployment) {
  const Json action{{"action", deployment.action}, {deployment.pod ? "pod" : "app", deployment.app_id}};
  return {{"id", deployment.id},
          {"version", deployment.version},
          {"steps", Json::array({Json{{"actions", Json::array({action})}}})}};
}

// A group whose apps have what an app of that era has, so much of it.
std::string group_of(std::size_t bytes) {
  std::string text = R"({"id":"/","dependencies":[],"groups":[],"version":"2017-01-01T00:00:00.000Z","apps":[)";
  while (text.size() < bytes) {
    text += R"({"id":"/other","cmd":"exec \"sleep\" 1","env":{"A":"{]"},"ports":[10001],"instances":1,)"
            R"("appId":"/other","taskStatus":"TASK_KILLED","eventType":"none","healthChecks":[{"path":"/"}]},)";
  }
  return text + R"({"id":"/last"}]})";
}

}  // namespace

Events::Events(const Version& version, std::size_t group_bytes) : version_(version) {
  if (group_bytes == 0 || version >= kLightPlans) return;
  const std::string group = group_of(group_bytes);
  groups_ = "\"original\":" + group + ",\"target\":" + group + ",";
}

Event Events::with_groups(Event event) const {
  static const std::string kPlan = "\"plan\":{";
  const auto plan = event.data.find(kPlan);
  if (plan != std::string::npos) event.data.insert(plan + kPlan.size(), groups_);
  return event;
}

Event Events::status_update(const Task& task, const std::string& message) const {
  Json fields{{"slaveId", task.slave_id}, {"taskId", task.id},      {"taskStatus", mesos_name(task.state)},
              {"message", message},       {"appId", task.app_id},   {"host", task.slave.name},
              {"ports", task.ports},      {"version", task.version}};
  if (version_ >= kTaskHasIpAddresses && !task.ip_address.empty()) {
    fields["ipAddresses"] = Json::array({Json{{"ipAddress", task.ip_address}, {"protocol", "IPv4"}}});
  }
  return make("status_update_event", std::move(fields));
}

Event Events::instance_changed(const Task& task, const std::string& condition) const {
  Json fields{{"instanceId", task.instance_id},
              {"condition", condition},
              {"runSpecId", task.app_id},
              {"runSpecVersion", task.version}};
  if (!task.slave_id.empty()) {
    fields["agentId"] = task.slave_id;
    fields["host"] = task.slave.name;
  }
  return make("instance_changed_event", std::move(fields));
}

Event Events::instance_health_changed(const Task& task, bool healthy) const {
  return make("instance_health_changed_event", {{"instanceId", task.instance_id},
                                                {"runSpecId", task.app_id},
                                                {"healthy", healthy},
                                                {"runSpecVersion", task.version}});
}

Event Events::health_status_changed(const Task& task, bool alive) const {
  Json fields{{"appId", task.app_id}, {"version", task.version}, {"alive", alive}};
  if (version_ >= kInstances) {
    fields["instanceId"] = task.instance_id;
  } else {
    fields["taskId"] = task.id;
  }
  return make("health_status_changed_event", std::move(fields));
}

Event Events::failed_health_check(const Task& task) const {
  auto check = task.health_checks.empty() ? Json::object() : Json::parse(task.health_checks.front());
  Json fields{{"appId", task.app_id}, {"healthCheck", std::move(check)}};
  if (version_ < kInstances) {
    fields["taskId"] = task.id;
  } else if (version_ < kNetworks) {
    fields["instanceId"] = task.instance_id;
  } else {
    fields["taskId"] = task.instance_id;  // the key is taskId again since 1.5, the value stayed an instance id
  }
  return make("failed_health_check_event", std::move(fields));
}

Event Events::unhealthy_kill(const Task& task) const {
  Json fields{{"appId", task.app_id}, {"taskId", task.id},       {"version", task.version},
              {"reason", "500"},      {"host", task.slave.name}, {"slaveId", task.slave_id}};
  if (version_ < kInstances) return make("unhealthy_task_kill_event", std::move(fields));
  fields["instanceId"] = task.instance_id;
  return make("unhealthy_instance_kill_event", std::move(fields));
}

Event Events::add_health_check(const App& app, const std::string& check) const {
  return make("add_health_check_event",
              {{"appId", app.spec.id}, {"version", app.version}, {"healthCheck", Json::parse(check)}});
}

Event Events::remove_health_check(const std::string& app_id) const {
  return make("remove_health_check_event", {{"appId", app_id}});
}

Event Events::api_post(const App& app, const std::string& client_ip, const std::string& uri) const {
  return make("api_post_event",
              {{"clientIp", client_ip}, {"uri", uri}, {"appDefinition", Json::parse(app_json(app, version_, false))}});
}

// The uri of a creation names no pod, that of the others does.
Event Events::pod_edited(const App& pod) const {
  const bool created = pod.version == pod.config_version && pod.last_config_change_at.empty();
  const char* type = pod.destroyed ? "pod_deleted_event" : created ? "pod_created_event" : "pod_updated_event";
  return make(type, {{"clientIp", "127.0.0.1"}, {"uri", created ? "/v2/pods" : "/v2/pods" + pod.spec.id}});
}

Event Events::app_terminated(const std::string& app_id) const {
  return make("app_terminated_event", {{"appId", app_id}});
}

Event Events::group_change_success(const std::string& group_id, const std::string& version) const {
  return make("group_change_success", {{"groupId", group_id}, {"version", version}});
}

Event Events::deployment_step(const std::string& kind, const Deployment& deployment) const {
  auto plan = plan_of(deployment);
  auto step = plan.at("steps").at(0);
  return with_groups(make(kind, {{"plan", std::move(plan)}, {"currentStep", std::move(step)}}));
}

Event Events::deployment_end(const std::string& kind, const Deployment& deployment, const std::string& reason) const {
  Json fields{{"id", deployment.id}};
  if (version_ >= kInstances) fields["plan"] = plan_of(deployment);
  if (!reason.empty() && version_ >= Version{1, 6, 0}) fields["reason"] = reason;
  return with_groups(make(kind, std::move(fields)));
}

Event Events::stream(const std::string& kind, const std::string& remote_address) const {
  return make(kind, {{"remoteAddress", remote_address}});
}

Event Events::subscription(const std::string& kind, const std::string& client_ip, const std::string& url) const {
  return make(kind, {{"clientIp", client_ip}, {"callbackUrl", url}});
}

Event Events::scheduler_registered() const {
  return make("scheduler_registered_event",
              {{"frameworkId", "5e2d7a60-0000-4000-8000-000000000000-0000"}, {"master", "127.0.0.1"}});
}

}  // namespace chorale::marathon_simulator
