#include "agent/http/nginx_metrics.h"

#include <string>

namespace chorale::agent {
namespace {

using prometheus::MetricFamily;
using prometheus::MetricType;

MetricFamily total(const std::string& name, const std::string& help, std::int64_t value) {
  prometheus::ClientMetric metric;
  metric.counter.value = static_cast<double>(value);
  return {name, help, MetricType::Counter, {metric}};
}

prometheus::ClientMetric connections(const std::string& state, std::int64_t value) {
  prometheus::ClientMetric metric;
  metric.label = {{"state", state}};
  metric.gauge.value = static_cast<double>(value);
  return metric;
}

}  // namespace

std::vector<MetricFamily> nginx_metrics(const NginxCounters& counters) {
  return {
      total("chorale_nginx_connections_accepted_total", "Connections that Nginx accepted.", counters.accepted),
      total("chorale_nginx_connections_handled_total", "Of these, those that no limit closed at once.",
            counters.handled),
      total("chorale_nginx_requests_total", "Requests that Nginx has read.", counters.requests),
      {"chorale_nginx_connections",
       "Open connections of Nginx; waiting: idle, between two requests.",
       MetricType::Gauge,
       {connections("reading", counters.reading), connections("writing", counters.writing),
        connections("waiting", counters.waiting)}},
  };
}

}  // namespace chorale::agent
