// Blocks of different lengths: every algorithm of blocks, with empty blocks, gaps, any order in memory, in place, tiles
// and segments.
#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <numeric>

#include "unit/engine/world.hpp"

namespace tutti::engine {
namespace {

using plan::Collective;
using plan::Method;

constexpr float kUntouched = -7;

struct Case {
  const Method* algorithm = nullptr;
  std::int32_t ranks = 1;
  std::size_t longest = 1;
  std::uint32_t segments = 1;
  bool in_place = false;
  std::int32_t root = 0;
};

// A list of blocks with gaps, the last rank's first.
struct List {
  std::vector<std::size_t> counts;
  std::vector<std::size_t> displacements;
  std::size_t size = 0;

  explicit List(std::vector<std::size_t> lengths) : counts(std::move(lengths)), displacements(counts.size()) {
    for (std::size_t rank = counts.size(); rank-- > 0;) {
      displacements[rank] = size + 2;
      size += counts[rank] + 3;
    }
  }
  [[nodiscard]] Blocks blocks() const { return {counts, displacements}; }
};

class Call {
 public:
  Call(const Case& test, World& world) : test_(test), collective_(test.algorithm->collective) {
    for (std::int32_t rank = 0; rank < test.ranks; ++rank) {
      inputs_.emplace_back(lengths(rank, true));
      outputs_.emplace_back(lengths(rank, false));
    }
    for (std::int32_t rank = 0; rank < test.ranks; ++rank) start(world, rank);
  }

  void check() const {
    for (std::int32_t rank = 0; rank < test_.ranks; ++rank) {
      if (collective_ == Collective::gather && rank != test_.root) continue;
      const auto& list = outputs_[at(rank)];
      std::vector<float> right(list.size, kUntouched);
      if (has_output_blocks(collective_)) {
        for (std::int32_t from = 0; from < test_.ranks; ++from) put(right, list, from, from, rank);
        EXPECT_EQ(result(rank, list.size), right) << "rank " << rank;
      } else {
        right.clear();
        for (std::size_t i = 0; i < length(test_.root, rank); ++i) right.push_back(value(test_.root, rank, i));
        EXPECT_EQ(result(rank, right.size()), right) << "rank " << rank;
      }
    }
  }

 private:
  static std::size_t at(std::int32_t rank) { return static_cast<std::size_t>(rank); }

  // Of the block that `from` has for `to`. Some are empty; all ranks' are where only one end of a message matters.
  [[nodiscard]] std::size_t length(std::int32_t from, std::int32_t to) const {
    const bool by_source = collective_ == Collective::all_gather || collective_ == Collective::gather;
    const bool by_target = collective_ == Collective::reduce_scatter || collective_ == Collective::scatter;
    if (by_source) to = 0;
    if (by_target) from = 0;
    const bool symmetric = collective_ == Collective::all_to_all && test_.in_place;  // as one list serves both ways
    if (symmetric && from > to) std::swap(from, to);
    return (at(from) * 5 + at(to) * 3) % 4 == 1 ? 0 : (at(from) * 7919 + at(to) * 104729 + 13) % test_.longest + 1;
  }
  [[nodiscard]] std::vector<std::size_t> lengths(std::int32_t self, bool sends) const {
    std::vector<std::size_t> all;
    for (std::int32_t other = 0; other < test_.ranks; ++other)
      all.push_back(sends ? length(self, other) : length(other, self));
    return all;
  }
  [[nodiscard]] float value(std::int32_t from, std::int32_t to, std::size_t i) const {
    if (collective_ == Collective::all_gather || collective_ == Collective::gather) to = 0;
    const auto one = [&](std::int32_t rank) { return static_cast<float>(at(rank) * 31 + at(to) * 7 + i % 113); };
    if (collective_ != Collective::reduce_scatter) return one(from);
    float sum = 0;
    for (std::int32_t rank = 0; rank < test_.ranks; ++rank) sum += one(rank);
    return sum;
  }
  [[nodiscard]] float input(std::int32_t from, std::int32_t to, std::size_t i) const {
    return collective_ == Collective::reduce_scatter ? static_cast<float>(at(from) * 31 + at(to) * 7 + i % 113)
                                                     : value(from, to, i);
  }
  void put(std::vector<float>& memory, const List& list, std::int32_t block, std::int32_t from, std::int32_t to) const {
    for (std::size_t i = 0; i < list.counts[at(block)]; ++i)
      memory[list.displacements[at(block)] + i] = input(from, to, i);
  }
  [[nodiscard]] std::vector<float> result(std::int32_t rank, std::size_t size) const {
    const auto* const begin = reinterpret_cast<const float*>(outs_[at(rank)]);
    return {begin, begin + size};
  }

  void start(World& world, std::int32_t rank) {
    plan::Plan plan = plan::flat_plan(*test_.algorithm, test_.ranks);
    plan.root = Rank{test_.root};
    plan.segments = test_.segments;
    programs_.push_back(std::make_unique<plan::Program>(plan::lower(plan, Rank{rank}, test_.in_place)));
    const List& in_list = inputs_[at(rank)];
    const List& out_list = outputs_[at(rank)];
    const bool in_blocks = has_input_blocks(collective_);
    const bool out_blocks = has_output_blocks(collective_);
    auto& in = memory_.emplace_back(std::make_unique<std::vector<float>>(in_list.size, kUntouched));
    const std::size_t& own = own_lengths_.emplace_back(length(rank, rank));
    if (in_blocks) {
      for (std::int32_t to = 0; to < test_.ranks; ++to) put(*in, in_list, to, rank, to);
    } else {
      for (std::size_t i = 0; i < own; ++i) (*in)[i] = input(rank, rank, i);
    }
    auto* in_data = reinterpret_cast<std::byte*>(in->data());
    auto& out = memory_.emplace_back(std::make_unique<std::vector<float>>(out_list.size, kUntouched));
    auto* out_data = reinterpret_cast<std::byte*>(out->data());
    if (test_.in_place && in_blocks && out_blocks) {
      out_data = in_data;
    } else if (test_.in_place && in_blocks) {
      out_data = in_data + in_list.displacements[at(rank)] * sizeof(float);
    } else if (test_.in_place) {
      auto* const here = out_data + out_list.displacements[at(rank)] * sizeof(float);
      std::copy_n(in_data, own * sizeof(float), here);
      in_data = here;
    }
    outs_.push_back(out_data);
    const std::size_t& own_out = own_lengths_.emplace_back(length(test_.root, rank));
    const Buffers buffers{.in = in_data,
                          .out = out_data,
                          .in_blocks = in_blocks ? in_list.blocks() : Blocks{std::span(&own, 1), {}},
                          .out_blocks = out_blocks ? out_list.blocks() : Blocks{std::span(&own_out, 1), {}}};
    world.engine(rank).start(*programs_.back(), {.user = {}}, buffers, 7);
  }

  Case test_;
  Collective collective_;
  std::vector<List> inputs_;
  std::vector<List> outputs_;
  std::deque<std::size_t> own_lengths_;  // of own blocks alone
  std::vector<std::unique_ptr<plan::Program>> programs_;
  std::vector<std::unique_ptr<std::vector<float>>> memory_;
  std::vector<std::byte*> outs_;
};

class EveryAlgorithmOfBlocks : public testing::TestWithParam<const Method*> {
 protected:
  static void prove(const Case& test, const WorldOptions& options) {
    if (!plan::refusal(plan::flat_plan(*test.algorithm, test.ranks)).empty()) return;
    SCOPED_TRACE("ranks " + std::to_string(test.ranks) + " longest " + std::to_string(test.longest) + " segments " +
                 std::to_string(test.segments) + (test.in_place ? " in place" : ""));
    World world(test.ranks, options);
    const Call call(test, world);
    ASSERT_TRUE(world.finish()) << "nothing moves any more";
    for (std::int32_t rank = 0; rank < test.ranks; ++rank) {
      bool moved = false;
      ASSERT_EQ(world.engine(rank).poll({}, moved), State::idle) << world.engine(rank).error().text;
    }
    call.check();
  }
};

TEST_P(EveryAlgorithmOfBlocks, TakesBlocksOfAnyLengthsAnywhere) {
  for (const std::int32_t ranks : {1, 2, 3, 4, 5, 8}) {
    for (const std::size_t longest : {1U, 7U, 1000U}) {
      for (const bool in_place : {false, true}) {
        for (const std::uint32_t segments : {1U, 3U}) {
          prove({.algorithm = GetParam(),
                 .ranks = ranks,
                 .longest = longest,
                 .segments = GetParam()->segmented ? segments : 1,
                 .in_place = in_place,
                 .root = ranks / 2},
                {.hub = {.buffer = 0, .combines = in_place}, .seed = longest});
        }
      }
    }
  }
}

TEST_P(EveryAlgorithmOfBlocks, CutsTilesAlikeAtRanksThatKnowOtherLengths) {
  for (const bool in_place : {false, true}) {
    prove({.algorithm = GetParam(),
           .ranks = 4,
           .longest = 5000,
           .segments = GetParam()->segmented ? 2U : 1U,
           .in_place = in_place},
          {.hub = {.buffer = 0}, .staging = {8192}});
  }
}

std::vector<const Method*> algorithms_of_blocks() {
  std::vector<const Method*> list;
  for (const Method& algorithm : plan::methods()) {
    const bool shared =
        algorithm.collective == Collective::all_gather || algorithm.collective == Collective::reduce_scatter;
    const plan::Algorithm* const only = algorithm.down != nullptr ? algorithm.down : algorithm.up;
    if (shared || (has_blocks(algorithm.collective) && only->uneven)) list.push_back(&algorithm);
  }
  return list;
}

INSTANTIATE_TEST_SUITE_P(Catalogue, EveryAlgorithmOfBlocks, testing::ValuesIn(algorithms_of_blocks()),
                         [](const auto& tested) {
                           return std::string(to_string(tested.param->collective)) + "_" +
                                  std::string(tested.param->name);
                         });

TEST(EmptyBlocks, OpenNoPath) {
  const Method* const algorithm = plan::find_method(Collective::all_to_all, "direct");
  World world(2, {.hub = {}, .path_delay = 1 << 30});  // a path would never come
  std::vector<plan::Program> programs;
  const std::array<std::size_t, 2> nothing = {0, 0};
  for (std::int32_t rank = 0; rank < 2; ++rank)
    programs.push_back(plan::lower(plan::flat_plan(*algorithm, 2), Rank{rank}, false));
  for (std::int32_t rank = 0; rank < 2; ++rank) {
    world.engine(rank).start(programs[static_cast<std::size_t>(rank)], {.user = {}},
                             {.in_blocks = {nothing, {}}, .out_blocks = {nothing, {}}}, 7);
  }
  EXPECT_TRUE(world.finish());
}

}  // namespace
}  // namespace tutti::engine
