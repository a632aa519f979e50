// The search against an Nginx that is a rule: which of the apps let in it refuses, and whether it names one.
#include "agent/core/leading/culprit_search.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>

namespace chorale::agent {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Result = TrialOutcome::Result;
using Apps = std::set<std::string>;

TrialOutcome refusal(const std::string& app) { return {Result::kRefused, "bad " + app, app}; }

std::vector<std::string> names(std::size_t count) {
  std::vector<std::string> all;
  for (std::size_t i = 0; i < count; ++i) all.push_back("/" + std::to_string(100 + i));
  return all;
}

// Refuses while any of `bad` is let in; names it, or nobody.
struct Rule {
  Apps bad;
  bool names_it = true;
  TrialOutcome operator()(const Apps& held_back) const {
    for (const std::string& app : bad) {
      if (held_back.count(app) == 0) return names_it ? refusal(app) : TrialOutcome{Result::kRefused, "bad", ""};
    }
    return {Result::kAccepted, "", ""};
  }
};

struct Hunt {
  CulpritSearch search;
  int trials = 0;
};

Hunt hunt(std::vector<std::string> changed, std::size_t limit, const std::function<TrialOutcome(const Apps&)>& nginx) {
  Hunt made{CulpritSearch(std::move(changed), limit, nginx({}))};
  for (; made.search.asks() && made.trials < 1'000; ++made.trials) {
    made.search.answered(nginx(made.search.held_back()));
  }
  return made;
}

Apps found(const Hunt& hunt) {
  Apps apps;
  for (const auto& [app, error] : hunt.search.culprits()) apps.insert(app);
  return apps;
}

TEST(CulpritSearchTest, NamedAppIsConfirmedByOneTrial) {
  const Hunt made = hunt(names(50), 1, Rule{{"/107"}});
  EXPECT_EQ(made.search.state(), CulpritSearch::State::kFound);
  EXPECT_THAT(made.search.culprits(), ElementsAre(testing::Pair("/107", "bad /107")));
  EXPECT_EQ(made.trials, 1);
}

TEST(CulpritSearchTest, TwoAtOnceAreFoundOneAfterTheOther) {
  const Hunt made = hunt(names(50), 2, Rule{{"/107", "/133"}});
  EXPECT_EQ(found(made), (Apps{"/107", "/133"}));
  EXPECT_EQ(made.trials, 4) << "two to find them, and each is let in once more";
}

TEST(CulpritSearchTest, AppThatNobodyNamesIsFoundByHalving) {
  for (const char* bad : {"/100", "/101", "/131", "/162", "/163"}) {
    const Hunt made = hunt(names(64), 1, Rule{{bad}, false});
    EXPECT_EQ(found(made), Apps{bad});
    EXPECT_LE(made.trials, 1 + 6 + 1) << bad;
  }
  EXPECT_EQ(found(hunt(names(7), 3, Rule{{"/101", "/104", "/106"}, false})), (Apps{"/101", "/104", "/106"}));
}

TEST(CulpritSearchTest, OnlyChangedAppIsFoundWithoutAName) {
  EXPECT_EQ(found(hunt(names(1), 1, Rule{{"/100"}, false})), Apps{"/100"});
}

// What opens a quote is named by nobody: the line is that of the app that closes it.
TEST(CulpritSearchTest, AppThatIsNamedWithoutGuiltIsLetGo) {
  const Hunt made = hunt(names(4), 3, [](const Apps& held) -> TrialOutcome {
    if (held.count("/101") != 0) return {Result::kAccepted, "", ""};
    return held.count("/102") == 0 ? refusal("/102") : refusal("/103");
  });
  EXPECT_EQ(found(made), Apps{"/101"});
}

TEST(CulpritSearchTest, TwoThatOnlyTogetherAreRefusedCostOneOfThem) {
  const Hunt made = hunt(names(8), 1, [](const Apps& held) -> TrialOutcome {
    if (held.count("/102") != 0 || held.count("/105") != 0) return {Result::kAccepted, "", ""};
    return {Result::kRefused, "duplicate upstream", ""};
  });
  EXPECT_EQ(found(made).size(), 1U);
}

TEST(CulpritSearchTest, NamedAppThatHasNotChangedIsNoCulprit) {
  const Hunt made = hunt(names(3), 1, [](const Apps& held) -> TrialOutcome {
    return held.count("/102") != 0 ? TrialOutcome{Result::kAccepted, "", ""} : refusal("/other");
  });
  EXPECT_EQ(found(made), Apps{"/102"});
}

TEST(CulpritSearchTest, MoreThanAllowedQuarantinesNobody) {
  const Hunt made = hunt(names(60), 3, Rule{{"/101", "/102", "/103", "/104"}});
  EXPECT_EQ(made.search.state(), CulpritSearch::State::kGivenUp);
  EXPECT_THAT(made.search.culprits(), ElementsAre());
  EXPECT_THAT(made.search.why_given_up(), HasSubstr("more than 3 apps"));
  EXPECT_EQ(found(hunt(names(60), 4, Rule{{"/101", "/102", "/103", "/104"}})).size(), 4U);
}

TEST(CulpritSearchTest, WithoutRoomNothingIsAsked) {
  const Hunt made = hunt(names(2), 0, Rule{{"/100"}});
  EXPECT_EQ(made.search.state(), CulpritSearch::State::kGivenUp);
  EXPECT_EQ(made.trials, 0);
  EXPECT_THAT(made.search.why_given_up(), HasSubstr("as many apps as may be are quarantined already"));
}

TEST(CulpritSearchTest, RefusalThatNoAppExplainsQuarantinesNobody) {
  const auto refuses = [](const Apps&) { return TrialOutcome{Result::kRefused, "unknown directive", ""}; };
  const Hunt made = hunt(names(5), 3, refuses);
  EXPECT_EQ(made.search.state(), CulpritSearch::State::kGivenUp);
  EXPECT_EQ(made.search.why_given_up(), "it is refused without the changed apps as well: unknown directive");
  EXPECT_EQ(made.trials, 1);
  EXPECT_EQ(hunt({}, 3, refuses).search.state(), CulpritSearch::State::kGivenUp);
}

TEST(CulpritSearchTest, NginxThatCannotBeAskedEndsTheSearch) {
  CulpritSearch search(names(5), 3, refusal("/101"));
  search.answered({Result::kFailed, "it hangs", ""});
  EXPECT_EQ(search.state(), CulpritSearch::State::kGivenUp);
  EXPECT_EQ(search.why_given_up(), "Nginx cannot be asked: it hangs");
  search.answered({Result::kAccepted, "", ""});
  EXPECT_EQ(search.state(), CulpritSearch::State::kGivenUp);
}

}  // namespace
}  // namespace chorale::agent
