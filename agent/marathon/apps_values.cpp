// What AppsReader does with the values that the schema names.
#include <utility>

#include "agent/marathon/apps_reader.h"

namespace chorale::agent {

// Every enumerator that needs something is named; the others open nothing and hold nothing.
void AppsReader::begin(Node node) {
  MarathonApp& app = draft_.app;
  if (node == Node::kApps) {
    has_apps = true;
  } else if (node == Node::kApp) {
    draft_ = AppDraft{};
  } else if (node == Node::kPod) {
    draft_ = AppDraft{};
    draft_.app.pod = true;
  } else if (node == Node::kTasks || node == Node::kInstances) {
    draft_.has_tasks = true;
  } else if (node == Node::kTask) {
    app.tasks.emplace_back();
  } else if (node == Node::kHealthResult) {
    app.tasks.back().health.emplace_back();
  } else if (node == Node::kReadinessResult) {
    draft_.readiness.emplace_back();
  } else if (node == Node::kIpAddress) {
    draft_.has_ip_address = true;
  } else if (node == Node::kPortDefinitions) {
    ports_ = &draft_.definitions;
  } else if (node == Node::kMappings) {
    ports_ = &draft_.mappings;
  } else if (node == Node::kDockerMappings) {
    ports_ = &draft_.docker_mappings;
  } else if (node == Node::kDiscoveryPorts) {
    ports_ = &draft_.discovery;
  } else if (node == Node::kPortDefinition || node == Node::kMapping || node == Node::kDiscoveryPort) {
    ports_->emplace_back();
  } else {
    begin_pod_part(node);
  }
}

void AppsReader::take_text(Node node, std::string& value) {
  MarathonApp& app = draft_.app;
  if (node == Node::kAppId || node == Node::kPodId) {
    app.id = std::move(value);
  } else if (node == Node::kAppVersion) {
    app.version = std::move(value);
  } else if (node == Node::kLabel) {
    app.labels.insert_or_assign(frames_.back().key, std::move(value));
  } else if (node == Node::kEnvValue) {
    app.env.insert_or_assign(frames_.back().key, std::move(value));
  } else if (node == Node::kHealthProtocol) {
    draft_.check_protocol = std::move(value);
  } else if (node == Node::kHealthPath) {
    draft_.check_path = std::move(value);
  } else if (node == Node::kPortName) {
    ports_->back().port.name = std::move(value);
  } else if (node == Node::kPortProtocol) {
    ports_->back().port.protocol = std::move(value);
  } else if (node == Node::kPortLabel) {
    ports_->back().port.labels.insert_or_assign(frames_.back().key, std::move(value));
  } else if (node == Node::kNetworkMode && draft_.network_mode.empty()) {
    draft_.network_mode = std::move(value);  // several networks are all of mode "container"
  } else if (node == Node::kDockerNetwork) {
    draft_.docker_network = std::move(value);
  } else {
    take_task_text(node, value);
  }
}

void AppsReader::take_task_text(Node node, std::string& value) {
  if (node == Node::kTaskId) {
    draft_.app.tasks.back().id = std::move(value);
  } else if (node == Node::kReadinessTask) {
    draft_.readiness.back().task = std::move(value);
  } else if (node == Node::kTaskHost) {
    draft_.app.tasks.back().host = std::move(value);
  } else if (node == Node::kTaskState) {
    draft_.app.tasks.back().state = std::move(value);
  } else if (node == Node::kTaskVersion) {
    draft_.app.tasks.back().version = std::move(value);
  } else if (node == Node::kTaskStartedAt) {
    draft_.app.tasks.back().started = !value.empty();
  } else if (node == Node::kTaskIp && !value.empty()) {
    draft_.app.tasks.back().ip_addresses.push_back(std::move(value));
  } else {
    take_pod_text(node, value);
  }
}

void AppsReader::take_port(Node node, std::uint16_t value) {
  if (node == Node::kTaskPort) {
    draft_.app.tasks.back().ports.push_back(value);
  } else if (node == Node::kServicePort) {
    draft_.service_ports.emplace_back().port.service_port = value;
  } else if (node == Node::kPortServicePort) {
    ports_->back().port.service_port = value;
  } else if (node == Node::kPortContainerPort) {
    ports_->back().port.container_port = value;
  } else if (node == Node::kPortHostPort) {
    ports_->back().host_port = true;  // its number does not matter: task.ports has the real one
  } else if (node == Node::kAllocatedPort) {
    draft_.instances.back().containers.back().endpoints.back().host_port = value;
  }
}

}  // namespace chorale::agent
