// Nginx names the file that it was given; its author knows the template.
#include "agent/cli/refusal_text.h"

#include <gtest/gtest.h>

namespace chorale::agent {
namespace {

class RefusalTextTest : public ::testing::Test {
 protected:
  static constexpr const char* kText =
      "http {\n"
      "{{#apps}}\n"
      "  # {{id}}\n"
      "  bogus;\n"
      "{{/apps}}\n"
      "  worse;\n"
      "}\n";
  static render::RoutingState two_apps() {
    render::RoutingState state;
    for (const char* id : {"/a", "/b"}) {
      render::App app;
      app.id = id;
      app.name = id + 1;
      app.path = id;
      app.ports.resize(1);
      state.apps.push_back(app);
    }
    return state;
  }
  std::string text(const std::string& refusal) const {
    return refusal_in_template(refusal, "/etc/nginx/.draft.conf", compiled_, state_);
  }
  render::Template compiled_ = *render::Template::compile(kText, "new.mustache", {});
  render::RoutingState state_ = two_apps();
};

TEST_F(RefusalTextTest, LineOfTheTemplateAndTheAppAreNamed) {
  // http {, # /a, bogus, # /b, bogus, worse, }
  EXPECT_EQ(text("nginx: [emerg] unknown directive \"bogus\" in /etc/nginx/.draft.conf:5"),
            "new.mustache:4: Nginx refuses it (with the values of app /b): unknown directive \"bogus\"");
  EXPECT_EQ(text("nginx: [emerg] unknown directive \"worse\" in /etc/nginx/.draft.conf:6"),
            "new.mustache:6: Nginx refuses it: unknown directive \"worse\"");
}

TEST_F(RefusalTextTest, WhatToDoIsKept) {
  EXPECT_EQ(text("nginx: [emerg] unknown directive \"worse\" in /etc/nginx/.draft.conf:6; load the module"),
            "new.mustache:6: Nginx refuses it: unknown directive \"worse\"; load the module");
}

TEST_F(RefusalTextTest, WithoutAPlaceItsWordsStay) {
  EXPECT_EQ(text("nginx: [emerg] bind() to 0.0.0.0:80 failed"),
            "new.mustache: Nginx refuses it: nginx: [emerg] bind() to 0.0.0.0:80 failed");
  EXPECT_EQ(text("nginx: [emerg] no \"x\" in /etc/nginx/other.conf:6"),
            "new.mustache: Nginx refuses it: nginx: [emerg] no \"x\" in /etc/nginx/other.conf:6");
}

TEST_F(RefusalTextTest, LineThatNothingWroteIsOneOfWhatIsRendered) {
  EXPECT_EQ(text("nginx: [emerg] unexpected end of file in /etc/nginx/.draft.conf:4711"),
            "new.mustache: Nginx refuses it: unexpected end of file in line 4711 of what `chorale render` prints");
}

}  // namespace
}  // namespace chorale::agent
