#include "tools/run/binding.hpp"

#include <gtest/gtest.h>
#include <sched.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

namespace tutti::run {
namespace {

using Bound = std::vector<Processors>;

const Bound kThree = {{0, 3}, {1, 4}, {2, 5}};  // of two processors each

TEST(Binding, GivesEachRankItsShareOfTheCoresWhenThereIsOneForEach) {
  EXPECT_EQ(binding_of("", 3, kThree).value(), kThree);
  EXPECT_EQ(binding_of("", 2, kThree).value(), (Bound{{0, 3}, {1, 4, 2, 5}}));
  EXPECT_EQ(binding_of("share", 1, kThree).value(), (Bound{{0, 3, 1, 4, 2, 5}}));
}

TEST(Binding, LeavesRanksToTheSchedulerWhenTheyAreMoreThanCoresUnlessItIsToldOtherwise) {
  EXPECT_EQ(binding_of("", 4, kThree).value(), Bound{});
  EXPECT_EQ(binding_of("none", 2, kThree).value(), Bound{});
  EXPECT_EQ(binding_of("core", 2, kThree).value(), (Bound{{0, 3}, {1, 4}}));
  EXPECT_EQ(binding_of("core", 5, kThree).value(), (Bound{{0, 3}, {0, 3}, {1, 4}, {1, 4}, {2, 5}}));
}

TEST(Binding, RefusesWhatIsNotThere) {
  for (const auto& [how, why] : {std::pair("socket", "core, share or none"), std::pair("share", "4 ranks")}) {
    const auto refused = binding_of(how, 4, kThree);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Code::invalid_argument);
    EXPECT_NE(refused.error().text.find(why), std::string::npos) << refused.error().text;
  }
}

TEST(Binding, FindsTheProcessorsOfThisProcessAndWhichOfThemAreOneCore) {
  cpu_set_t set;
  ASSERT_EQ(::sched_getaffinity(0, sizeof set, &set), 0);
  const auto usable = static_cast<std::size_t>(CPU_COUNT(&set));
  const auto apart = usable_cores("/nowhere");
  ASSERT_EQ(apart.size(), usable);
  EXPECT_TRUE(std::ranges::all_of(apart, [&](const Processors& core) { return CPU_ISSET(core.front(), &set); }));
  const std::filesystem::path sys = std::filesystem::path(testing::TempDir()) / "binding_sys";
  for (const Processors& core : apart) {
    const auto folder = sys / ("cpu" + std::to_string(core.front())) / "topology";
    std::filesystem::create_directories(folder);
    std::ofstream(folder / "thread_siblings_list") << "0-1023\n";
  }
  const auto one = usable_cores(sys);
  ASSERT_EQ(one.size(), 1U);
  EXPECT_EQ(one.front().size(), usable);
  std::filesystem::remove_all(sys);
}

}  // namespace
}  // namespace tutti::run
