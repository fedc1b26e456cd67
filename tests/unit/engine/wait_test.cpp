#include "engine/wait.hpp"

#include <gtest/gtest.h>

namespace tutti::engine {
namespace {

using std::chrono::microseconds;

TEST(Waiter, SpinsThenYieldsThenSleepsAndStartsAgainWhenSomethingMoves) {
  Waiter waiter({.spin = microseconds(10), .yield = microseconds(10)});
  TimePoint now{};
  EXPECT_EQ(waiter.next(true, now), Pause::none);
  EXPECT_EQ(waiter.next(false, now + microseconds(5)), Pause::none);
  EXPECT_EQ(waiter.next(false, now + microseconds(12)), Pause::yield);
  EXPECT_EQ(waiter.next(false, now + microseconds(25)), Pause::sleep);
  EXPECT_EQ(waiter.next(true, now + microseconds(30)), Pause::none);
  EXPECT_EQ(waiter.next(false, now + microseconds(35)), Pause::none);
}

TEST(Waiter, NeverSpinsWhereRanksShareCores) {
  Waiter waiter({.spin = microseconds(10), .yield = microseconds(10), .crowded = true});
  TimePoint now{};
  EXPECT_EQ(waiter.next(false, now), Pause::yield);
  EXPECT_EQ(waiter.next(false, now + microseconds(5)), Pause::yield);
  EXPECT_EQ(waiter.next(false, now + microseconds(15)), Pause::sleep);
}

}  // namespace
}  // namespace tutti::engine
