// The SAX side of parse_event: the few members of an event that routing needs, however large it is. Pure.
//
// Deployment events of Marathon <= 1.6 hold the whole root group twice, many MB: everything below the top level is
// skipped without being stored, but for appDefinition.id.
#pragma once

#include <cstddef>
#include <cstdint>
#include <exception>
#include <optional>
#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "agent/base/types.h"
#include "agent/core/leading/marathon_apps.h"

namespace chorale::agent {

class EventReader {
 public:
  explicit EventReader(std::size_t bytes) : bytes_(bytes) {}

  bool null() { return inside(); }
  bool boolean(bool value);
  bool number_integer(std::int64_t /*value*/) { return inside(); }
  bool number_unsigned(std::uint64_t /*value*/) { return inside(); }
  bool number_float(double /*value*/, const std::string& /*text*/) { return inside(); }
  bool string(std::string& value);
  bool binary(const std::vector<std::uint8_t>& /*value*/) { return false; }
  bool start_object(std::size_t size);
  bool key(std::string& name);
  bool end_object();
  bool start_array(std::size_t size);
  bool end_array();
  bool parse_error(std::size_t position, const std::string& last_token, const std::exception& error);

  // After a run without a failure.
  [[nodiscard]] tl::expected<MarathonEvent, Failure> event() &&;

  std::optional<Failure> failure;

 private:
  bool inside();  // false, with a failure, for a value that is the whole document
  bool fail(std::string what);

  std::size_t bytes_;
  std::size_t depth_ = 0;
  std::string key_;             // at the top level
  std::string definition_key_;  // at the second level
  std::string type_, app_id_, run_spec_id_, definition_id_, task_id_, instance_id_, status_, condition_;
  std::optional<bool> alive_;
};

}  // namespace chorale::agent
