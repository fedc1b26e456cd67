#include <gtest/gtest.h>

#include "unit/engine/world.hpp"

namespace tutti::engine {
namespace {

struct Started {
  std::vector<plan::Program> programs;
  std::vector<std::vector<float>> memory;
};

Started start_ring(World& world, std::vector<std::uint32_t> fingerprints) {
  const plan::Plan plan = plan::flat_plan(*plan::find_method(plan::Collective::all_reduce, "ring"), world.size());
  Started started;
  for (std::int32_t rank = 0; rank < world.size(); ++rank) {
    started.programs.push_back(plan::lower(plan, Rank{rank}, true));
    started.memory.emplace_back(100, 1.0F);
  }
  for (std::size_t rank = 0; rank < fingerprints.size(); ++rank) {
    auto* const data = reinterpret_cast<std::byte*>(started.memory[rank].data());
    world.engine(static_cast<std::int32_t>(rank))
        .start(started.programs[rank], {}, {data, data, 100}, fingerprints[rank]);
  }
  return started;
}

TEST(Failures, RanksThatCallDifferentThingsAreTold) {
  World world(2, {});
  const auto started = start_ring(world, {1, 2});
  (void)world.finish();
  bool moved = false;
  EXPECT_EQ(world.engine(0).poll({}, moved), State::failed);
  EXPECT_EQ(world.engine(0).error().code, Code::invalid_usage) << world.engine(0).error().text;
}

TEST(Failures, ALostPeerIsNamedWithTheStep) {
  World world(3, {});
  const auto started = start_ring(world, {1, 1, 1});
  bool moved = false;
  (void)world.engine(2).poll({}, moved);  // comes, and goes
  (void)world.engine(0).poll({}, moved);
  world.peers(2).vanish();
  for (int i = 0; i < 10; ++i) (void)world.engine(0).poll({}, moved);
  ASSERT_EQ(world.engine(0).poll({}, moved), State::failed);
  EXPECT_EQ(world.engine(0).error().code, Code::peer_lost);
  EXPECT_EQ(world.engine(0).error().culprit, Rank{2});
  EXPECT_NE(world.engine(0).error().text.find("step"), std::string::npos) << world.engine(0).error().text;
}

TEST(Failures, AStallSaysWhichStepAndWhoIsMissing) {
  World world(3, {});
  const auto started = start_ring(world, {1, 1});
  EXPECT_FALSE(world.finish());
  const auto stall = world.engine(0).stall();
  EXPECT_EQ(stall.peer, Rank{2});
  EXPECT_NE(stall.text.find("of 8"), std::string::npos) << stall.text;
}

TEST(Failures, AfterCancelNoBufferIsTouched) {
  World world(2, {});
  auto started = start_ring(world, {1});
  bool moved = false;
  (void)world.engine(0).poll({}, moved);
  world.engine(0).cancel();
  started.memory[0].assign(100, 42.0F);
  auto* const data = reinterpret_cast<std::byte*>(started.memory[1].data());
  world.engine(1).start(started.programs[1], {}, {data, data, 100}, 1);
  (void)world.finish();
  EXPECT_EQ(started.memory[0], std::vector<float>(100, 42.0F));
}

}  // namespace
}  // namespace tutti::engine
