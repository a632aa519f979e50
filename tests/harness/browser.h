// A real browser without a window, driven by WebDriver: Chromium, by chromedriver. It never outlives the test.
//
// REQUIRES: the test runs as root in a network of its own (netns.h), where ports of the driver's choice are free.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/harness/child_process.h"
#include "tests/harness/temp_dir.h"

namespace chorale::testing {

class Browser {
 public:
  // Throws std::runtime_error, naming what the driver says, if it does not start.
  Browser();
  ~Browser();
  Browser(const Browser&) = delete;
  Browser& operator=(const Browser&) = delete;

  void open(const std::string& url);
  void resize(int width, int height);
  // The body of a function, and what it returns; `arguments[0]` ... are there. A script that throws is an error of the
  // test, which throws too.
  nlohmann::json run(const std::string& script, nlohmann::json arguments = nlohmann::json::array());
  // What a person sees of the first element that the CSS selector finds; "" if there is none.
  [[nodiscard]] std::string text(const std::string& selector);
  // Where a person would click, and what a person would type. Throws if there is no such element to click on.
  void click(const std::string& selector);
  void type(const std::string& selector, const std::string& text);
  // A key, whoever has the focus: "Tab", "Enter", "Escape".
  void press(const std::string& key);
  // A command of the DevTools protocol, and its answer: what no page can ask for itself.
  nlohmann::json devtools(const std::string& command, const nlohmann::json& parameters);
  void screenshot(const std::filesystem::path& png);
  // What the browser itself complained of since the last question: refused scripts, failed requests, errors.
  [[nodiscard]] std::vector<std::string> complaints();

 private:
  nlohmann::json call(const std::string& method, const std::string& path, const nlohmann::json& body);
  [[nodiscard]] std::string element(const std::string& selector);

  TempDir directory_{"browser"};
  std::unique_ptr<ChildProcess> driver_;
  std::uint16_t port_ = 0;
  std::string session_;
};

}  // namespace chorale::testing
