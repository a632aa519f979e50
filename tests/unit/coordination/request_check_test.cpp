#include "coordination/request_check.h"

#include <gtest/gtest.h>

namespace chorale::coordination {
namespace {

bool fine(const std::string& path) { return !check_request(ReadNode{Path(path)}); }

TEST(RequestCheckTest, AcceptsZnodePaths) {
  for (const auto* path : {"/", "/a", "/a/b", "/a/...", "/a.b/.c", "/~", "/a b", "/\u00e9"}) {
    EXPECT_TRUE(fine(path)) << path;
  }
}

TEST(RequestCheckTest, RefusesWhatIsNoZnodePath) {
  for (const auto* path : {"", "a", "a/b", "//", "/a/", "/a//b", "//a", "/.", "/..", "/a/.", "/a/../b", "/a/./b",
                           "/a\n", "/\x1f", "/a\x7f", "/a/b\tc"}) {
    EXPECT_FALSE(fine(path)) << path;
  }
}

TEST(RequestCheckTest, NamesThePathThatItRefuses) {
  const auto error = check_request(CheckNode{Path("/a/")});
  ASSERT_TRUE(error);
  EXPECT_EQ(error->kind, ErrorKind::kBadRequest);
  EXPECT_EQ(error->message, "'/a/' is not a valid znode path");
}

TEST(RequestCheckTest, DataHasALimit) {
  const std::string most(kMaxDataBytes, 'x');
  EXPECT_FALSE(check_request(CreateNode{Path("/a"), most}));
  EXPECT_FALSE(check_request(WriteNode{Path("/a"), most, kAnyVersion}));
  for (const Operation& operation :
       {Operation(CreateNode{Path("/a"), most + "x"}), Operation(WriteNode{Path("/a"), most + "x", kAnyVersion})}) {
    const auto error = check_request(operation);
    ASSERT_TRUE(error);
    EXPECT_EQ(error->kind, ErrorKind::kBadRequest);
    EXPECT_EQ(error->message, "the data for /a has 921601 bytes, over the limit of 921600");
  }
}

TEST(RequestCheckTest, EveryOperationHasItsPath) {
  const Path path("/a");
  for (const Operation& operation :
       {Operation(CreateNode{path, "x"}), Operation(ReadNode{path}), Operation(WriteNode{path, "x", kAnyVersion}),
        Operation(DeleteNode{path, kAnyVersion}), Operation(ListChildren{path}), Operation(CheckNode{path}),
        Operation(SyncPath{path})}) {
    EXPECT_EQ(path_of(operation), path);
  }
}

}  // namespace
}  // namespace chorale::coordination
