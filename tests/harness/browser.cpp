#include "tests/harness/browser.h"

#include <cstdlib>
#include <fstream>
#include <map>
#include <regex>
#include <sstream>
#include <stdexcept>
#include <utility>

#include "tests/harness/http_client.h"
#include "tests/harness/wait_until.h"

namespace chorale::testing {
namespace {

using Json = nlohmann::json;

constexpr std::chrono::seconds kStartLimit{60};
constexpr std::chrono::seconds kCallLimit{60};
// The key under which WebDriver names an element.
constexpr const char* kElement = "element-6066-11e4-a52e-4f735466cecf";

std::string text_of(const std::filesystem::path& file) {
  std::ifstream stream(file);
  std::ostringstream text;
  text << stream.rdbuf();
  return text.str();
}

std::string from_base64(const std::string& text) {
  constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string bytes;
  unsigned collected = 0;
  int bits = 0;
  for (const char c : text) {
    const auto digit = kDigits.find(c);
    if (digit == std::string_view::npos) break;
    collected = (collected << 6U) | static_cast<unsigned>(digit);
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    bytes += static_cast<char>((collected >> static_cast<unsigned>(bits)) & 0xFFU);
  }
  return bytes;
}

// Root's browser has no sandbox of its own; it sees pages of this test alone.
Json capabilities(const std::filesystem::path& profile) {
  const Json arguments{"--headless=new",
                       "--no-sandbox",
                       "--disable-gpu",
                       "--disable-dev-shm-usage",
                       "--no-first-run",
                       "--disable-background-networking",
                       "--user-data-dir=" + profile.string()};
  return {{"capabilities",
           {{"alwaysMatch",
             {{"browserName", "chrome"},
              {"goog:chromeOptions", {{"args", arguments}, {"binary", "/usr/bin/chromium"}}},
              {"goog:loggingPrefs", {{"browser", "ALL"}}}}}}}};
}

}  // namespace

// The driver's children would outlive it: all of them end with the first process of a namespace.
Browser::Browser() {
  const std::filesystem::path log = directory_.path() / "driver.log";
  driver_ = std::make_unique<ChildProcess>(std::vector<std::string>{"unshare", "--pid", "--fork", "--mount-proc",
                                                                    "--kill-child", "chromedriver", "--port=0"},
                                           log);
  const bool listens = wait_until(
      [&] {
        std::smatch found;
        const std::string said = text_of(log);
        if (std::regex_search(said, found, std::regex("successfully on port (\\d+)"))) {
          port_ = static_cast<std::uint16_t>(std::stoul(found[1]));
        }
        return port_ != 0 || !driver_->running();
      },
      kStartLimit);
  if (!listens || port_ == 0) {
    throw std::runtime_error("chromedriver does not start (packages chromium and chromium-driver): " + text_of(log));
  }
  session_ = call("POST", "/session", capabilities(directory_.path() / "profile")).at("sessionId");
}

Browser::~Browser() = default;

Json Browser::call(const std::string& method, const std::string& path, const Json& body) {
  HttpCall call;
  call.method = method;
  call.port = port_;
  call.target = path;
  call.headers = {{"content-type", "application/json"}};
  if (method == "POST") call.body = body.dump();
  call.timeout = kCallLimit;
  const HttpReply reply = http_call(call);
  const Json answer = Json::parse(reply.body, nullptr, /*allow_exceptions=*/false);
  if (reply.status != 200 || !answer.is_object()) {
    throw std::runtime_error(method + " " + path + ": " + std::to_string(reply.status) + " " + reply.error +
                             reply.body);
  }
  return answer.at("value");
}

void Browser::open(const std::string& url) { call("POST", "/session/" + session_ + "/url", {{"url", url}}); }

void Browser::resize(int width, int height) {
  // A window is never narrower than some 500 px: the page's own size is set.
  const Json metrics{{"width", width}, {"height", height}, {"deviceScaleFactor", 1}, {"mobile", width < 500}};
  devtools("Emulation.setDeviceMetricsOverride", metrics);
}

Json Browser::devtools(const std::string& command, const Json& parameters) {
  return call("POST", "/session/" + session_ + "/goog/cdp/execute", {{"cmd", command}, {"params", parameters}});
}

void Browser::press(const std::string& key) {
  static const std::map<std::string, std::string> kCodes{{"Tab", "\uE004"}, {"Enter", "\uE007"}, {"Escape", "\uE00C"}};
  const std::string& code = kCodes.at(key);
  const Json steps{{{"type", "keyDown"}, {"value", code}}, {{"type", "keyUp"}, {"value", code}}};
  const Json keyboard{{"type", "key"}, {"id", "keyboard"}, {"actions", steps}};
  call("POST", "/session/" + session_ + "/actions", {{"actions", Json::array({keyboard})}});
}

Json Browser::run(const std::string& script, Json arguments) {
  return call("POST", "/session/" + session_ + "/execute/sync", {{"script", script}, {"args", std::move(arguments)}});
}

std::string Browser::text(const std::string& selector) {
  return run("const e = document.querySelector(arguments[0]); return e && e.checkVisibility() ? e.innerText : '';",
             {selector});
}

std::string Browser::element(const std::string& selector) {
  const Json found =
      call("POST", "/session/" + session_ + "/element", {{"using", "css selector"}, {"value", selector}});
  return "/session/" + session_ + "/element/" + found.at(kElement).get<std::string>();
}

void Browser::click(const std::string& selector) { call("POST", element(selector) + "/click", Json::object()); }

void Browser::type(const std::string& selector, const std::string& text) {
  call("POST", element(selector) + "/value", {{"text", text}});
}

void Browser::screenshot(const std::filesystem::path& png) {
  const Json shot = call("GET", "/session/" + session_ + "/screenshot", nullptr);
  std::ofstream(png, std::ios::binary) << from_base64(shot.get<std::string>());
}

std::vector<std::string> Browser::complaints() {
  std::vector<std::string> lines;
  for (const Json& entry : call("POST", "/session/" + session_ + "/se/log", {{"type", "browser"}})) {
    if (entry.at("level") == "SEVERE" || entry.at("level") == "WARNING") lines.push_back(entry.at("message"));
  }
  return lines;
}

}  // namespace chorale::testing
