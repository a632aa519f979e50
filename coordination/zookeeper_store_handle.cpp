#include "coordination/zookeeper_store_handle.h"

#define THREADED  // chooses the header's multi-threaded half
#include <zookeeper/zookeeper.h>

#include <algorithm>
#include <array>
#include <map>
#include <utility>

#include "coordination/overloaded.h"
#include "coordination/require.h"
#include "coordination/zookeeper_log.h"

namespace chorale::coordination {
namespace {

// Without it the client asks the resolver on every turn of its I/O loop, and a slow DNS delays the pings.
constexpr int kResolutionDelayMs = 60'000;

// What a code of the C client means for us. Its whole list stands here, so that a new one is a compiler's warning.
ErrorKind kind_of(int code) {
  switch (static_cast<ZOO_ERRORS>(code)) {
    case ZNONODE:
      return ErrorKind::kNoNode;
    case ZNODEEXISTS:
      return ErrorKind::kExists;
    case ZBADVERSION:
      return ErrorKind::kBadVersion;
    case ZNOTEMPTY:
      return ErrorKind::kNotEmpty;
    case ZNOAUTH:
    case ZINVALIDACL:  // "auth" in the ACL, but the server knows of none on this connection
      return ErrorKind::kNoAuth;
    case ZNOCHILDRENFOREPHEMERALS:
      return ErrorKind::kNoChildrenForEphemerals;

    case ZCONNECTIONLOSS:
    case ZOPERATIONTIMEOUT:
    case ZSESSIONMOVED:
    case ZTHROTTLEDOP:
    case ZSYSTEMERROR:
    case ZRUNTIMEINCONSISTENCY:
    case ZDATAINCONSISTENCY:
      return ErrorKind::kConnectionLoss;

    case ZSESSIONEXPIRED:
    case ZINVALIDSTATE:  // what the client answers to any call on a dead handle
    case ZAUTHFAILED:
    case ZSESSIONCLOSEDREQUIRESASLAUTH:
      return ErrorKind::kSessionExpired;
    case ZCLOSING:
      return ErrorKind::kClosing;

    case ZOK:
    case ZMARSHALLINGERROR:
    case ZUNIMPLEMENTED:
    case ZBADARGUMENTS:
    case ZNEWCONFIGNOQUORUM:
    case ZRECONFIGINPROGRESS:
    case ZSSLCONNECTIONERROR:
    case ZAPIERROR:
    case ZINVALIDCALLBACK:
    case ZNOTHING:
    case ZNOTREADONLY:
    case ZEPHEMERALONLOCALSESSION:
    case ZNOWATCHER:
    case ZRECONFIGDISABLED:
      return ErrorKind::kBadRequest;
  }
  return ErrorKind::kBadRequest;
}

SessionState session_state_of(int state) {
  if (state == ZOO_CONNECTED_STATE) return SessionState::kConnected;
  if (state == ZOO_EXPIRED_SESSION_STATE) return SessionState::kExpired;
  if (state == ZOO_AUTH_FAILED_STATE) return SessionState::kAuthFailed;
  return SessionState::kConnecting;
}

Stat stat_of(const ::Stat& stat) {
  return {.version = Version{stat.version},
          .created_zxid = stat.czxid,
          .modified_zxid = stat.mzxid,
          .created_ms = stat.ctime,
          .modified_ms = stat.mtime,
          .ephemeral_owner = SessionId{stat.ephemeralOwner},
          .data_length = stat.dataLength};
}

int flags_of(NodeKind kind) {
  switch (kind) {
    case NodeKind::kPersistent:
      return 0;
    case NodeKind::kEphemeral:
      return ZOO_EPHEMERAL;
    case NodeKind::kEphemeralSequential:
      return ZOO_EPHEMERAL_SEQUENTIAL;
  }
  return 0;
}

// One operation under way. The client's threads hold its address: it stays where it is until its reply was taken, or
// until the handle is closed and the threads are gone.
struct Call {
  HandleListener* listener = nullptr;
  std::uint64_t request = 0;
  std::string what;  // "read /chorale/state", for error texts
};

Outcome failure(int code, const Call& call) {
  const ErrorKind kind = kind_of(code);
  std::string message = call.what + ": " + zerror(code);
  if (kind == ErrorKind::kNoAuth) message += " (check the ZooKeeper credentials and the ACL of this znode)";
  return tl::unexpected(Error{kind, std::move(message)});
}

// On the client's threads.

void reply(const Call& call, Outcome outcome) { call.listener->replied(call.request, std::move(outcome)); }

const Call& call_of(const void* data) { return *static_cast<const Call*>(data); }

// The one watcher, with one context for the handle's whole life: a session event goes to every watch that is set and
// consumes none, and closing frees the watches without a word, so a context of each watch's own could never be freed.
void on_event(zhandle_t* zookeeper, int type, int state, const char* path, void* context) {
  auto& listener = *static_cast<HandleListener*>(context);
  if (type == ZOO_SESSION_EVENT) {
    listener.session_changed(session_state_of(state), SessionId{zoo_client_id(zookeeper)->client_id},
                             std::chrono::milliseconds(zoo_recv_timeout(zookeeper)));
  } else if (type != ZOO_NOTWATCHING_EVENT && path != nullptr) {
    listener.watch_fired(Path(path));
  }
}

void on_created(int code, const char* path, const void* data) {
  const Call& call = call_of(data);
  reply(call, code == ZOK ? Outcome(Created{Path(path)}) : failure(code, call));
}

void on_read(int code, const char* value, int length, const ::Stat* stat, const void* data) {
  const Call& call = call_of(data);
  if (code != ZOK) return reply(call, failure(code, call));
  const int bytes = std::max(length, 0);  // -1: a znode that never had data
  if (bytes != stat->dataLength) {
    return reply(call, tl::unexpected(Error{ErrorKind::kMalformed, call.what + ": the data came truncated"}));
  }
  reply(call, NodeRead{std::string(value == nullptr ? "" : value, static_cast<std::size_t>(bytes)), stat_of(*stat)});
}

void on_written(int code, const ::Stat* stat, const void* data) {
  const Call& call = call_of(data);
  reply(call, code == ZOK ? Outcome(Written{stat_of(*stat)}) : failure(code, call));
}

void on_deleted(int code, const void* data) {
  const Call& call = call_of(data);
  reply(call, code == ZOK ? Outcome(Deleted{}) : failure(code, call));
}

void on_listed(int code, const String_vector* strings, const void* data) {
  const Call& call = call_of(data);
  if (code != ZOK) return reply(call, failure(code, call));
  Listed listed;
  if (strings != nullptr) listed.names.assign(strings->data, strings->data + strings->count);
  reply(call, std::move(listed));
}

void on_checked(int code, const ::Stat* stat, const void* data) {
  const Call& call = call_of(data);
  if (code == ZNONODE) return reply(call, Checked{});
  reply(call, code == ZOK ? Outcome(Checked{stat_of(*stat)}) : failure(code, call));
}

void on_synced(int code, const char* /*path*/, const void* data) {
  const Call& call = call_of(data);
  reply(call, code == ZOK ? Outcome(Synced{}) : failure(code, call));
}

}  // namespace

class ZookeeperHandle::Client {
 public:
  Client(Options options, HandleListener& listener)
      : options_(std::move(options)),
        listener_(listener),
        acl_entries_{ACL{ZOO_PERM_ALL, ZOO_AUTH_IDS}, ACL{ZOO_PERM_READ, ZOO_ANYONE_ID_UNSAFE}} {
    acl_.count = static_cast<std::int32_t>(acl_entries_.size());
    acl_.data = acl_entries_.data();
    zoo_set_debug_level(ZOO_LOG_LEVEL_WARN);
  }

  ~Client() { require(zookeeper_ == nullptr, "a handle is closed before it goes"); }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  bool open() {
    const int timeout_ms = static_cast<int>(options_.session_timeout.count());
    zookeeper_ = zookeeper_init2(options_.hosts.c_str(), on_event, timeout_ms, nullptr, &listener_,
                                 ZOO_NO_LOG_CLIENTENV, ZookeeperLog::write_to_current);
    if (zookeeper_ == nullptr) return false;
    zoo_set_servers_resolution_delay(zookeeper_, kResolutionDelayMs);
    if (!options_.credentials.empty()) {
      zoo_add_auth(zookeeper_, "digest", options_.credentials.data(), static_cast<int>(options_.credentials.size()),
                   nullptr, nullptr);
    }
    return true;
  }

  void close() {
    if (zookeeper_ != nullptr) zookeeper_close(std::exchange(zookeeper_, nullptr));
  }

  void send(std::uint64_t request, const Operation& operation) {
    require(zookeeper_ != nullptr, "an operation is sent through an open handle");
    Call& call = calls_[request];
    call = {&listener_, request, to_text(operation)};
    const int code = start(operation, path_of(operation).text().c_str(), call);
    if (code != ZOK) reply(call, failure(code, call));
  }

  void forget(std::uint64_t request) { calls_.erase(request); }

 private:
  int start(const Operation& operation, const char* path, const Call& call) {
    const auto watcher = [](bool watch) { return watch ? on_event : nullptr; };
    return std::visit(
        Overloaded{[&](const CreateNode& request) {
                     return zoo_acreate(zookeeper_, path, request.data.data(), static_cast<int>(request.data.size()),
                                        &acl(), flags_of(request.kind), on_created, &call);
                   },
                   [&](const ReadNode& request) {
                     return zoo_awget(zookeeper_, path, watcher(request.watch), &listener_, on_read, &call);
                   },
                   [&](const WriteNode& request) {
                     return zoo_aset(zookeeper_, path, request.data.data(), static_cast<int>(request.data.size()),
                                     request.expected.value, on_written, &call);
                   },
                   [&](const DeleteNode& request) {
                     return zoo_adelete(zookeeper_, path, request.expected.value, on_deleted, &call);
                   },
                   [&](const ListChildren& request) {
                     return zoo_awget_children(zookeeper_, path, watcher(request.watch), &listener_, on_listed, &call);
                   },
                   [&](const CheckNode& request) {
                     return zoo_awexists(zookeeper_, path, watcher(request.watch), &listener_, on_checked, &call);
                   },
                   [&](const SyncPath&) { return zoo_async(zookeeper_, path, on_synced, &call); }},
        operation);
  }

  [[nodiscard]] const ACL_vector& acl() const { return options_.credentials.empty() ? ZOO_OPEN_ACL_UNSAFE : acl_; }

  Options options_;
  HandleListener& listener_;
  // With credentials: all rights for those who hold them, all others may read.
  std::array<ACL, 2> acl_entries_;
  ACL_vector acl_{};
  zhandle_t* zookeeper_ = nullptr;
  std::map<std::uint64_t, Call> calls_;  // loop thread only; the nodes never move
};

ZookeeperHandle::ZookeeperHandle(Options options, HandleListener& listener)
    : client_(std::make_unique<Client>(std::move(options), listener)) {}
ZookeeperHandle::~ZookeeperHandle() = default;
bool ZookeeperHandle::open() { return client_->open(); }
void ZookeeperHandle::close() { client_->close(); }
void ZookeeperHandle::send(std::uint64_t request, const Operation& operation) { client_->send(request, operation); }
void ZookeeperHandle::forget(std::uint64_t request) { client_->forget(request); }

}  // namespace chorale::coordination
