#include "plan/cut.hpp"

#include <gtest/gtest.h>

#include <map>

#include "plan/way.hpp"

namespace tutti::plan {
namespace {

using topology::Levels;

// Every block has one chunk in each part that is not empty, its rank owns that chunk, and every chunk has an owner.
TEST(Cut, GivesEachRankItsBlockOnceInEachPart) {
  for (const char* const levels : {"5", "4x3", "3+5", "1+7", "2*3+4x2+2x2", "3+5+8*2x1+3", "2x3x2"}) {
    for (const char* const way : {"ring", "ring>ring", "ring>ring|ring>ring", "ring>ring>ring"}) {
      const auto shared = std::make_shared<const Levels>(*Levels::parse(levels));
      const auto plan = parse_way(way, Collective::all_gather, shared);
      if (!plan || !refusal(*plan).empty()) continue;
      const Cut cut = cut_of(*plan);
      std::map<std::pair<int, std::int32_t>, int> blocks;  // part, rank
      for (std::uint32_t chunk = 0; chunk < cut.chunks(); ++chunk) {
        if (const auto block = cut.block(chunk)) ++blocks[{cut.part_of(chunk), index(*block)}];
        const auto own = cut.chunks_of(cut.owner(chunk));
        EXPECT_NE(std::find(own.begin(), own.end(), chunk), own.end()) << levels << " " << way << " chunk " << chunk;
      }
      EXPECT_EQ(blocks.size(), static_cast<std::size_t>(cut.parts() * plan->ranks())) << levels << " " << way;
      for (const auto& [where, times] : blocks) EXPECT_EQ(times, 1) << levels << " " << way;
    }
  }
}

TEST(Cut, KnowsWhetherChunksAreBlocks) {
  EXPECT_TRUE(Cut(4).in_order());
  const auto regular = std::make_shared<const Levels>(*Levels::parse("4x3"));
  const auto ragged = std::make_shared<const Levels>(*Levels::parse("3+5"));
  EXPECT_FALSE(cut_of(*parse_way("ring>ring", Collective::all_gather, regular)).has_empty_chunks());
  EXPECT_TRUE(cut_of(*parse_way("ring>ring", Collective::all_gather, ragged)).has_empty_chunks());
  EXPECT_TRUE(Cut::by_position(regular).in_order());
}

}  // namespace
}  // namespace tutti::plan
