#include "tests/harness/zookeeper_tree.h"

#include <utility>

#include "coordination/zookeeper_store.h"

namespace chorale::testing {

using namespace coordination;  // NOLINT(google-build-using-namespace): its words are what this is made of

ZookeeperTree::ZookeeperTree(const std::string& servers) {
  ZookeeperOptions options;
  options.hosts = servers;
  options.post = loop_.poster();
  store_ = make_zookeeper_store(std::move(options));
  store_->on_session([this](const SessionEvent& event) { connected_ = event.state == SessionState::kConnected; });
  store_->open(Generation{1});
}

ZookeeperTree::~ZookeeperTree() = default;

Outcome ZookeeperTree::operate(const Operation& operation) {
  const Outcome silent = tl::unexpected(Error{ErrorKind::kConnectionLoss, "ZooKeeper does not answer"});
  if (!loop_.run_until([this] { return connected_; })) return silent;
  const auto outcome = std::make_shared<std::optional<Outcome>>();
  store_->execute(operation, [outcome](Outcome result) { *outcome = std::move(result); });
  if (!loop_.run_until([&] { return outcome->has_value(); })) return silent;
  return std::move(**outcome);
}

std::vector<std::string> ZookeeperTree::list(const std::string& path) {
  const Outcome outcome = operate(ListChildren{Path(path)});
  return outcome ? std::get<Listed>(*outcome).names : std::vector<std::string>();
}

std::optional<std::string> ZookeeperTree::read(const std::string& path) {
  const Outcome outcome = operate(ReadNode{Path(path)});
  return outcome ? std::optional(std::get<NodeRead>(*outcome).data) : std::nullopt;
}

bool ZookeeperTree::create(const std::string& path, std::string data) {
  return operate(CreateNode{Path(path), std::move(data)}).has_value();
}

bool ZookeeperTree::write(const std::string& path, std::string data) {
  return operate(WriteNode{Path(path), std::move(data), kAnyVersion}).has_value();
}

bool ZookeeperTree::remove(const std::string& path) { return operate(DeleteNode{Path(path), kAnyVersion}).has_value(); }

ZookeeperTree::Size ZookeeperTree::size(const std::string& path) {
  const Outcome checked = operate(CheckNode{Path(path)});
  if (!checked || !std::get<Checked>(*checked).stat) return {};
  Size size{1, std::get<Checked>(*checked).stat->data_length};
  for (const std::string& name : list(path)) {
    const Size below = this->size(Path(path).child(name).text());
    size.znodes += below.znodes;
    size.bytes += below.bytes;
  }
  return size;
}

}  // namespace chorale::testing
