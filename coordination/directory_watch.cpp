#include "coordination/directory_watch.h"

#include <algorithm>
#include <set>
#include <utility>

#include "coordination/overloaded.h"

namespace chorale::coordination {

DirectoryWatch::DirectoryWatch(CoordinatorOptions options, const std::vector<Path>& directories)
    : context_(std::move(options)) {
  for (const Path& path : directories) directories_.try_emplace(path, context_);
}

Effects DirectoryWatch::step(TimePoint now, const Event& event) {
  context_.now = now;
  std::visit(Overloaded{
                 [this](const Started&) { session_.start(); },
                 [this](const SessionChanged& changed) { on_session(session_.on_event(changed.event)); },
                 [this](const WatchFired& fired) { on_watch(fired.event); },
                 [this](const StoreReplied& replied) { context_.reply(replied); },
                 [](const auto&) {},
             },
             event);
  on_session(session_.drive());
  drive();
  context_.answer_unsent();
  take_what_is_whole();
  return std::exchange(context_.effects, {});
}

void DirectoryWatch::on_session(Session::Change change) {
  if (change == Session::Change::kNone) return;
  if (change == Session::Change::kEnded) context_.forget_requests();
  for (auto& [path, directory] : directories_) {
    directory.children.clear();  // watches may have fired unheard
    directory.list.reset();
    directory.listed = false;
  }
}

void DirectoryWatch::on_watch(const WatchEvent& event) {
  if (event.generation != context_.link.generation) return;
  for (auto& [path, directory] : directories_) {
    if (event.path == path) directory.list.suspect();
    const auto child = directory.children.find(std::string(event.path.name()));
    if (child != directory.children.end() && event.path == path.child(child->first)) child->second.mirror.suspect();
  }
}

void DirectoryWatch::drive() {
  for (auto& [path, directory] : directories_) {
    if (directory.list.due()) list(path, directory);
    std::size_t reading = 0;
    for (auto& [name, child] : directory.children) {
      if (child.mirror.due() && reading < kPipelineLimit) read(path, directory, name, child);
      if (child.mirror.looking()) ++reading;
    }
  }
}

void DirectoryWatch::list(const Path& path, Directory& directory) {
  directory.list.look(ListChildren{path, true}, [this, &path, &directory](const Reply<ListChildren>& reply) {
    if (!reply && reply.error().kind == ErrorKind::kNoNode) return await(path, directory);
    if (!reply) return refused(directory, directory.list, reply.error());
    directory.list.fresh();
    on_listed(directory, reply->names);
  });
}

void DirectoryWatch::on_listed(Directory& directory, const std::vector<std::string>& names) {
  const std::set<std::string> present(names.begin(), names.end());
  std::erase_if(directory.children, [&present](const auto& entry) { return present.count(entry.first) == 0; });
  for (const std::string& name : present) directory.children.try_emplace(name, context_);
  directory.listed = true;
}

// The directory is not there: only "exists" leaves a watch on what does not exist.
void DirectoryWatch::await(const Path& path, Directory& directory) {
  directory.list.send(CheckNode{path, true}, [this, &directory](const Reply<CheckNode>& reply) {
    if (!reply) return refused(directory, directory.list, reply.error());
    if (reply->stat) return directory.list.again();
    directory.list.fresh();
    on_listed(directory, {});
  });
}

void DirectoryWatch::read(const Path& path, Directory& directory, const std::string& name, Child& child) {
  child.mirror.look(ReadNode{path.child(name), true}, [this, &directory, name](const Reply<ReadNode>& reply) {
    Child& read = directory.children.at(name);  // its mirror ends with it, and so would this read
    if (!reply && reply.error().kind == ErrorKind::kNoNode) {
      directory.children.erase(name);
      return directory.list.suspect();
    }
    if (!reply) return refused(directory, read.mirror, reply.error());
    read.mirror.fresh();
    read.text = reply->data;
  });
}

void DirectoryWatch::refused(Directory& directory, Mirror& mirror, const Error& error) {
  mirror.again(error);
  if (is_unknown(error.kind) || directory.complaint == error.message) return;
  directory.complaint = error.message;
  context_.log(LogLine::Level::kWarning, error.message);
}

void DirectoryWatch::take_what_is_whole() {
  std::map<Path, DirectoryTexts> whole;
  for (auto& [path, directory] : directories_) {
    if (!directory.listed) return;
    DirectoryTexts& texts = whole[path];
    for (const auto& [name, child] : directory.children) {
      if (!child.text) return;
      texts.emplace(name, *child.text);
    }
    directory.complaint.reset();
  }
  found_ = std::move(whole);
}

const std::string& DirectoryWatch::message() const {
  for (const auto& [path, directory] : directories_) {
    if (directory.complaint) return *directory.complaint;
  }
  return session_.message();
}

}  // namespace chorale::coordination
