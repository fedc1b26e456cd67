// The verifier must be able to fail: damaged programs are caught, and the text says where.
#include "plan/verify/verify.hpp"

#include <gtest/gtest.h>

#include <functional>

namespace tutti::plan {
namespace {

using Damage = std::function<void(std::vector<Program>&)>;

Status verify_damaged(const char* name, const Damage& damage) {
  const Plan plan{.algorithm = find_algorithm(Collective::all_reduce, name), .ranks = 4};
  std::vector<Program> programs;
  for (std::int32_t rank = 0; rank < 4; ++rank) programs.push_back(lower(plan, Rank{rank}, false));
  damage(programs);
  return verify(plan, std::move(programs), {});
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

TEST(Verify, CatchesAnOffByOneInAChunk) {
  for (const Verb verb : {Verb::send, Verb::recv_reduce, Verb::recv}) {
    EXPECT_FALSE(verify_damaged("ring", [&](auto& programs) {
      Step& step = first_step(programs[2], verb);
      step.src_first = (step.src_first + 1) % 4;
      step.dst_first = (step.dst_first + 1) % 4;
    }));
  }
}

TEST(Verify, CatchesAReductionThatBecameACopy) {
  EXPECT_FALSE(
      verify_damaged("ring", [](auto& programs) { first_step(programs[0], Verb::recv_reduce).verb = Verb::recv; }));
}

TEST(Verify, CatchesAMissingDependencyInSomeOrderOfEvents) {
  const Plan plan{.algorithm = find_algorithm(Collective::all_reduce, "ring"), .ranks = 4};
  int caught = 0;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    std::vector<Program> programs;
    for (std::int32_t rank = 0; rank < 4; ++rank) programs.push_back(lower(plan, Rank{rank}, false));
    for (Step& step : programs[1].steps) {
      if (step.verb == Verb::send && step.dependencies == 2) {  // the posting order stays, the data's arrival does not
        for (std::uint32_t i = 0; i < programs[1].size(); ++i) {
          for (std::uint32_t e = programs[1].steps[i].successors; e < programs[1].steps[i + 1].successors; ++e) {
            Edge& edge = programs[1].successors[e];
            if (&programs[1].steps[edge.step] == &step && edge.when_posted == 0) edge.when_posted = 1;
          }
        }
        break;
      }
    }
    caught += verify(plan, std::move(programs), {.seed = seed}) ? 0 : 1;
  }
  EXPECT_GT(caught, 0);
}

TEST(Verify, SaysWhereItWentWrong) {
  const auto status =
      verify_damaged("two_shot", [](auto& programs) { first_step(programs[1], Verb::send).src_first = 0; });
  ASSERT_FALSE(status);
  EXPECT_NE(status.error().text.find("rank"), std::string::npos) << status.error().text;
}

}  // namespace
}  // namespace tutti::plan
