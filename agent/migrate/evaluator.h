// What a pipeline of a Go template stands for. Pure.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "agent/migrate/go_nodes.h"
#include "agent/migrate/go_scanner.h"
#include "agent/migrate/scope.h"

namespace chorale::agent {

// What a template of Nixy's can read from nixy.toml, where it is the same on all proxies.
struct NixyFacts {
  std::string port;
  std::vector<std::string> marathon;
  std::string nginx_config;
  std::string nginx_template;
  std::string nginx_cmd;
  bool nginx_ignore_check = false;
  GoDelimiters delimiters;
  std::string statsd_address;
  std::string statsd_namespace;
  std::int64_t statsd_sample_rate = 100;
};

// What a template asks of chorale.toml.
struct TemplateNeeds {
  std::set<std::string> env;     // expose_env
  std::set<std::string> getenv;  // variables of Nixy's own environment: [local] env_NAME
  std::optional<std::string> merge_label;
  std::vector<std::string> remarks;  // "what: how it differs", of what was just evaluated
};

class Evaluator {
 public:
  Evaluator(const NixyFacts& facts, TemplateNeeds& needs, const Scope& scope, const std::string& right_delimiter)
      : facts_(facts), needs_(needs), scope_(scope), right_(right_delimiter) {}

  [[nodiscard]] Said<Value> evaluate(const GoPipeline& pipeline) const;

 private:
  [[nodiscard]] Said<Value> run(const GoCommand& command, const std::optional<Value>& last) const;
  [[nodiscard]] Said<Value> value_of(const GoOperand& operand) const;
  [[nodiscard]] Said<Value> variable(const std::string& name) const;
  [[nodiscard]] Said<Value> merged_apps(const GoCommand& command, const std::optional<Value>& last) const;
  [[nodiscard]] Said<Value> call(const std::string& function, const std::vector<Value>& arguments) const;

  [[nodiscard]] Said<Value> field(const Value& of, const std::string& name) const;
  [[nodiscard]] Said<Value> root_field(const std::string& name) const;
  [[nodiscard]] Said<Value> app_field(const std::string& name) const;
  [[nodiscard]] Said<Value> server_field(const std::string& name) const;
  [[nodiscard]] static Said<Value> port_field(const Thing& port, const std::string& name);
  [[nodiscard]] Said<Value> key_of(const Thing& map, const std::string& key) const;

  [[nodiscard]] Said<Value> index(const std::vector<Value>& arguments) const;
  [[nodiscard]] Said<Value> item_of(const Value& of, const Value& at) const;
  [[nodiscard]] Said<Value> port_of_server(const Value& at) const;
  [[nodiscard]] Said<Value> service_port(const Value& at) const;

  const NixyFacts& facts_;
  TemplateNeeds& needs_;
  const Scope& scope_;
  const std::string& right_;
};

// What a function gives that needs nothing but its arguments; those of Nixy's and Go's that Evaluator does not know.
[[nodiscard]] Said<Value> call_function(const std::string& name, const std::vector<Value>& arguments,
                                        TemplateNeeds& needs);

}  // namespace chorale::agent
