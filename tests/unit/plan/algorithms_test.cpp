// Every method, every world size up to a bound, every root, several segment counts, in-place and not, all modes: proven
// by symbolic execution.
#include <gtest/gtest.h>

#include <algorithm>

#include "plan/verify/verify.hpp"

namespace tutti::plan {
namespace {

std::string name_of(const testing::TestParamInfo<const Method*>& info) {
  return std::string(to_string(info.param->collective)) + "_" + std::string(info.param->name);
}

std::vector<const Method*> all() {
  std::vector<const Method*> list;
  for (const Method& method : methods()) list.push_back(&method);
  return list;
}

void prove(Plan plan) {
  for (const bool in_place : {false, true}) {
    for (const int mode : {0, 1, 2, 3}) {
      if (mode != 0 && !is_reduction(plan.collective)) continue;
      plan.widened = (mode & 1) != 0;
      plan.divides = (mode & 2) != 0;
      const auto proven = verify(plan, {.in_place = in_place, .in_rank_order = keeps_rank_order(plan)});
      ASSERT_TRUE(proven) << describe(plan) << (in_place ? " in place: " : ": ") << proven.error().text;
    }
  }
}

class EveryMethod : public testing::TestWithParam<const Method*> {
 protected:
  void prove_flat(std::int32_t ranks, std::uint32_t segments, std::int32_t root, std::uint8_t radix = 2) {
    Plan plan = flat_plan(*GetParam(), ranks);
    plan.root = Rank{root};
    plan.segments = segments;
    plan.list[0].list[0].radix = radix;
    if (refusal(plan).empty()) prove(plan);
  }
};

TEST_P(EveryMethod, IsRightForEveryWorldSizeUpTo20) {
  for (std::int32_t ranks = 1; ranks <= 20; ++ranks) prove_flat(ranks, 1, ranks / 2);
}

TEST_P(EveryMethod, IsRightForSomeLargerWorlds) {
  for (const std::int32_t ranks : {31, 32, 33, 48}) prove_flat(ranks, 1, ranks - 1);
}

TEST_P(EveryMethod, IsRightForEverySegmentCount) {
  for (const std::int32_t ranks : {1, 2, 3, 4, 7, 8}) {
    for (const std::uint32_t segments : {2U, 3U, 8U}) prove_flat(ranks, segments, 0);
  }
}

TEST_P(EveryMethod, IsRightForEveryRoot) {
  if (!has_root(GetParam()->collective)) return;
  for (const std::int32_t ranks : {2, 3, 5, 8}) {
    for (std::int32_t root = 0; root < ranks; ++root) prove_flat(ranks, 2, root);
  }
}

TEST_P(EveryMethod, IsRightForEveryRadix) {
  if (!GetParam()->has_radix) return;
  for (const int radix : {3, 4, 5, 8, 64}) {
    for (const std::int32_t ranks : {2, 3, 5, 8, 9, 16, 27}) prove_flat(ranks, 1, 0, static_cast<std::uint8_t>(radix));
  }
}

// The volumes that prices are made from are those of the programs.
TEST_P(EveryMethod, MovesWhatItsVolumeSays) {
  if (GetParam()->all_levels || GetParam()->paired) return;  // no axis of its own; the average of two
  for (const std::int32_t ranks : {2, 4, 8, 16, 5, 12}) {
    const Plan plan = flat_plan(*GetParam(), ranks);
    if (!refusal(plan).empty()) continue;
    Volume volume;
    for (const Algorithm* algorithm : {GetParam()->down, GetParam()->up}) {
      if (algorithm == nullptr) continue;
      const Volume part = algorithm->volume(ranks, 2);
      volume.messages += part.messages;
      volume.gather += part.gather + part.spread;
    }
    double most_messages = 0;
    double most_chunks = 0;
    for (std::int32_t rank = 0; rank < ranks; ++rank) {
      const Program program = lower(plan, Rank{rank}, false);
      double messages[2] = {0, 0};  // sent, received
      double chunks[2] = {0, 0};
      for (std::uint32_t i = 0; i < program.size(); ++i) {
        const Step& step = program.steps[i];
        if (!step.moves()) continue;
        const int way = step.verb == Verb::send ? 0 : 1;
        messages[way] += 1;
        chunks[way] += step.src == Buffer::token || step.dst == Buffer::token ? 0 : step.chunks;
      }
      most_messages = std::max({most_messages, messages[0], messages[1]});
      most_chunks = std::max({most_chunks, chunks[0] / program.chunks, chunks[1] / program.chunks});
    }
    // Odd sizes fold a little more or less; who sends most on the way down may receive most on the way up.
    EXPECT_LE(most_chunks, volume.gather * 1.35 + 1e-9) << ranks;
    EXPECT_GE(most_chunks, volume.gather * (GetParam()->mode == Method::Mode::split ? 0.65 : 0.3) - 1e-9) << ranks;
    EXPECT_GE(2 * volume.messages + 1, most_messages) << ranks;  // a run that wraps is two messages
    EXPECT_LE(volume.messages, 2 * most_messages + 1) << ranks;
  }
}

INSTANTIATE_TEST_SUITE_P(Catalogue, EveryMethod, testing::ValuesIn(all()), name_of);

}  // namespace
}  // namespace tutti::plan
