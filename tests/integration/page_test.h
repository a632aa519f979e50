// The page at / of one proxy of a real cluster, in a real browser.
//
// With CHORALE_SCREENSHOTS=DIRECTORY each state is kept there as PNG, whole, 1280 and 390 px wide, light and dark.
#pragma once

#include <cstdlib>
#include <string>
#include <utility>

#include "tests/harness/browser.h"
#include "tests/integration/led_cluster.h"

namespace chorale::testing {

class ClusterPageTest : public LedClusterTest {
 protected:
  ClusterPageTest() : LedClusterTest({.proxies = 3}) {}

  void open(const Proxy& proxy) { browser_.open("http://127.0.0.1:" + std::to_string(proxy.admin_port()) + "/"); }
  // The part of the page says it, before long.
  ::testing::AssertionResult says(const std::string& selector, const std::string& text) {
    if (wait_until([&] { return browser_.text(selector).find(text) != std::string::npos; }, std::chrono::seconds(20))) {
      return ::testing::AssertionSuccess();
    }
    return ::testing::AssertionFailure() << selector << " does not say \"" << text << "\": " << browser_.text("body");
  }
  // As a person does who types over what stands there.
  void search(const std::string& text) {
    browser_.run("$('search').value = ''; showApps();");
    browser_.type("#search", text);
  }
  void prefer(const std::string& scheme) {
    browser_.devtools("Emulation.setEmulatedMedia",
                      {{"features", {{{"name", "prefers-color-scheme"}, {"value", scheme}}}}});
  }
  // Nothing stands out to the side, at a desk and on a phone.
  void fits(const std::string& name) {
    for (const auto& [width, height] : {std::pair{1280, 900}, {390, 844}}) {
      browser_.resize(width, height);
      EXPECT_LE(browser_.run("return document.documentElement.scrollWidth"), width) << name;
      if (const char* directory = std::getenv("CHORALE_SCREENSHOTS")) {
        const std::string begin = std::string(directory) + "/" + name + "-" + std::to_string(width);
        browser_.resize(width, browser_.run("return Math.max(600, document.documentElement.scrollHeight)").get<int>());
        for (const std::string scheme : {"light", "dark"}) {
          prefer(scheme);
          browser_.screenshot(begin + "-" + scheme + ".png");
        }
        prefer("light");
      }
    }
    browser_.resize(1280, 900);
  }

  Browser browser_;
};

}  // namespace chorale::testing
