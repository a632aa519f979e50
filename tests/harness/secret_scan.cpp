#include "tests/harness/secret_scan.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "coordination/types.h"
#include "tests/harness/zookeeper_tree.h"

namespace chorale::testing {
namespace {

namespace fs = std::filesystem;

constexpr auto kAtMost = fs::perms::owner_read | fs::perms::owner_write | fs::perms::group_read;

std::string text_of(const fs::path& path) {
  // Of a process that ends meanwhile what could be read: an iterator over the file would throw there.
  const std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

bool holds_any(const std::string& text, const std::vector<std::string>& secrets) {
  return std::any_of(secrets.begin(), secrets.end(),
                     [&text](const std::string& secret) { return text.find(secret) != std::string::npos; });
}

class Scan {
 public:
  explicit Scan(const PlantedSecrets& planted) : planted_(planted), all_(planted.credentials) {
    all_.insert(all_.end(), planted.local_values.begin(), planted.local_values.end());
  }

  void add(const std::string& place, const std::string& text) {
    if (holds_any(text, all_)) found_ += place + "\n";
  }
  void tree(ZookeeperTree& tree, const coordination::Path& path) {
    add("znode " + path.text(), path.text() + "\n" + tree.read(path.text()).value_or(""));
    for (const std::string& name : tree.list(path.text())) this->tree(tree, path.child(name));
  }
  void pages(const Proxy& proxy) {
    for (const char* page : {"/", "/v1/health", "/v1/status", "/v1/config", "/v1/metrics"}) {
      const HttpReply reply = http_get(proxy.admin_port(), page);
      // What does not answer has not been looked at.
      if (reply.body.empty()) found_ += proxy.id() + " " + page + " has no body\n";
      add(proxy.id() + " " + page, reply.body);
    }
  }
  void processes(const std::set<pid_t>& agents) {
    for (const auto& entry : fs::directory_iterator("/proc")) {
      const std::string name = entry.path().filename();
      if (name.find_first_not_of("0123456789") != std::string::npos) continue;
      add("command line of process " + name, text_of(entry.path() / "cmdline"));
      const std::string stat = text_of(entry.path() / "stat");
      const std::size_t parent = stat.rfind(") ");
      if (parent != std::string::npos && agents.contains(std::atoi(stat.c_str() + parent + 4))) {
        add("environment of an agent's child, " + name, text_of(entry.path() / "environ"));
      }
    }
  }
  void files(Proxy& proxy) {
    for (const fs::path& root : {proxy.directory(), fs::path(proxy.nginx().directory())}) {
      for (const auto& entry : fs::recursive_directory_iterator(root)) {
        if (!entry.is_regular_file() || entry.path() == proxy.config_file()) continue;
        file(entry, entry.path() == proxy.nginx().error_log());
      }
    }
  }

  [[nodiscard]] const std::string& found() const { return found_; }

 private:
  void file(const fs::directory_entry& entry, bool nginx_log) {
    const std::string text = text_of(entry.path());
    const std::string name = "file " + entry.path().string();
    if (holds_any(text, planted_.credentials)) found_ += name + "\n";
    if (nginx_log || !holds_any(text, planted_.local_values)) return;
    if (entry.path().filename().string().starts_with("agent-")) found_ += name + ", a log\n";
    std::error_code gone;
    const fs::perms mode = entry.status(gone).permissions();
    if (!gone && (mode & ~kAtMost) != fs::perms::none) found_ += name + " may be read by more than owner and group\n";
  }

  const PlantedSecrets& planted_;
  std::vector<std::string> all_;
  std::string found_;
};

}  // namespace

std::string leaked_secrets(RealCluster& cluster, const PlantedSecrets& planted) {
  Scan scan(planted);
  ZookeeperTree tree(cluster.zookeeper().address());
  scan.tree(tree, coordination::Path("/chorale"));
  std::set<pid_t> agents;
  for (const auto& proxy : cluster.proxies()) {
    scan.pages(*proxy);
    scan.files(*proxy);
    agents.insert(proxy->agent_pid());
  }
  scan.processes(agents);
  return scan.found();
}

}  // namespace chorale::testing
