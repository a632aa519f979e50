// The running Nginx, as its pid file and /proc show it.
#include "agent/nginx/master.h"

#include <gtest/gtest.h>

#include "agent/nginx/inspection.h"
#include "tests/unit/agent/nginx/fake_nginx.h"

namespace chorale::agent {
namespace {

TEST(FindMasterTest, LiveMasterIsFoundThroughTheFirstPidFileThatNamesOne) {
  const FakeNginx nginx;
  const testing::TempDir directory("pids");
  const std::string empty = directory.path() / "empty.pid";
  write_file(empty, "");
  const auto master = find_master({empty, nginx.pid_file()}, "nginx");
  ASSERT_TRUE(master) << master.error().message;
  EXPECT_EQ(*master, nginx.process());
}

TEST(FindMasterTest, TheFirstPidFileSaysWhyThereIsNone) {
  const testing::TempDir directory("pids");
  const std::string empty = directory.path() / "empty.pid";
  const std::string missing = directory.path() / "missing.pid";
  write_file(empty, "\n");
  const auto message = [](const std::vector<std::string>& files) {
    const auto master = find_master(files, "nginx");
    return master ? std::string("found") : master.error().message;
  };
  EXPECT_EQ(message({empty, missing}), "the pid file " + empty + " holds no pid: Nginx is not running");
  EXPECT_EQ(message({missing, empty}).substr(0, 20), "there is no pid file");
  EXPECT_EQ(message({}), "no pid file is known");
}

TEST(FindMasterTest, DeadAndForeignProcessesAreNoMaster) {
  FakeNginx nginx;
  const std::string pid = std::to_string(nginx.pid());
  nginx.end();
  const auto dead = find_master({nginx.pid_file()}, "nginx");
  ASSERT_FALSE(dead);
  EXPECT_EQ(dead.error().message, "Nginx is not running: no process " + pid + ", as named by " + nginx.pid_file());
  const FakeNginx other(kReplaceWorkers, "angie: master process");
  EXPECT_TRUE(find_master({other.pid_file()}, "angie"));
  const auto foreign = find_master({other.pid_file()}, "nginx");
  ASSERT_FALSE(foreign);
  EXPECT_NE(foreign.error().message.find("is not an Nginx master but \"angie:\": it is not signalled"),
            std::string::npos);
}

TEST(FindMasterTest, ZombieIsNoMaster) {
  const testing::TempDir directory("zombie");
  const std::string file = directory.path() / "nginx.pid";
  const pid_t pid = fork();
  if (pid == 0) _exit(0);
  write_file(file, std::to_string(pid));
  ASSERT_TRUE(testing::wait_until(
      [pid] {
        const auto stat = process_stat(pid);
        return stat && stat->state == 'Z';
      },
      Milliseconds(10'000)));
  const auto master = find_master({file}, "nginx");
  waitpid(pid, nullptr, 0);
  ASSERT_FALSE(master);
  EXPECT_EQ(master.error().message.substr(0, 20), "Nginx is not running");
}

TEST(WorkersTest, ThoseThatShutDownAreLeaving) {
  const FakeNginx nginx("worker \" is shutting down\"");
  EXPECT_EQ(workers_of(nginx.pid()).serving.size(), 2u);
  EXPECT_TRUE(workers_of(nginx.pid()).leaving.empty());
  kill(nginx.pid(), SIGHUP);
  EXPECT_TRUE(testing::wait_until([&] { return workers_of(nginx.pid()).leaving.size() == 1; }, Milliseconds(10'000)));
  EXPECT_EQ(workers_of(nginx.pid()).serving.size(), 2u);
  EXPECT_TRUE(workers_of(getpid()).serving.empty());  // its child is a master
}

TEST(SignalReloadTest, ReachesTheVerifiedProcessOnly) {
  const FakeNginx nginx;
  const MasterProcess master = nginx.process();
  const std::vector<int> before = workers_of(master.pid).serving;
  EXPECT_EQ(signal_reload({master.pid, master.started_ms + 10}, "nginx"), Signalled::kGone);
  EXPECT_EQ(signal_reload({getpid(), process_stat(getpid())->started_ms}, "nginx"), Signalled::kGone);
  EXPECT_EQ(workers_of(master.pid).serving, before);
  EXPECT_EQ(signal_reload(master, "nginx"), Signalled::kSent);
  EXPECT_TRUE(testing::wait_until(
      [&] {
        const std::vector<int> now = workers_of(master.pid).serving;
        return now.size() == 2 && now != before;
      },
      Milliseconds(10'000)));
}

TEST(ProcessStatTest, TellsOfThisProcess) {
  const auto stat = process_stat(getpid());
  ASSERT_TRUE(stat);
  EXPECT_EQ(stat->parent, getppid());
  EXPECT_GT(stat->started_ms, 0);
  EXPECT_EQ(pid_in_own_namespace(getpid()), getpid());
}

class InspectionTest : public ::testing::Test {
 protected:
  [[nodiscard]] Inspection look(const std::optional<ConfigView>& known = std::nullopt) const {
    return inspect(file_, known, {{nginx_.pid_file()}, {}}, "nginx", watched_);
  }

  std::vector<std::string> watched_;
  testing::TempDir directory_{"inspection"};
  std::string target_ = directory_.path() / "nginx.conf";
  ConfigFile file_{target_, directory_.path()};
  FakeNginx nginx_;
};

TEST_F(InspectionTest, SeesMasterWorkersAndFile) {
  write_file(target_, "pid /x;\n");
  const Inspection found = look();
  ASSERT_TRUE(found.event.master);
  EXPECT_EQ(*found.event.master, nginx_.process());
  EXPECT_EQ(found.event.workers, 2);
  EXPECT_EQ(found.event.old_workers, 0);
  ASSERT_TRUE(found.event.file);
  EXPECT_EQ(*found.event.file, content_of("pid /x;\n"));
  ASSERT_TRUE(found.view);
  EXPECT_EQ(found.view->directives.pid, "/x");
}

TEST_F(InspectionTest, FileIsReadAgainOnlyIfItsSignatureDiffers) {
  write_file(target_, "one\n");
  std::optional<ConfigView> known = look().view;
  ASSERT_TRUE(known);
  known->content.body = "as remembered";
  EXPECT_EQ((*look(known).event.file)->body, "as remembered");
  write_file(target_, "another\n");
  EXPECT_EQ(*look(known).event.file, content_of("another\n"));
}

TEST_F(InspectionTest, MissingFileIsNoneAndAnUnreadableOneAnError) {
  write_file(target_, "one\n");
  const std::optional<ConfigView> known = look().view;
  unlink(target_.c_str());
  const Inspection gone = look(known);
  ASSERT_TRUE(gone.event.file);
  EXPECT_FALSE(*gone.event.file);
  EXPECT_FALSE(gone.view);
  std::filesystem::create_directory(target_);
  EXPECT_FALSE(look().event.file);
  nginx_.end();
  EXPECT_FALSE(look().event.master);
  EXPECT_EQ(look().event.workers, 0);
}

TEST_F(InspectionTest, WatchedFilesShowEveryChange) {
  const std::string file = directory_.path() / "a.pem";
  const std::string link = directory_.path() / "live.pem";
  watched_ = {link};
  EXPECT_EQ(look().event.watched, (FileStamps{{link, "missing"}}));
  write_file(file, "one");
  symlink(file.c_str(), link.c_str());
  const FileStamps one = look().event.watched;
  EXPECT_NE(one.at(link), "missing");
  EXPECT_EQ(look().event.watched, one);
  write_file(file, "two");
  const FileStamps two = look().event.watched;
  EXPECT_NE(two, one);
  write_file(file + "-next", "two");
  rename((file + "-next").c_str(), file.c_str());
  EXPECT_NE(look().event.watched, two);
}

}  // namespace
}  // namespace chorale::agent
