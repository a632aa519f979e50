// What stands in some directories of an ensemble, followed by watches on a session of its own: another service's
// election. Pure: step(now, event) -> effects, as Coordinator. It writes nothing.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "coordination/mirror.h"
#include "coordination/session.h"

namespace chorale::coordination {

// The text of each child of a directory, by name.
using DirectoryTexts = std::map<std::string, std::string>;

class DirectoryWatch {
 public:
  // Of `options` it takes id, session_timeout and reread_interval.
  DirectoryWatch(CoordinatorOptions options, const std::vector<Path>& directories);
  DirectoryWatch(const DirectoryWatch&) = delete;
  DirectoryWatch& operator=(const DirectoryWatch&) = delete;

  // Events: Started, SessionChanged, WatchFired, StoreReplied, Ticked. Effects: those for the store, and LogLine.
  [[nodiscard]] Effects step(TimePoint now, const Event& event);

  // All directories, as they were read whole last; a directory that does not exist is empty. Kept while ZooKeeper is
  // away. nullopt: not yet.
  [[nodiscard]] const std::optional<std::map<Path, DirectoryTexts>>& found() const { return found_; }
  // "OK", or why nothing can be read.
  [[nodiscard]] const std::string& message() const;

 private:
  struct Child {
    explicit Child(Context& context) : mirror(context, "directory watch") {}

    Mirror mirror;
    std::optional<std::string> text;
  };
  struct Directory {
    explicit Directory(Context& context) : list(context, "directory watch") {}

    Mirror list;
    bool listed = false;  // in this session
    std::map<std::string, Child> children;
    std::optional<std::string> complaint;
  };

  void on_session(Session::Change change);
  void on_watch(const WatchEvent& event);
  void drive();
  void list(const Path& path, Directory& directory);
  void on_listed(Directory& directory, const std::vector<std::string>& names);
  void await(const Path& path, Directory& directory);
  void read(const Path& path, Directory& directory, const std::string& name, Child& child);
  void refused(Directory& directory, Mirror& mirror, const Error& error);
  void take_what_is_whole();

  Context context_;
  Session session_{context_};
  std::map<Path, Directory> directories_;
  std::optional<std::map<Path, DirectoryTexts>> found_;
};

}  // namespace chorale::coordination
