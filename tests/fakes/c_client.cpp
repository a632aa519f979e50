#include "tests/fakes/c_client.h"

#define THREADED  // chooses the header's multi-threaded half
#include <zookeeper/zookeeper.h>

#include <algorithm>
#include <map>
#include <mutex>
#include <utility>

#include "coordination/memory_store.h"

using chorale::testing::c_client_world;
namespace coordination = chorale::coordination;
using coordination::ErrorKind;
using coordination::Outcome;
using coordination::Path;
using coordination::SessionState;
using coordination::Version;

// A handle. Its functions run on the loop; closing waits for the callback that runs, and none comes afterwards.
struct _zhandle {
  watcher_fn watcher = nullptr;
  void* context = nullptr;
  clientid_t id{};
  int timeout_ms = 0;
  std::recursive_mutex mutex;
  bool closed = false;
  std::unique_ptr<coordination::Store> store;

  template <typename Function>
  void call_back(Function function) {
    const std::lock_guard lock(mutex);
    if (!closed) function();
  }
};

namespace {

std::mutex handles_mutex;
std::map<zhandle_t*, std::shared_ptr<_zhandle>> handles;
std::vector<std::shared_ptr<_zhandle>> closed_handles;  // their stores end on the loop

void post(std::function<void()> function) {
  if (c_client_world().post) c_client_world().post(std::move(function));
}

void end_closed_handles() {
  std::vector<std::shared_ptr<_zhandle>> closed;
  {
    const std::lock_guard lock(handles_mutex);
    closed.swap(closed_handles);
  }
  for (const auto& handle : closed) handle->store.reset();
}

std::shared_ptr<_zhandle> find(zhandle_t* handle) {
  const std::lock_guard lock(handles_mutex);
  return handles.at(handle);
}

int code_of(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::kNoNode:
      return ZNONODE;
    case ErrorKind::kExists:
      return ZNODEEXISTS;
    case ErrorKind::kBadVersion:
      return ZBADVERSION;
    case ErrorKind::kNotEmpty:
      return ZNOTEMPTY;
    case ErrorKind::kNoAuth:
      return ZNOAUTH;
    case ErrorKind::kNoChildrenForEphemerals:
      return ZNOCHILDRENFOREPHEMERALS;
    case ErrorKind::kConnectionLoss:
      return ZCONNECTIONLOSS;
    case ErrorKind::kSessionExpired:
      return ZSESSIONEXPIRED;
    case ErrorKind::kClosing:
      return ZCLOSING;
    case ErrorKind::kBadRequest:
    case ErrorKind::kMalformed:
    case ErrorKind::kNewerFormat:
      return ZBADARGUMENTS;
  }
  return ZSYSTEMERROR;
}

int state_of(SessionState state) {
  switch (state) {
    case SessionState::kConnected:
      return ZOO_CONNECTED_STATE;
    case SessionState::kConnecting:
    case SessionState::kUnresolved:  // without a handle nobody speaks
      return ZOO_CONNECTING_STATE;
    case SessionState::kExpired:
      return ZOO_EXPIRED_SESSION_STATE;
    case SessionState::kAuthFailed:
      return ZOO_AUTH_FAILED_STATE;
  }
  return ZOO_CONNECTING_STATE;
}

Stat stat_of(const coordination::Stat& stat) {
  Stat result{};
  result.czxid = stat.created_zxid;
  result.mzxid = stat.modified_zxid;
  result.version = stat.version.value;
  result.ephemeralOwner = stat.ephemeral_owner.value;
  result.dataLength = stat.data_length;
  return result;
}

void connect(const std::shared_ptr<_zhandle>& handle) {
  handle->store = coordination::make_memory_store(c_client_world().ensemble, post);
  handle->store->on_session([handle = handle.get()](const coordination::SessionEvent& event) {
    if (event.state == SessionState::kConnected) handle->id.client_id = event.session.value;
    handle->call_back([&] { handle->watcher(handle, ZOO_SESSION_EVENT, state_of(event.state), "", handle->context); });
  });
  handle->store->on_watch([handle = handle.get()](const coordination::WatchEvent& event) {
    handle->call_back([&] {
      handle->watcher(handle, ZOO_CHANGED_EVENT, ZOO_CONNECTED_STATE, event.path.text().c_str(), handle->context);
    });
  });
  handle->store->open(coordination::Generation{1});
}

// `reply(code, answer)`: the answer is nullptr with any code but ZOK.
template <typename Kind, typename Reply>
int execute(zhandle_t* zookeeper, coordination::Operation operation, Reply reply) {
  if (const int refusal = std::exchange(c_client_world().next_refusal, 0); refusal != 0) return refusal;
  const std::shared_ptr<_zhandle> handle = find(zookeeper);
  const int answer = std::exchange(c_client_world().next_answer, 0);
  handle->store->execute(std::move(operation), [handle, answer, reply](const Outcome& outcome) {
    handle->call_back([&] {
      if (answer != 0 || !outcome) return reply(answer != 0 ? answer : code_of(outcome.error().kind), nullptr);
      reply(ZOK, &std::get<Kind>(*outcome));
    });
  });
  return ZOK;
}

}  // namespace

namespace chorale::testing {

CClientWorld& c_client_world() {
  static CClientWorld world;
  return world;
}

void reset_c_client_world() {
  c_client_world().post = nullptr;
  end_closed_handles();
  c_client_world() = CClientWorld{};
}

std::size_t open_c_client_handles() {
  const std::lock_guard lock(handles_mutex);
  return handles.size();
}

void send_c_client_event(int type, int state, const char* path) {
  const std::lock_guard lock(handles_mutex);
  for (const auto& [raw, handle] : handles) handle->watcher(raw, type, state, path, handle->context);
}

}  // namespace chorale::testing

// The library's functions. Their parameters are the header's.
zhandle_t* zookeeper_init2(const char* host, watcher_fn fn, int recv_timeout, const clientid_t* /*clientid*/,
                           void* context, int /*flags*/, log_callback_fn /*log_callback*/) {
  if (std::string(host) == "nowhere") return nullptr;
  const auto handle = std::make_shared<_zhandle>();
  handle->watcher = fn;
  handle->context = context;
  handle->timeout_ms = recv_timeout;
  {
    const std::lock_guard lock(handles_mutex);
    handles.emplace(handle.get(), handle);
  }
  post([handle] { handle->call_back([&] { connect(handle); }); });
  if (c_client_world().while_opening) c_client_world().while_opening();
  return handle.get();
}

int zookeeper_close(zhandle_t* zookeeper) {
  const auto handle = find(zookeeper);
  {
    const std::lock_guard lock(handle->mutex);
    handle->closed = true;
  }
  {
    const std::lock_guard lock(handles_mutex);
    handles.erase(zookeeper);
    closed_handles.push_back(handle);
  }
  post(end_closed_handles);
  return ZOK;
}

void zoo_set_debug_level(ZooLogLevel /*level*/) {}
int zoo_set_servers_resolution_delay(zhandle_t* /*zookeeper*/, int delay_ms) {
  c_client_world().resolution_delay_ms = delay_ms;
  return ZOK;
}
int zoo_add_auth(zhandle_t* /*zookeeper*/, const char* scheme, const char* cert, int length,
                 void_completion_t /*completion*/, const void* /*data*/) {
  c_client_world().credentials.push_back(std::string(scheme) + " " + std::string(cert, static_cast<size_t>(length)));
  return ZOK;
}
const clientid_t* zoo_client_id(zhandle_t* zookeeper) { return &zookeeper->id; }
int zoo_recv_timeout(zhandle_t* zookeeper) { return zookeeper->timeout_ms; }
const char* zerror(int code) { return code == ZNOAUTH ? "not authenticated" : "some error"; }

int zoo_acreate(zhandle_t* zookeeper, const char* path, const char* value, int length, const ACL_vector* acl, int mode,
                string_completion_t completion, const void* data) {
  c_client_world().last_acl_entries = acl->count;
  const auto kind = mode == ZOO_EPHEMERAL              ? coordination::NodeKind::kEphemeral
                    : mode == ZOO_EPHEMERAL_SEQUENTIAL ? coordination::NodeKind::kEphemeralSequential
                                                       : coordination::NodeKind::kPersistent;
  return execute<coordination::Created>(
      zookeeper, coordination::CreateNode{Path(path), std::string(value, static_cast<size_t>(length)), kind},
      [=](int code, const coordination::Created* answer) {
        completion(code, answer == nullptr ? nullptr : answer->path.text().c_str(), data);
      });
}

int zoo_awget(zhandle_t* zookeeper, const char* path, watcher_fn watcher, void* /*context*/,
              data_completion_t completion, const void* data) {
  return execute<coordination::NodeRead>(zookeeper, coordination::ReadNode{Path(path), watcher != nullptr},
                                         [=](int code, const coordination::NodeRead* answer) {
                                           if (answer == nullptr) return completion(code, nullptr, -1, nullptr, data);
                                           const Stat stat = stat_of(answer->stat);
                                           const int length = static_cast<int>(answer->data.size());
                                           // A znode that never had data has the length -1.
                                           if (length == 0) return completion(code, nullptr, -1, &stat, data);
                                           const int cut =
                                               std::exchange(c_client_world().truncate_next_read, false) ? 1 : 0;
                                           completion(code, answer->data.data(), length - cut, &stat, data);
                                         });
}

int zoo_aset(zhandle_t* zookeeper, const char* path, const char* value, int length, int version,
             stat_completion_t completion, const void* data) {
  return execute<coordination::Written>(
      zookeeper, coordination::WriteNode{Path(path), std::string(value, static_cast<size_t>(length)), Version{version}},
      [=](int code, const coordination::Written* answer) {
        const Stat stat = answer == nullptr ? Stat{} : stat_of(answer->stat);
        completion(code, answer == nullptr ? nullptr : &stat, data);
      });
}

int zoo_adelete(zhandle_t* zookeeper, const char* path, int version, void_completion_t completion, const void* data) {
  return execute<coordination::Deleted>(zookeeper, coordination::DeleteNode{Path(path), Version{version}},
                                        [=](int code, const coordination::Deleted*) { completion(code, data); });
}

int zoo_awget_children(zhandle_t* zookeeper, const char* path, watcher_fn watcher, void* /*context*/,
                       strings_completion_t completion, const void* data) {
  return execute<coordination::Listed>(
      zookeeper, coordination::ListChildren{Path(path), watcher != nullptr},
      [=](int code, const coordination::Listed* answer) {
        if (answer == nullptr) return completion(code, nullptr, data);
        if (answer->names.empty()) return completion(code, nullptr, data);  // as the client may
        std::vector<std::string> names = answer->names;
        std::vector<char*> pointers;
        for (std::string& name : names) pointers.push_back(name.data());
        const String_vector strings{static_cast<int32_t>(pointers.size()), pointers.data()};
        completion(code, &strings, data);
      });
}

int zoo_awexists(zhandle_t* zookeeper, const char* path, watcher_fn watcher, void* /*context*/,
                 stat_completion_t completion, const void* data) {
  return execute<coordination::Checked>(zookeeper, coordination::CheckNode{Path(path), watcher != nullptr},
                                        [=](int code, const coordination::Checked* answer) {
                                          if (answer == nullptr) return completion(code, nullptr, data);
                                          if (!answer->stat) return completion(ZNONODE, nullptr, data);
                                          const Stat stat = stat_of(*answer->stat);
                                          completion(code, &stat, data);
                                        });
}

int zoo_async(zhandle_t* zookeeper, const char* path, string_completion_t completion, const void* data) {
  return execute<coordination::Synced>(zookeeper, coordination::SyncPath{Path(path)},
                                       [=](int code, const coordination::Synced*) { completion(code, nullptr, data); });
}
