// The verifier must be able to fail: damaged programs are caught, and the text says where.
#include "plan/verify/verify.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <iostream>

#include "plan/verify/mutate.hpp"
#include "plan/verify/races.hpp"
#include "plan/way.hpp"

namespace tutti::plan {
namespace {

std::vector<Program> programs_of(const Plan& plan) {
  std::vector<Program> programs;
  for (std::int32_t rank = 0; rank < plan.ranks(); ++rank) programs.push_back(lower(plan, Rank{rank}, false));
  return programs;
}

using Damage = std::function<void(std::vector<Program>&)>;

Status verify_damaged(const char* name, const Damage& damage) {
  auto programs = programs_of(flat_plan(*find_method(Collective::all_reduce, name), 4));
  damage(programs);
  return verify(programs, {});
}

Step& first_step(Program& program, Verb verb) {
  for (Step& step : program.steps) {
    if (step.verb == verb) return step;
  }
  return program.steps.front();
}

TEST(Verify, AcceptsWhatIsNotDamaged) {
  EXPECT_TRUE(verify_damaged("ring", [](auto&) {}));
}

TEST(Verify, CatchesAWrongPeer) {
  EXPECT_FALSE(verify_damaged("ring", [](auto& programs) { first_step(programs[1], Verb::send).peer = Rank{3}; }));
}

TEST(Verify, CatchesAReductionThatBecameACopy) {
  EXPECT_FALSE(
      verify_damaged("ring", [](auto& programs) { first_step(programs[0], Verb::recv_reduce).verb = Verb::recv; }));
}

TEST(Verify, CatchesReceivesThatWaitForEachOther) {
  // Each of two ranks receives before it sends: nobody begins.
  const auto status = verify_damaged("two_shot", [](auto& programs) {
    for (Program& program : programs) {
      for (std::uint32_t i = 0; i < program.size(); ++i) {
        if (program.steps[i].verb == Verb::send) program.steps[i].dependencies += 1;  // one that never comes
      }
    }
  });
  ASSERT_FALSE(status);
}

TEST(Verify, SaysWhereItWentWrong) {
  const auto status =
      verify_damaged("two_shot", [](auto& programs) { first_step(programs[1], Verb::send).src_first = 0; });
  ASSERT_FALSE(status);
  EXPECT_NE(status.error().text.find("rank"), std::string::npos) << status.error().text;
  EXPECT_NE(status.error().text.find("step"), std::string::npos) << status.error().text;
}

TEST(Verify, RefusesProgramsThatLeaveTheirBuffers) {
  const auto refused = [](const Damage& damage) { return !verify_damaged("ring", damage); };
  EXPECT_TRUE(refused([](auto& programs) { programs[0].steps[0].src_first = 4; }));
  EXPECT_TRUE(refused([](auto& programs) { programs[0].steps[0].src_first = 0xffffffff; }));
  EXPECT_TRUE(refused([](auto& programs) { programs[0].steps[0].chunks = 0; }));
  EXPECT_TRUE(refused([](auto& programs) { programs[0].steps[0].chunks = 0xffffffff; }));
  EXPECT_TRUE(refused([](auto& programs) { programs[0].steps[0].peer = Rank{4}; }));
  EXPECT_TRUE(refused([](auto& programs) { programs[0].steps[0].peer = Rank{-1}; }));
  EXPECT_TRUE(refused([](auto& programs) { programs[0].steps[1].dst = Buffer::in; }));
  EXPECT_TRUE(refused([](auto& programs) { programs[0].steps[1].dst = static_cast<Buffer>(99); }));
  EXPECT_TRUE(refused([](auto& programs) { programs[0].steps[0].verb = static_cast<Verb>(99); }));
  EXPECT_TRUE(refused([](auto& programs) { programs[0].successors[0].step = 0; }));
  EXPECT_TRUE(refused([](auto& programs) { programs[0].steps[1].successors = 1000; }));
  EXPECT_TRUE(refused([](auto& programs) { programs.pop_back(); }));
  EXPECT_TRUE(refused([](auto& programs) { std::swap(programs[0], programs[1]); }));
}

// Every kind of damage to many plans. What is left uncaught must be rare; the test prints it.
TEST(Mutations, AreCaughtAndExplained) {
  const std::tuple<Collective, const char*, const char*> ways[] = {
      {Collective::all_reduce, "ring", "5"},
      {Collective::all_reduce, "circulant", "7"},
      {Collective::all_reduce, "two_shot", "4"},
      {Collective::all_reduce, "recursive_doubling", "6"},
      {Collective::all_reduce, "double_tree", "9"},
      {Collective::all_reduce, "circulant>ring", "3+5"},
      {Collective::all_reduce, "2*ring>ring|ring@1>ring@0", "4x3"},
      {Collective::reduce_scatter, "pat", "6"},
      {Collective::all_gather, "bruck(3)", "10"},
      {Collective::broadcast, "scatter_circulant", "6"},
      {Collective::reduce, "binomial", "7"},
      {Collective::gather, "binomial", "6"},
      {Collective::scatter, "binomial", "6"},
      {Collective::all_to_all, "bruck", "5"},
      {Collective::barrier, "dissemination", "6"}};
  std::mt19937_64 random(1);
  int done = 0;
  int caught = 0;
  for (const auto& [collective, way, levels] : ways) {
    auto plan = *parse_way(way, collective, std::make_shared<const topology::Levels>(*topology::Levels::parse(levels)));
    if (collective == Collective::all_reduce) plan.segments = 2;
    const auto right = programs_of(plan);
    for (std::size_t kind = 0; kind < kMutations; ++kind) {
      for (int i = 0; i < 5; ++i) {
        auto programs = right;
        const auto what = mutate(static_cast<Mutation>(kind), programs, random);
        if (what.empty()) continue;
        ++done;
        const auto status = verify(programs, {.in_rank_order = keeps_rank_order(plan)});
        caught += status ? 0 : 1;
        if (status) std::cout << "not caught: " << describe(plan) << ": " << what << "\n";
        EXPECT_TRUE(status || status.error().text.find("rank") != std::string::npos) << status.error().text;
      }
    }
  }
  std::cout << caught << " of " << done << " mutations caught\n";
  EXPECT_GE(done, 200);
  EXPECT_GE(caught, done * 95 / 100);
}

}  // namespace
}  // namespace tutti::plan
