#include "tests/integration/nginx_apply_fixture.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <fstream>
#include <iterator>
#include <utility>

#include "agent/nginx/master.h"
#include "coordination/digest.h"
#include "tests/harness/netns.h"

namespace chorale::agent {
namespace {

constexpr std::chrono::seconds kLimit{15};

}  // namespace

std::string read_text(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

void write_text(const std::string& path, const std::string& text) { std::ofstream(path, std::ios::binary) << text; }

testing::Socket hold_port(std::uint16_t port, const std::string& address, bool udp, bool both) {
  sockaddr_in6 v6{};
  sockaddr_in v4{};
  const bool is_v6 = ::inet_pton(AF_INET6, address.c_str(), &v6.sin6_addr) == 1;
  ::inet_pton(AF_INET, address.c_str(), &v4.sin_addr);
  v6.sin6_family = AF_INET6;
  v4.sin_family = AF_INET;
  v6.sin6_port = v4.sin_port = htons(port);
  testing::Socket socket(::socket(is_v6 ? AF_INET6 : AF_INET, (udp ? SOCK_DGRAM : SOCK_STREAM) | SOCK_CLOEXEC, 0));
  const int alone = both ? 0 : 1;
  if (is_v6) ::setsockopt(socket.descriptor(), IPPROTO_IPV6, IPV6_V6ONLY, &alone, sizeof alone);
  const auto* name = is_v6 ? reinterpret_cast<const sockaddr*>(&v6) : reinterpret_cast<const sockaddr*>(&v4);
  const socklen_t bytes = is_v6 ? sizeof v6 : sizeof v4;
  EXPECT_EQ(::bind(socket.descriptor(), name, bytes), 0) << address << ":" << port;
  EXPECT_TRUE(udp || ::listen(socket.descriptor(), 4) == 0);
  return socket;
}

NginxApplyTest::NginxApplyTest() {
  options_.config_file = nginx_.config_file();
  options_.command = nginx_.arguments();
  options_.state_dir = state_.path() / "agent";
  options_.watch_interval = Milliseconds(50);
  options_.retry_interval = Milliseconds(300);
  options_.illness_interval = Milliseconds(300);
}

NginxApplyTest::~NginxApplyTest() {
  end();
  pool_.join();
}

std::optional<coordination::Identity> NginxApplyTest::begin() {
  LocalNginx::Callbacks callbacks;
  callbacks.staged = [this](coordination::StageFinished answer) { staged_.push_back(std::move(answer)); };
  callbacks.applied = [this](coordination::RevisionApplied answer) { applied_.push_back(std::move(answer)); };
  callbacks.changed = [this](const NginxStatus&) { ++changes_; };
  callbacks.log = [this](LogLine line) { log_.push_back(std::move(line)); };
  local_ = make_reloaded_nginx(loop_, pool_, options_, std::move(callbacks));
  return local_->start();
}

void NginxApplyTest::end() { local_.reset(); }

coordination::Identity NginxApplyTest::identity(std::int64_t revision, const std::string& text) {
  return {{1}, {revision}, coordination::sha256_hex(text)};
}

void NginxApplyTest::stage(std::int64_t revision, const std::string& text) {
  staged_.clear();
  local_->stage({identity(revision, text), nullptr, {{"nginx.conf", std::make_shared<const std::string>(text), {}}}});
}

void NginxApplyTest::apply(std::int64_t revision, const std::string& text) {
  local_->apply({identity(revision, text), nullptr, {{"nginx.conf", std::make_shared<const std::string>(text), {}}}});
}

bool NginxApplyTest::run_until(const std::function<bool()>& condition) {
  const auto deadline = std::chrono::steady_clock::now() + kLimit;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    loop_.restart();
    loop_.run_one_for(std::chrono::milliseconds(20));
  }
  return true;
}

void NginxApplyTest::run_for(std::chrono::milliseconds time) {
  loop_.restart();
  loop_.run_for(time);
}

bool NginxApplyTest::run_until_applied(std::int64_t revision) {
  return run_until(
      [this, revision] { return !applied_.empty() && applied_.back().identity.revision.value == revision; });
}

bool NginxApplyTest::kept_as_proven(std::int64_t revision) const {
  const std::string record = read_text(options_.state_dir + "/proven.record");
  return record.find("# chorale 1." + std::to_string(revision) + " ") != std::string::npos;
}

coordination::StageFinished NginxApplyTest::vote() {
  EXPECT_TRUE(run_until([this] { return !staged_.empty(); }));
  return staged_.empty() ? coordination::StageFinished{} : staged_.back();
}

std::set<int> NginxApplyTest::workers() const {
  const std::vector<int> serving = workers_of(nginx_.master_pid()).serving;
  return {serving.begin(), serving.end()};
}

std::string NginxApplyTest::logged() const {
  std::string text;
  for (const LogLine& line : log_) text += line.text + "\n";
  return text;
}

}  // namespace chorale::agent

int main(int argc, char** argv) {
  ::testing::InitGoogleTest(&argc, argv);
  chorale::testing::enter_private_network();
  chorale::testing::enter_private_mounts();
  return RUN_ALL_TESTS();
}
