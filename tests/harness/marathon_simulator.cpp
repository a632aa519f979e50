#include "tests/harness/marathon_simulator.h"

#include <sys/socket.h>
#include <sys/time.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>
#include <sstream>
#include <utility>

#include "tests/harness/wait_until.h"

namespace chorale::testing {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using boost::system::error_code;
using nlohmann::json;

namespace {

constexpr std::chrono::seconds kStartLimit{60};
constexpr auto kNoChanges = std::numeric_limits<std::uint64_t>::max();  // the list is long and often not needed

std::string text_of(const std::filesystem::path& file) {
  std::ifstream stream(file);
  std::ostringstream text;
  text << stream.rdbuf();
  return text.str();
}

// The port in the one line that the simulator prints; 0 while it is not there in full.
std::uint16_t announced_port(const std::string& output) {
  constexpr std::string_view kLine = "listening on http://";
  const auto line = output.find(kLine);
  const auto end = line == std::string::npos ? line : output.find('\n', line);
  if (end == std::string::npos) return 0;
  const auto colon = output.rfind(':', end);
  return static_cast<std::uint16_t>(std::strtoul(output.c_str() + colon + 1, nullptr, 10));
}

}  // namespace

class MarathonSimulator::Client {
 public:
  explicit Client(std::uint16_t port) : endpoint_(asio::ip::make_address("127.0.0.1"), port), socket_(io_) {}

  std::optional<std::string> call(const std::string& method, const std::string& target, const std::string& body) {
    // A kept connection may have died with the process that it led to: then a new one, once.
    const bool reused = socket_.is_open();
    auto reply = attempt(method, target, body);
    if (!reply && reused) reply = attempt(method, target, body);
    return reply;
  }

 private:
  std::optional<std::string> attempt(const std::string& method, const std::string& target, const std::string& body) {
    error_code error;
    if (!socket_.is_open()) open(error);
    http::request<http::string_body> request(http::string_to_verb(method), target, 11);
    request.set(http::field::host, "127.0.0.1");
    request.body() = body;
    request.prepare_payload();
    http::response_parser<http::string_body> parser;
    parser.body_limit(std::numeric_limits<std::uint64_t>::max());
    if (!error) http::write(socket_, request, error);
    if (!error) http::read(socket_, buffer_, parser, error);
    if (error || !parser.get().keep_alive()) {
      error_code ignored;
      socket_.close(ignored);
      buffer_.clear();
    }
    if (error || parser.get().result_int() / 100 != 2) return std::nullopt;
    return parser.get().body();
  }

  void open(error_code& error) {
    socket_.connect(endpoint_, error);
    // A simulator that was paused must fail the call, not hang the test.
    const timeval limit{10, 0};
    ::setsockopt(socket_.native_handle(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
  }

  asio::io_context io_;
  asio::ip::tcp::endpoint endpoint_;
  asio::ip::tcp::socket socket_;
  boost::beast::flat_buffer buffer_;
};

MarathonSimulator::MarathonSimulator() : MarathonSimulator(Options{}) {}

MarathonSimulator::MarathonSimulator(Options options)
    : options_(std::move(options)), directory_("marathon_simulator") {}

MarathonSimulator::~MarathonSimulator() = default;

bool MarathonSimulator::start() {
  std::vector<std::string> command{CHORALE_MARATHON_SIMULATOR};
  if (port_ != 0) command.insert(command.end(), {"--listen", "127.0.0.1:" + std::to_string(port_)});
  command.insert(command.end(), options_.arguments.begin(), options_.arguments.end());
  const auto output = directory_.path() / ("output." + std::to_string(++starts_));
  client_.reset();
  process_ = std::make_unique<ChildProcess>(command, output);
  const bool up = wait_until([&] { return announced_port(text_of(output)) != 0 || !process_->running(); }, kStartLimit);
  if (!up || !process_->running()) return false;
  port_ = announced_port(text_of(output));
  client_ = std::make_unique<Client>(port_);
  return true;
}

void MarathonSimulator::kill() { process_->kill(); }

void MarathonSimulator::pause() { process_->signal(SIGSTOP); }

void MarathonSimulator::resume() { process_->signal(SIGCONT); }

std::string MarathonSimulator::url() const { return "http://127.0.0.1:" + std::to_string(port_); }

std::string MarathonSimulator::log() const {
  return text_of(directory_.path() / ("output." + std::to_string(starts_)));
}

std::optional<std::string> MarathonSimulator::call(const std::string& method, const std::string& target,
                                                   const std::string& body) {
  return client_ ? client_->call(method, target, body) : std::nullopt;
}

json MarathonSimulator::control(const std::string& command, const json& arguments) {
  const auto reply = call("POST", "/control/" + command, arguments.is_null() ? "" : arguments.dump());
  auto parsed = json::parse(reply.value_or(""), nullptr, false);
  return parsed.is_discarded() ? json() : parsed;
}

json MarathonSimulator::control(const std::string& command) { return control(command, json()); }

bool MarathonSimulator::create(const std::string& app, int tasks) { return create(app, tasks, json::object()); }

bool MarathonSimulator::create(const std::string& app, int tasks, const json& more) {
  json arguments = more;
  arguments["id"] = app;
  arguments["tasks"] = tasks;
  return !control("create", arguments).is_null();
}

bool MarathonSimulator::create_pod(const std::string& pod, int instances, const json& more) {
  json arguments = more;
  arguments["id"] = pod;
  arguments["tasks"] = instances;
  return !control("create_pod", arguments).is_null();
}

bool MarathonSimulator::scale(const std::string& app, int tasks) {
  return !control("scale", {{"id", app}, {"instances", tasks}}).is_null();
}

bool MarathonSimulator::destroy(const std::string& app) { return !control("destroy", {{"id", app}}).is_null(); }

bool MarathonSimulator::restart(const std::string& app) { return !control("restart", {{"id", app}}).is_null(); }

bool MarathonSimulator::kill_task(const std::string& app, int index, bool abrupt) {
  return !control("kill", {{"app", app}, {"index", index}, {"abrupt", abrupt}}).is_null();
}

bool MarathonSimulator::set_health(const std::string& app, bool alive) {
  return !control("health", {{"app", app}, {"alive", alive}}).is_null();
}

bool MarathonSimulator::fault(const std::string& kind, const std::string& mode) {
  return !control("fault", {{"kind", kind}, {"mode", mode}}).is_null();
}

bool MarathonSimulator::clear_faults() { return !control("clear_faults").is_null(); }

bool MarathonSimulator::stop_accepting() { return !control("stop").is_null(); }

bool MarathonSimulator::start_accepting() { return !control("start").is_null(); }

bool MarathonSimulator::settled(std::chrono::milliseconds limit) {
  return wait_until(
      [this] {
        const json now = stats(kNoChanges);
        return now.is_object() && now.value("deployments", -1) == 0;
      },
      limit);
}

std::vector<MarathonSimulator::TaskInfo> MarathonSimulator::tasks(const std::string& app) {
  const auto reply = json::parse(call("GET", "/control/tasks?app=" + app, "").value_or(""), nullptr, false);
  std::vector<TaskInfo> tasks;
  if (!reply.is_object()) return tasks;
  for (const auto& task : reply.at("tasks")) {
    tasks.push_back({task.at("id"), task.at("host"), task.at("ports"), task.at("state")});
  }
  return tasks;
}

json MarathonSimulator::stats(std::uint64_t since) {
  auto parsed =
      json::parse(call("GET", "/control/stats?since=" + std::to_string(since), "").value_or(""), nullptr, false);
  return parsed.is_discarded() ? json() : parsed;
}

std::int64_t MarathonSimulator::requests(const std::string& kind) {
  const json now = stats(kNoChanges);
  return now.is_object() ? now.at("requests").value(kind, std::int64_t{0}) : 0;
}

bool MarathonSimulator::reset_stats() { return !control("stats/reset").is_null(); }

}  // namespace chorale::testing
