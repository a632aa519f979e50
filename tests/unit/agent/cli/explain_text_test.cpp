// An explanation as people read it.
#include "agent/cli/explain_text.h"

#include <gtest/gtest.h>

namespace chorale::agent {
namespace {

TEST(ExplainTextTest, SaysTheVerdictThenHowItIsReachedThenTheRest) {
  Explanation said;
  said.app = "/web";
  said.routed = true;
  said.verdict = "/web is routed: 1 of its 4 tasks serves it";
  said.path = "/web";
  said.hosts = {"web", "www"};
  said.urls = {"http://proxy-1/web/"};
  said.shown_with = {"/web-green"};
  said.tasks = {{"web.1", "slave-1", "TASK_RUNNING", "10.0.0.1:1", true, true, ""},
                {"web.2", "slave-2", "TASK_RUNNING", "", false, false, "a health check fails"},
                {"web.3", "slave-3", "TASK_STAGING", "", false, false, "TASK_STAGING"},
                {"web.4", "slave-4", "TASK_UNREACHABLE", "10.0.0.4:1", true, false, "it is gone"},
                {"web.5", "", "TASK_RUNNING", "10.0.0.5:1", false, true, ""}};
  said.reduced = {"is served without host x: it belongs to /other"};
  said.conflicts = {{"x", "/other"}};
  said.quarantined = coordination::QuarantineEntry{"/web", "[emerg]\x1b no", "d", "noon"};
  said.pending = {"what is committed does not have yet: web.5"};
  said.withheld = {{"BLOCKED", "since noon: 2 of 3 refuse it"}};
  said.next = {"Do this."};
  said.notes = {"revision 7.41 is committed"};
  EXPECT_EQ(explain_text(said), R"(/web is routed: 1 of its 4 tasks serves it

path        /web
hosts       web, www
url         http://proxy-1/web/
as one      with /web-green
tasks
  in        web.1 at 10.0.0.1:1
  out       web.2 on slave-2: a health check fails
  out       web.3 on slave-3: TASK_STAGING
  still     web.4 at 10.0.0.4:1, TASK_UNREACHABLE: it is gone
  soon      web.5 at 10.0.0.5:1
but         it is served without host x: it belongs to /other
conflict    host x is /other's
quarantined since noon: [emerg]\x1b no
pending     what is committed does not have yet: web.5
BLOCKED     since noon: 2 of 3 refuse it
next        Do this.
as of       revision 7.41 is committed
)");
}

TEST(ExplainTextTest, WhatIsNotThereHasNoLine) {
  Explanation said;
  said.verdict = "/x is not routed: Marathon has no app and no pod of this id";
  EXPECT_EQ(explain_text(said), said.verdict + "\n\n");
  said.urls = {"http://proxy-1/x/"};
  EXPECT_EQ(explain_text(said), said.verdict + "\n\nurl (then)  http://proxy-1/x/\n");
  said.routed = true;
  EXPECT_EQ(explain_text(said), said.verdict + "\n\nurl         http://proxy-1/x/\n");
  said.not_here = "its Nginx is down";
  EXPECT_EQ(explain_text(said), said.verdict + "\n\nurl (then)  http://proxy-1/x/\n");
}

}  // namespace
}  // namespace chorale::agent
