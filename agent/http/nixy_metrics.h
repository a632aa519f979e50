// The counters of Nixy under its exact names, so that dashboards and alerts made for it go on working. Loop thread
// only.
#pragma once

#include <prometheus/counter.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include <string>
#include <vector>

namespace chorale::agent {

class NixyMetrics {
  prometheus::Counter& counter(const std::string& name, const std::string& help) {
    return prometheus::BuildCounter().Name(name).Help(help).Register(registry_).Add({});
  }
  // 0.05 s doubled nine times.
  prometheus::Histogram& duration() {
    static const prometheus::Histogram::BucketBoundaries kBuckets{0.05, 0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 12.8, 25.6};
    return prometheus::BuildHistogram()
        .Name("nixy_reload_duration")
        .Help("As in Nixy; see chorale_reload_duration_seconds.")
        .Register(registry_)
        .Add({}, kBuckets);
  }

  prometheus::Registry registry_;  // declared first: the references below point into it

 public:
  prometheus::Counter& failed = counter("nixy_reloads_failed", "As in Nixy; see chorale_reloads_total.");
  prometheus::Counter& successful = counter("nixy_reloads_successful", "As in Nixy; see chorale_reloads_total.");
  prometheus::Histogram& reload_duration = duration();
  prometheus::Counter& invalid =
      counter("nixy_invalid_subdomain_label_warnings", "As in Nixy; see chorale_invalid_host_labels_total.");
  prometheus::Counter& duplicate =
      counter("nixy_duplicate_subdomain_label_warnings", "As in Nixy; see chorale_duplicate_hosts_total.");
  prometheus::Counter& check_fails =
      counter("nixy_endpoint_check_fails", "As in Nixy; see chorale_marathon_endpoint_refused_total.");
  prometheus::Counter& down_errors =
      counter("nixy_endpoint_down_errors", "As in Nixy; see chorale_marathon_endpoint_unreachable_total.");
  prometheus::Counter& all_down =
      counter("nixy_all_endpoints_down_errors", "As in Nixy; see chorale_marathon_all_endpoints_down_total.");
  prometheus::Counter& stream_errors =
      counter("nixy_marathon_stream_errors", "As in Nixy; see chorale_marathon_stream_errors_total.");
  prometheus::Counter& no_data =
      counter("nixy_marathon_stream_no_data_warnings", "As in Nixy; see chorale_marathon_stream_silent_total.");
  prometheus::Counter& events =
      counter("nixy_marathon_events_received", "As in Nixy; see chorale_marathon_events_total.");

  [[nodiscard]] std::vector<prometheus::MetricFamily> collect() const { return registry_.Collect(); }
};

}  // namespace chorale::agent
