#include "transports/shm/stores.hpp"

#include <gtest/gtest.h>

namespace tutti::transport::shm {
namespace {

constexpr std::size_t kPiece = std::size_t{32} << 10;

// What a byte takes both sides, in ps.
struct Machine {
  std::uint32_t ordinary = 0;
  std::uint32_t streaming = 0;

  [[nodiscard]] std::uint32_t of(Stores stores) const { return stores == Stores::ordinary ? ordinary : streaming; }
};

// A ring whose reader tells all that it has measured before the next piece is written.
class Ring {
 public:
  // Gives how many of so many pieces were written with streaming stores.
  int write(int pieces, const Machine& machine) {
    int streaming = 0;
    for (int i = 0; i < pieces; ++i) {
      const auto plan = choice_.next(kPiece);
      if (!plan) continue;
      streaming += plan->stores == Stores::streaming ? 1 : 0;
      if (!plan->is_timed) continue;
      const std::uint64_t each = machine.of(plan->stores) * kPiece / 1000 / 2;
      choice_.wrote(*plan, kPiece, each);
      reading_[plan->place()].add(kPiece, each);
      for (std::size_t place = 0; place < kStores; ++place) told_[place] = reading_[place].least();
      choice_.heard(told_);
    }
    return streaming;
  }

 private:
  StoreChoice choice_;
  std::array<RecentCost, kStores> reading_;
  std::array<std::uint32_t, kStores> told_{};
};

TEST(RecentCost, IsTheLeastOfTheLastFour) {
  RecentCost cost;
  EXPECT_EQ(cost.least(), 0U);
  cost.add(1000, 50);
  cost.add(1000, 900'000);  // was interrupted
  EXPECT_EQ(cost.least(), 50U);
  for (int i = 0; i < 3; ++i) cost.add(1000, 80);
  EXPECT_EQ(cost.least(), 80U) << "the first is too long ago";
  cost.add(1 << 20, 0);
  EXPECT_EQ(cost.least(), 1U) << "known, however quick";
}

TEST(StoreChoice, TriesBothAndKeepsTheQuicker) {
  Ring far;
  far.write(20, {500, 100});
  EXPECT_EQ(far.write(100, {500, 100}), 100);
  Ring near;
  near.write(20, {80, 100});
  EXPECT_EQ(near.write(100, {80, 100}), 0);
}

TEST(StoreChoice, NoticesThatCoresCameApartAndTogetherAgain) {
  Ring ring;
  ring.write(100, {80, 100});
  // What is slower than the other once was is left at once; what is quicker than before is found at the next try.
  ring.write(80, {500, 100});
  EXPECT_GE(ring.write(1000, {500, 100}), 990);
  ring.write(600, {60, 100});
  EXPECT_LE(ring.write(1000, {60, 100}), 10);
}

TEST(StoreChoice, TriesSeldom) {
  Ring ring;
  ring.write(20, {500, 100});
  const int streaming = ring.write(10'000, {500, 100});
  EXPECT_LT(streaming, 10'000);
  EXPECT_GT(streaming, 9'900);
}

TEST(StoreChoice, IsNotAboutShortPieces) {
  EXPECT_FALSE(StoreChoice().next(4096));
  EXPECT_TRUE(StoreChoice().next(8192));
}

TEST(StoreChoice, StaysOrdinaryWhileTheReaderSaysNothing) {
  StoreChoice choice;
  int streaming = 0;
  for (int i = 0; i < 1000; ++i) {
    const auto plan = choice.next(kPiece);
    choice.wrote(*plan, kPiece, plan->stores == Stores::streaming ? 1 : 1000);
    streaming += plan->stores == Stores::streaming ? 1 : 0;
  }
  EXPECT_LT(streaming, 20);
}

TEST(StoreChoice, MayBeLiedTo) {
  StoreChoice choice;
  for (std::uint32_t lie : {0U, 1U, ~0U}) {
    choice.heard({lie, ~lie});
    for (int i = 0; i < 100; ++i) EXPECT_TRUE(choice.next(kPiece));
  }
}

}  // namespace
}  // namespace tutti::transport::shm
