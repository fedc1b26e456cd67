#include "engine/wait.hpp"

#include <gtest/gtest.h>

namespace tutti::engine {
namespace {

using std::chrono::microseconds;

TEST(Waiter, SpinsThenOffersTheCoreThenSleepsAndStartsAgainWhenSomethingMoves) {
  Waiter waiter({.spin = microseconds(15), .tight = microseconds(8), .yield = microseconds(10)});
  TimePoint now{};
  EXPECT_EQ(waiter.next(true, now), Pause::none);
  EXPECT_EQ(waiter.next(false, now + microseconds(5)), Pause::none);
  EXPECT_EQ(waiter.next(false, now + microseconds(12)), Pause::yield);
  EXPECT_EQ(waiter.next(false, now + microseconds(20)), Pause::yield);
  EXPECT_EQ(waiter.next(false, now + microseconds(25)), Pause::sleep);
  EXPECT_EQ(waiter.next(true, now + microseconds(30)), Pause::none);
  EXPECT_EQ(waiter.next(false, now + microseconds(35)), Pause::none);
}

TEST(Waiter, PollsBetweenItsOffersOfTheCoreWhileItSpins) {
  Waiter waiter({.spin = microseconds(40), .tight = microseconds(8), .yield = microseconds(10)});
  TimePoint now{};
  EXPECT_EQ(waiter.next(true, now), Pause::none);
  EXPECT_EQ(waiter.next(false, now + microseconds(10)), Pause::yield);
  EXPECT_EQ(waiter.next(false, now + microseconds(12)), Pause::none);
  EXPECT_EQ(waiter.next(false, now + microseconds(17)), Pause::none);
  EXPECT_EQ(waiter.next(false, now + microseconds(18)), Pause::yield);
  EXPECT_EQ(waiter.next(false, now + microseconds(41)), Pause::yield) << "at each turn, when it has spun";
  EXPECT_EQ(waiter.next(false, now + microseconds(42)), Pause::yield);
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
