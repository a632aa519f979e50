// A pool of two as users of Nixy see it: by its pages.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>
#include <string>

#include "tests/harness/real_cluster.h"
#include "tests/harness/wait_until.h"

namespace chorale::testing {

using Json = nlohmann::ordered_json;

inline std::string text_of(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

inline Json page(const Proxy& proxy, const std::string& path) {
  return Json::parse(http_get(proxy.admin_port(), path).body, nullptr, false);
}

// The value of a sample without labels; -1: there is none.
inline double metric(const Proxy& proxy, const std::string& name) {
  const std::string text = "\n" + http_get(proxy.admin_port(), "/v1/metrics").body;
  const auto at = text.find("\n" + name + " ");
  return at == std::string::npos ? -1 : std::stod(text.substr(at + name.size() + 2));
}

// A pool of two.
class NixyContractTest : public ::testing::Test {
 protected:
  NixyContractTest() {
    std::filesystem::copy_file(CHORALE_TEMPLATE, template_file());
    cluster_ = std::make_unique<RealCluster>(
        RealCluster::Options{.proxies = 2, .more_config = "nixy_metrics = true\n", .nginx_template = template_file()});
  }
  void SetUp() override { ASSERT_TRUE(cluster().start()) << cluster().logs(); }

  [[nodiscard]] std::string template_file() const { return directory_.path() / "nginx.conf.mustache"; }
  void edit_template(const std::string& from, const std::string& to) const {
    std::string text = text_of(template_file());
    text.replace(text.find(from), from.size(), to);
    std::ofstream(directory_.path() / "next") << text;
    std::filesystem::rename(directory_.path() / "next", template_file());
  }
  [[nodiscard]] RealCluster& cluster() { return *cluster_; }
  [[nodiscard]] MarathonSimulator& marathon() { return cluster_->marathon(); }
  [[nodiscard]] bool served(const std::string& app) {
    return wait_until([&] { return cluster().routed_everywhere(app) && cluster().converged(); },
                      std::chrono::seconds(30));
  }
  [[nodiscard]] Proxy& follower() {
    return cluster().leader() == &cluster().proxy(0) ? cluster().proxy(1) : cluster().proxy(0);
  }
  // How many servers /v1/config shows behind an app, on every proxy; -1: they differ, or it is not there.
  [[nodiscard]] int tasks_of(const std::string& app) {
    std::set<int> counts;
    for (const auto& proxy : cluster().proxies()) {
      const Json apps = page(*proxy, "/v1/config").value("Apps", Json());
      const bool there = apps.is_object() && apps.contains(app);
      counts.insert(there ? static_cast<int>(apps.at(app).at("Tasks").size()) : -1);
    }
    return counts.size() == 1 ? *counts.begin() : -1;
  }
  [[nodiscard]] bool has_tasks(const std::string& app, int count) {
    return wait_until([&] { return tasks_of(app) == count; }, std::chrono::seconds(20));
  }

  TempDir directory_{"contract"};
  std::unique_ptr<RealCluster> cluster_;
};

}  // namespace chorale::testing
