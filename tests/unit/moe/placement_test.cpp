#include <gtest/gtest.h>

#include "moe/placement.hpp"

namespace tutti::moe {
namespace {

TEST(Placement, EvenGivesTheFirstRanksOneMore) {
  EXPECT_EQ(Placement::even(7, 3).slots_on, (std::vector<std::int32_t>{3, 2, 2}));
  EXPECT_EQ(Placement::even(2, 4).slots_on, (std::vector<std::int32_t>{1, 1, 0, 0}));
}

TEST(Placement, NamesWhatIsWrong) {
  const auto text = [](std::vector<std::int32_t> ranks, std::vector<std::int32_t> experts) {
    const auto made = Placement::make(2, 2, ranks, experts);
    return made ? std::string() : made.error().text;
  };
  EXPECT_EQ(text({0, 1}, {1, 0}), "");
  EXPECT_EQ(text({0, 2}, {1, 0}), "slot 1 is on rank 2, which is not between 0 and 1");
  EXPECT_EQ(text({0, 1}, {0, -1}), "slot 1 holds expert -1, which is not between 0 and 1");
  EXPECT_EQ(text({0, 1}, {0, 0}), "expert 1 has no slot");
}

TEST(Placement, OfReplicasSendsToTheNearestByTurns) {
  const auto layout = topology::Layout::regular(2, 2);
  const std::vector<std::int32_t> ranks = {0, 1, 2, 3, 3};
  const std::vector<std::int32_t> experts = {0, 0, 0, 1, 0};
  const auto placement = Placement::make(2, 4, ranks, experts).value();
  const Directory own(placement, Site::of(layout, 0), false);
  EXPECT_EQ(own.find(0, 5).rank, 0);
  EXPECT_EQ(own.find(1, 5).rank, 3);
  const Directory third(placement, Site::of(layout, 3), false);
  EXPECT_EQ(third.find(0, 0).rank, 3);
  EXPECT_EQ(third.find(0, 0).slot, 1);
  const auto without =
      Placement::make(2, 4, std::vector<std::int32_t>{0, 1, 3}, std::vector<std::int32_t>{0, 0, 1}).value();
  const Directory far(without, Site::of(layout, 2), false);
  EXPECT_EQ(far.find(0, 0).rank, 0);
  EXPECT_EQ(far.find(0, 1).rank, 1);
  EXPECT_FALSE(far.is_plain());
  EXPECT_TRUE(Directory(without, Site::of(layout, 2), true).is_plain());
}

TEST(Placement, HashTellsPlacementsApart) {
  const std::vector<std::int32_t> experts = {0, 1};
  const auto a = Placement::make(2, 2, std::vector<std::int32_t>{0, 1}, experts).value();
  const auto b = Placement::make(2, 2, std::vector<std::int32_t>{1, 0}, experts).value();
  EXPECT_NE(a.hash(), b.hash());
  EXPECT_EQ(a.hash(), Placement::even(2, 2).hash());
}

}  // namespace
}  // namespace tutti::moe
