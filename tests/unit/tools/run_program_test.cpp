#include "tools/run/program.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "tools/run/placement.hpp"

namespace tutti::run {
namespace {

TEST(Placement, MakesBlocksAsEvenAsTheRanksAllow) {
  EXPECT_EQ(*place("2", 5), (std::vector<int>{0, 0, 0, 1, 1}));
  EXPECT_EQ(*place("3", 3), (std::vector<int>{0, 1, 2}));
  EXPECT_EQ(*place("1", 2), (std::vector<int>{0, 0}));
  EXPECT_EQ(*place("1,3", 4), (std::vector<int>{0, 1, 1, 1}));
}

TEST(Placement, RefusesNodesWithoutRanksAndRanksWithoutNodes) {
  for (const char* text : {"0", "-1", "4", "x", "", "1,", "1,1", "2,2", ",", "1,0,2"})
    EXPECT_FALSE(place(text, 3)) << text;
}

TEST(Program, IsFoundInPathOrByItsName) {
  EXPECT_EQ(*find_program("sh", "/nowhere:/bin"), "/bin/sh");
  EXPECT_EQ(*find_program("/bin/sh", ""), "/bin/sh");
  EXPECT_NE(find_program("no-such-thing", "/bin").error().text.find("no such command"), std::string::npos);
  EXPECT_NE(find_program("/etc/passwd", "").error().text.find("not executable"), std::string::npos);
  EXPECT_FALSE(find_program("/", ""));
  EXPECT_FALSE(find_program("", "/bin"));
}

TEST(Environment, SeatsTheRankAndForgetsTheSeatOfTheLauncher) {
  const std::vector<const char*> inherited = {"HOME=/root", "TUTTI_RANK=9", "TUTTI_ADDRESS=a:1", "TUTTI_NODE_ID=old",
                                              "TUTTI_TIMEOUT=5s"};
  const auto all = environment_of({2, 4, "/proc/1/fd/3", "node1"}, inherited);
  EXPECT_EQ(all, (std::vector<std::string>{"HOME=/root", "TUTTI_TIMEOUT=5s", "TUTTI_RANK=2", "TUTTI_WORLD_SIZE=4",
                                           "TUTTI_UNIQUE_ID_FILE=/proc/1/fd/3", "TUTTI_NODE_ID=node1"}));
  const auto same_node = environment_of({0, 1, "", ""}, inherited);
  EXPECT_NE(std::find(same_node.begin(), same_node.end(), "TUTTI_NODE_ID=old"), same_node.end());
}

}  // namespace
}  // namespace tutti::run
