// Every algorithm, every world size up to a bound, every root, several segment counts, in-place and not, all modes:
// proven by symbolic execution.
#include <gtest/gtest.h>

#include <algorithm>

#include "plan/verify/verify.hpp"

namespace tutti::plan {
namespace {

std::string name_of(const testing::TestParamInfo<const Algorithm*>& info) {
  return std::string(to_string(info.param->collective)) + "_" + std::string(info.param->name);
}

std::vector<const Algorithm*> all() {
  std::vector<const Algorithm*> list;
  for (const Algorithm& algorithm : algorithms()) list.push_back(&algorithm);
  return list;
}

class EveryAlgorithm : public testing::TestWithParam<const Algorithm*> {
 protected:
  void prove(std::int32_t ranks, std::uint32_t segments, std::int32_t root) {
    const Algorithm& algorithm = *GetParam();
    for (const bool in_place : {false, true}) {
      for (const int mode : {0, 1, 2, 3}) {
        if (mode != 0 && !is_reduction(algorithm.collective)) continue;
        const Plan plan{.algorithm = &algorithm,
                        .ranks = ranks,
                        .root = Rank{root},
                        .segments = segments,
                        .widened = (mode & 1) != 0,
                        .divides = (mode & 2) != 0};
        const auto proven = verify(plan, {.in_place = in_place, .seed = static_cast<std::uint64_t>(ranks * 7 + mode)});
        ASSERT_TRUE(proven) << describe(plan) << (in_place ? " in place: " : ": ") << proven.error().text;
      }
    }
  }

  bool allows(std::int32_t ranks) { return !GetParam()->power_of_two || is_power_of_two(ranks); }
};

TEST_P(EveryAlgorithm, IsRightForEveryWorldSizeUpTo20) {
  for (std::int32_t ranks = 1; ranks <= 20; ++ranks) {
    if (allows(ranks)) prove(ranks, 1, ranks / 2);
  }
}

TEST_P(EveryAlgorithm, IsRightForSomeLargerWorlds) {
  for (const std::int32_t ranks : {31, 32, 33, 48}) {
    if (allows(ranks)) prove(ranks, 1, ranks - 1);
  }
}

TEST_P(EveryAlgorithm, IsRightForEverySegmentCount) {
  if (!GetParam()->segmented) return;
  for (const std::int32_t ranks : {1, 2, 3, 4, 7, 8}) {
    for (const std::uint32_t segments : {2U, 3U, 8U}) {
      if (allows(ranks)) prove(ranks, segments, 0);
    }
  }
}

TEST_P(EveryAlgorithm, IsRightForEveryRoot) {
  if (!has_root(GetParam()->collective)) return;
  for (const std::int32_t ranks : {2, 3, 5, 8}) {
    for (std::int32_t root = 0; root < ranks; ++root) prove(ranks, 2, root);
  }
}

TEST_P(EveryAlgorithm, IsRightInEveryOrderOfEventsTried) {
  if (!allows(8)) return;
  const Plan plan{.algorithm = GetParam(), .ranks = 8, .root = Rank{3}, .segments = GetParam()->segmented ? 3U : 1U};
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    const auto proven = verify(plan, {.in_place = seed % 2 == 0, .seed = seed});
    ASSERT_TRUE(proven) << "seed " << seed << ": " << proven.error().text;
  }
}

// The volumes that prices are made from are those of the programs.
TEST_P(EveryAlgorithm, MovesWhatItsVolumeSays) {
  for (const std::int32_t ranks : {2, 4, 8, 16, 5, 12}) {
    if (!allows(ranks)) continue;
    const Plan plan{.algorithm = GetParam(), .ranks = ranks};
    const Volume volume = GetParam()->volume(ranks);
    double most_messages = 0;
    double most_chunks = 0;
    for (std::int32_t rank = 0; rank < ranks; ++rank) {
      const Program program = lower(plan, Rank{rank}, false);
      double messages[2] = {0, 0};  // sent, received
      double chunks[2] = {0, 0};
      for (std::uint32_t i = 0; i < program.size(); ++i) {
        const Step& step = program.steps[i];
        if (step.verb == Verb::copy || step.verb == Verb::reduce) continue;
        const int way = step.verb == Verb::send ? 0 : 1;
        messages[way] += 1;
        chunks[way] += step.src == Buffer::token || step.dst == Buffer::token ? 0 : step.chunks;
      }
      most_messages = std::max({most_messages, messages[0], messages[1]});
      most_chunks = std::max({most_chunks, chunks[0] / program.chunks, chunks[1] / program.chunks});
    }
    const double bytes = volume.gather + volume.spread;
    EXPECT_NEAR(most_chunks, bytes, bytes * 0.35 + 1e-9) << ranks;  // folding of odd sizes sends a little more or less
    EXPECT_GE(2 * volume.messages + 1, most_messages) << ranks;     // a run that wraps is two messages
    EXPECT_LE(volume.messages, 2 * most_messages) << ranks;
  }
}

INSTANTIATE_TEST_SUITE_P(Catalogue, EveryAlgorithm, testing::ValuesIn(all()), name_of);

}  // namespace
}  // namespace tutti::plan
