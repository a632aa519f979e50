// How this agent keeps up with the state: watches, the slow timer, answers that are errors.
#include "coordination/pointer.h"

#include <gmock/gmock.h>

#include "pool.h"

namespace chorale::coordination {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::HasSubstr;

class PointerTest : public PoolTest {
 protected:
  // The state as a comes to write it, with another leader's name in it; nobody's term ends by that.
  void change_state() {
    StateDocument state = cluster_.state();
    state.leader += "'";
    write(kState, encode(state));
  }
};

TEST_F(PointerTest, ChangeIsReadAtOnce) {
  b().sent.clear();
  change_state();
  EXPECT_EQ(b().view->leader, "a'");
  EXPECT_EQ(times_asked<ReadNode>(b(), kState), 1);
  change_state();
  EXPECT_EQ(b().view->leader, "a''") << "the watch is set anew with every read";
}

TEST_F(PointerTest, ReadIsRepeatedOnTheSlowTimer) {
  change_state();
  expect_asked_after<ReadNode>(b(), kState, seconds(10));
  expect_asked_after<ReadNode>(b(), kState, seconds(10));
}

TEST_F(PointerTest, ChangeWhoseWatchWasLostIsSeenOnTheSlowTimer) {
  b().deaf = true;
  change_state();
  EXPECT_EQ(b().view->leader, "a");
  cluster_.advance(seconds(10));
  EXPECT_EQ(b().view->leader, "a'");
}

TEST_F(PointerTest, LostReadIsRepeatedAfterAMoment) {
  b().refuse = refusing<ReadNode>(kState, ErrorKind::kConnectionLoss, 1);
  change_state();
  EXPECT_EQ(b().view->leader, "a");
  expect_asked_after<ReadNode>(b(), kState, milliseconds(100));
  EXPECT_EQ(b().view->leader, "a'");
}

TEST_F(PointerTest, RefusedReadIsRepeatedAfterFiveSeconds) {
  b().refuse = refusing<ReadNode>(kState, ErrorKind::kNoAuth, 1);
  change_state();
  expect_asked_after<ReadNode>(b(), kState, seconds(5));
  EXPECT_EQ(b().view->leader, "a'");
}

// Nobody leads and the state is gone: b, which has not started to write one, waits for it.
class AbsentPointerTest : public PoolTest {
 protected:
  AbsentPointerTest() {
    text_ = cluster_.read(kState).value();
    a().hold_replies(true);
  }

  std::string text_;
};

TEST_F(AbsentPointerTest, StateThatIsCreatedIsReadAtOnce) {
  remove(kState);
  StateDocument next = decode_state(text_).value();
  next.leader = "z";
  b().sent.clear();
  create(kState, encode(next));
  EXPECT_EQ(b().view->leader, "z");
  EXPECT_EQ(times_asked<ReadNode>(b(), kState), 1);
}

TEST_F(AbsentPointerTest, LostCheckIsRepeatedAfterAMoment) {
  b().refuse = refusing<CheckNode>(kState, ErrorKind::kConnectionLoss, 1);
  remove(kState);
  expect_asked_after<CheckNode>(b(), kState, milliseconds(100));
  b().sent.clear();
  cluster_.advance(seconds(9));
  EXPECT_EQ(times_asked<CheckNode>(b(), kState), 0);
}

TEST_F(AbsentPointerTest, StateThatCameBetweenReadAndCheckIsReadAgain) {
  StateDocument next = decode_state(text_).value();
  next.leader = "z";
  bool came = false;
  b().lose_reply = [&](const Operation& operation) {
    if (!came && asks<CheckNode>(operation, kState)) {
      came = true;
      (void)cluster_.ensemble->execute(a().session(), CreateNode{Path(kState), encode(next)});
    }
    return false;
  };
  remove(kState);
  EXPECT_TRUE(came);
  EXPECT_EQ(b().view->leader, "z");
}

TEST_F(AbsentPointerTest, ConfirmedAbsenceEndsAnyComplaint) {
  write(kState, "{");
  EXPECT_THAT(b().view->zookeeper_message, HasSubstr("state cannot be read"));
  remove(kState);
  EXPECT_EQ(b().view->zookeeper_message, "OK");
}

TEST_F(PointerTest, UnreadableStateIsReportedOnceAndShownUntilItCanBeRead) {
  a().hold_replies(true);
  const std::string text = cluster_.read(kState).value();
  b().notes.clear();
  write(kState, "{");
  cluster_.advance(seconds(30));
  EXPECT_THAT(b().view->zookeeper_message, HasSubstr("state cannot be read"));
  EXPECT_EQ(b().view->leader, "a") << "what was read last stays";
  EXPECT_EQ(std::count_if(b().notes.begin(), b().notes.end(),
                          [](const std::string& note) { return note.find("cannot be read") != std::string::npos; }),
            1);
  write(kState, text);
  EXPECT_EQ(b().view->zookeeper_message, "OK");
  write(kState, "{");
  EXPECT_EQ(std::count_if(b().notes.begin(), b().notes.end(),
                          [](const std::string& note) { return note.find("cannot be read") != std::string::npos; }),
            2);
}

TEST_F(PointerTest, StateOfAnotherClusterIsShownAsSuch) {
  a().hold_replies(true);
  StateDocument foreign = cluster_.state();
  foreign.cluster_id = "another";
  foreign.leader = "z";
  write(kState, encode(foreign));
  EXPECT_THAT(b().view->zookeeper_message, HasSubstr("another cluster id"));
  EXPECT_EQ(b().view->leader, "a");
}

// One pointer alone, so that answers come in any order.
class OvertakenReadTest : public testing::Test {
 protected:
  OvertakenReadTest() {
    context_.link.connected = true;
    context_.now += seconds(100);
    answer(look(), 7, "a");
  }
  static StateDocument document(const std::string& leader) {
    StateDocument state;
    state.cluster_id = "cluster";
    state.leader = leader;
    state.term = "t";
    return state;
  }
  static Stat stat(std::int32_t version, std::int64_t created_zxid = 1) {
    Stat stat;
    stat.version = Version{version};
    stat.created_zxid = created_zxid;
    return stat;
  }
  // The number of the read that is asked for now; nullopt: none is.
  std::optional<std::uint64_t> look() {
    context_.effects.clear();
    pointer_.drive(true, "cluster");
    for (const Effect& effect : context_.effects) {
      const auto* store = std::get_if<StoreEffect>(&effect);
      const auto* request = store == nullptr ? nullptr : std::get_if<SendRequest>(store);
      if (request != nullptr) return request->request;
    }
    return std::nullopt;
  }
  void answer(std::optional<std::uint64_t> request, std::int32_t version, const std::string& leader) {
    ASSERT_TRUE(request);
    context_.reply(StoreReplied{*request, Answer(NodeRead{encode(document(leader)), stat(version)})});
  }

  Context context_{CoordinatorOptions{}};
  Pointer pointer_{context_};
};

TEST_F(OvertakenReadTest, ReadThatWasSentBeforeTheOwnWriteWasAnsweredIsDroppedAndRepeated) {
  pointer_.suspect();
  const auto under_way = look();
  pointer_.wrote(document("b"), stat(8));
  const std::uint64_t reads = pointer_.reads();
  answer(under_way, 7, "a");
  EXPECT_EQ(pointer_.document()->leader, "b");
  EXPECT_EQ(pointer_.version(), Version{8});
  EXPECT_EQ(pointer_.reads(), reads);
  answer(look(), 6, "put back");
  EXPECT_EQ(pointer_.document()->leader, "put back") << "sent later, so it is no echo";
}

TEST_F(OvertakenReadTest, NewerOrEqualAnswerCountsAlthoughItWasSentBefore) {
  for (const std::int32_t version : {8, 9}) {
    pointer_.suspect();
    const auto under_way = look();
    pointer_.wrote(document("b"), stat(8));
    answer(under_way, version, "c");
    EXPECT_EQ(pointer_.document()->leader, "c");
    EXPECT_FALSE(look()) << "nothing is to be repeated";
  }
}

TEST_F(OvertakenReadTest, LowerVersionOfAReadThatWasSentAfterTheWriteCounts) {
  pointer_.wrote(document("b"), stat(8));
  pointer_.suspect();
  answer(look(), 3, "put back");
  EXPECT_EQ(pointer_.document()->leader, "put back");
  EXPECT_EQ(pointer_.version(), Version{3});
  EXPECT_EQ(pointer_.state(), Pointer::State::kRead);
}

TEST_F(OvertakenReadTest, NumbersThatAreDamageHideNoOthers) {
  StateDocument state = document("a");
  state.epoch = Epoch{7};
  state.last_revision = Revision{41};
  pointer_.wrote(state, stat(8));
  StateDocument hostile = state;
  hostile.epoch = Epoch{9'000'000'000'000'000'000};
  pointer_.wrote(hostile, stat(9));
  EXPECT_EQ(pointer_.document()->epoch, hostile.epoch) << "it is what stands there";
  hostile = state;
  hostile.last_revision = Revision{9'000'000'000'000'000'000};
  pointer_.wrote(hostile, stat(10));
  EXPECT_EQ(pointer_.highest_epoch(), Epoch{7});
  EXPECT_EQ(pointer_.highest_revision(), Revision{41});
  state.epoch = kHighestEpoch;
  state.last_revision = kHighestRevision;
  pointer_.wrote(state, stat(11));
  EXPECT_EQ(pointer_.highest_epoch(), kHighestEpoch);
  EXPECT_EQ(pointer_.highest_revision(), kHighestRevision);
}

}  // namespace
}  // namespace chorale::coordination
