// What AppsReader does with the values that the schema names in a pod.
#include <utility>

#include "agent/marathon/apps_reader.h"

namespace chorale::agent {

void AppsReader::begin_pod_part(Node node) {
  if (node == Node::kPodContainers) {
    draft_.has_containers = true;
  } else if (node == Node::kEndpoints) {
    ports_ = &draft_.container_endpoints;
  } else if (node == Node::kEndpoint) {
    ports_->emplace_back();
  } else if (node == Node::kEndpointProtocols) {
    ports_->back().port.protocol.clear();
  } else if (node == Node::kContainerCheck) {
    ++draft_.app.health_checks;
  } else if (node == Node::kInstance) {
    draft_.app.tasks.emplace_back();
    draft_.instances.emplace_back();
  } else if (node == Node::kInstanceNetwork) {
    draft_.instances.back().networks.emplace_back();
  } else if (node == Node::kContainerStatus) {
    draft_.instances.back().containers.emplace_back();
  } else if (node == Node::kStatusEndpoint) {
    draft_.instances.back().containers.back().endpoints.emplace_back();
  }
}

void AppsReader::end_pod_part(Node node) {
  if (node == Node::kPodContainer) {
    draft_.end_container();
  } else if (node == Node::kCondition) {
    draft_.instances.back().containers.back().end_condition();
  } else if (node == Node::kEndpointProtocols && ports_->back().port.protocol.empty()) {
    ports_->back().port.protocol = "tcp";
  }
}

void AppsReader::take_pod_text(Node node, std::string& value) {
  if (node == Node::kContainerName) {
    draft_.container_name = std::move(value);
  } else if (node == Node::kEndpointProtocol) {
    std::string& protocol = ports_->back().port.protocol;
    protocol += (protocol.empty() ? "" : ",") + value;
  } else if (node == Node::kHttpCheckPath && draft_.app.health_path.empty()) {
    draft_.app.health_path = std::move(value);
  } else if (node == Node::kNetworkName && draft_.network_name.empty()) {
    draft_.network_name = std::move(value);
  } else if (node == Node::kSpecReference) {
    const auto at = value.rfind("::versions/");
    if (at != std::string::npos) draft_.app.tasks.back().version = value.substr(value.find('/', at) + 1);
  } else if (node == Node::kInstanceStatus) {
    draft_.instances.back().status = std::move(value);
  } else if (node == Node::kInstanceNetworkName) {
    draft_.instances.back().networks.back().name = std::move(value);
  } else if (node == Node::kInstanceAddress && !value.empty()) {
    draft_.instances.back().networks.back().addresses.push_back(std::move(value));
  } else if (!draft_.instances.empty() && !draft_.instances.back().containers.empty()) {
    take_container_text(node, value);
  }
}

void AppsReader::take_container_text(Node node, std::string& value) {
  ContainerStatusDraft& container = draft_.instances.back().containers.back();
  if (node == Node::kStatusName) {
    container.name = std::move(value);
  } else if (node == Node::kStatusState) {
    container.state = std::move(value);
  } else if (node == Node::kStatusEndpointName) {
    container.endpoints.back().name = std::move(value);
  } else if (node == Node::kConditionName) {
    container.condition_name = std::move(value);
  } else if (node == Node::kConditionValue) {
    container.condition_value = std::move(value);
  } else if (node == Node::kConditionReason) {
    container.condition_reason = std::move(value);
  }
}

}  // namespace chorale::agent
