// The SAX side of apps_parser: walks apps_schema, fills AppDrafts, refuses what is not an answer of Marathon. Pure.
//
// What is wrong within an app spoils that app alone: it is noted, reading goes on (the id may come later), and the app
// ends as its id with the reason. What is wrong around apps ends it all.
//
// The member functions are the interface that nlohmann's SAX parser expects; each returns false to stop.
#pragma once

#include <bitset>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/core/leading/routes.h"
#include "agent/marathon/app_draft.h"
#include "agent/marathon/apps_schema.h"

namespace chorale::agent {

class AppsReader {
 public:
  // `document`: what is read; kRoot (apps, or one app), kPods (a list) or kPod (one).
  explicit AppsReader(std::size_t body_bytes, Node document = Node::kRoot)
      : body_bytes_(body_bytes), document_(document) {}

  bool null();
  bool boolean(bool value);
  bool number_integer(std::int64_t value);
  bool number_unsigned(std::uint64_t value);
  bool number_float(double value, const std::string& text);
  bool string(std::string& value);
  bool binary(const std::vector<std::uint8_t>& value);
  bool start_object(std::size_t size);
  bool key(std::string& name);
  bool end_object();
  bool start_array(std::size_t size);
  bool end_array();
  bool parse_error(std::size_t position, const std::string& last_token, const std::exception& error);

  // After the run. `failure` empty: all of the text was read.
  std::optional<Failure> failure;
  MarathonApps apps;
  std::optional<MarathonApp> single;  // of {"app": ...}, or the pod
  bool has_apps = false;              // the key was there

 private:
  struct Frame {
    explicit Frame(Node what, bool is_array = false) : node(what), array(is_array) {}
    Node node;
    bool array;
    std::size_t index = 0;     // of the element being read
    std::string key;           // of the member being read
    std::bitset<kNodes> seen;  // the member that is Node n was met
  };

  // The rule for the value that comes now: nullptr means skip. A second key of the same name spoils the app.
  const Rule* expect();
  bool open(Shape shape);
  bool scalar(Shape shape, std::string_view what, const Rule*& rule);
  bool wrong(const Rule& rule, std::string_view found);
  bool fail(const std::string& what);  // of the whole answer
  bool fail_document(std::string_view found);
  bool spoil(const std::string& what);  // of the app that is being read; of the whole answer outside of one
  void begin(Node node);                // of an object or array
  bool end_app();
  bool advance();  // past a complete value
  void take_text(Node node, std::string& value);
  void take_task_text(Node node, std::string& value);
  void begin_pod_part(Node node);
  void end_pod_part(Node node);
  void take_pod_text(Node node, std::string& value);
  void take_container_text(Node node, std::string& value);
  void take_port(Node node, std::uint16_t value);
  [[nodiscard]] bool in_app() const;
  [[nodiscard]] std::string path() const;  // within an app that is being read: from there on

  std::size_t body_bytes_;
  Node document_;
  std::vector<Frame> frames_;
  std::size_t ignored_depth_ = 0;  // inside a value that is not read
  AppDraft draft_;
  std::vector<PortDraft>* ports_ = nullptr;  // the list of draft_ that is being filled
};

}  // namespace chorale::agent
