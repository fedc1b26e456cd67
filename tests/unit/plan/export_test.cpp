// Plans as MSCCL's XML: what is written is read again and proven, and what cannot be said is refused.
#include <gtest/gtest.h>

#include <string>

#include "plan/exchange/brought.hpp"
#include "plan/exchange/exchange.hpp"
#include "plan/exchange/msccl.hpp"
#include "plan/way.hpp"

namespace tutti::plan {
namespace {

Plan plan_of(Collective collective, std::string_view way, const char* levels, std::uint32_t segments = 1) {
  Plan plan = *parse_way(way, collective, std::make_shared<const topology::Levels>(*topology::Levels::parse(levels)));
  plan.segments = segments;
  return plan;
}

ProgramSet programs_of(const Plan& plan) {
  ProgramSet set{way_of(plan), {}};
  for (std::int32_t rank = 0; rank < plan.ranks(); ++rank) set.programs.push_back(lower(plan, Rank{rank}, false));
  return set;
}

bool has_words(Collective collective) {
  return collective == Collective::all_reduce || collective == Collective::all_gather ||
         collective == Collective::reduce_scatter || collective == Collective::all_to_all ||
         collective == Collective::broadcast;
}

// Bytes are in proportion to units: what a rank sends, in units, over the units of the vector.
double sent_by(const msccl::Algo& algo, std::uint32_t rank) {
  double units = 0;
  for (const msccl::Block& block : algo.gpus[rank].blocks) {
    for (const msccl::XmlStep& step : block.steps) units += step.type == msccl::Type::send ? step.count : 0;
  }
  return units / algo.chunks;
}

void expect_comes_back(const Plan& plan) {
  SCOPED_TRACE(describe(plan) + " over " + plan.levels->describe());
  const auto text = write_msccl(programs_of(plan));
  ASSERT_TRUE(text) << text.error().text;
  const auto brought = read_brought(*text);
  ASSERT_TRUE(brought) << brought.error().text;
  EXPECT_EQ(brought->collective, plan.collective);
  EXPECT_EQ(brought->ranks, plan.ranks());
  EXPECT_EQ(brought->name, way_of(plan));
  EXPECT_FALSE(brought->separate.programs.empty());
  EXPECT_FALSE(brought->in_place.programs.empty()) << brought->in_place.why_not;
}

TEST(MscclExport, OfEveryMethodOnEveryNumberOfRanksIsReadAgainAndProven) {
  int written = 0;
  for (const Method& method : methods()) {
    if (!has_words(method.collective)) continue;
    for (const std::int32_t ranks : {1, 2, 3, 4, 5, 7, 8, 13}) {
      const Plan plan = flat_plan(method, ranks);
      if (!refusal(plan).empty()) continue;
      expect_comes_back(plan);
      ++written;
    }
  }
  EXPECT_GT(written, 150);
}

TEST(MscclExport, OfWaysThroughLevelsWithStripesAndSegmentsIsReadAgainAndProven) {
  for (const auto& [collective, way, levels, segments] :
       {std::tuple(Collective::all_reduce, "ring", "5", 3U),
        std::tuple(Collective::all_reduce, "circulant>ring", "3+5", 2U),
        std::tuple(Collective::all_reduce, "2*ring>ring|ring@1>ring@0", "4x3", 2U),
        std::tuple(Collective::all_reduce, "3*circulant>ring|ring@1>circulant@0", "3x2", 1U),
        std::tuple(Collective::all_reduce, "double_tree", "7", 4U),
        std::tuple(Collective::all_reduce, "two_shot", "6", 2U),
        std::tuple(Collective::reduce_scatter, "direct>ring", "3x3", 2U),
        std::tuple(Collective::reduce_scatter, "ring>direct", "2+4", 1U),
        std::tuple(Collective::all_gather, "circulant>ring", "3+5", 2U),
        std::tuple(Collective::all_gather, "bruck(3)>ring", "4x2", 1U),
        std::tuple(Collective::broadcast, "scatter_direct>binomial", "4x2", 2U)})
    expect_comes_back(plan_of(collective, way, levels, segments));
}

TEST(MscclExport, SendsWhatThePlanSends) {
  const auto algo = *msccl::parse(*write_msccl(programs_of(plan_of(Collective::all_reduce, "ring", "5", 2))));
  for (std::uint32_t rank = 0; rank < 5; ++rank) EXPECT_DOUBLE_EQ(sent_by(algo, rank), 2.0 * 4 / 5);
  const auto gathered = *msccl::parse(*write_msccl(programs_of(plan_of(Collective::all_gather, "bruck", "6"))));
  for (std::uint32_t rank = 0; rank < 6; ++rank) EXPECT_DOUBLE_EQ(sent_by(gathered, rank), 5.0 / 6);
}

std::string refusal_of(const ProgramSet& set) {
  const auto text = write_msccl(set);
  return text ? "written" : text.error().text;
}

TEST(MscclExport, RefusesWhatMscclHasNoWordsForWithTheReason) {
  EXPECT_NE(refusal_of(programs_of(plan_of(Collective::barrier, "dissemination", "4"))).find("it has no barrier"),
            std::string::npos);
  EXPECT_NE(refusal_of(programs_of(plan_of(Collective::gather, "binomial", "4"))).find("it has no gather"),
            std::string::npos);
  Plan broadcast = plan_of(Collective::broadcast, "binomial", "4");
  broadcast.root = Rank{2};
  EXPECT_NE(refusal_of(programs_of(broadcast)).find("from rank 0, not 2"), std::string::npos);
  Plan widened = plan_of(Collective::all_reduce, "ring", "4");
  widened.widened = true;
  EXPECT_NE(refusal_of(programs_of(widened)).find("another type"), std::string::npos);
  const Plan fine = plan_of(Collective::all_reduce, "997*ring>ring|991*ring@1>ring@0", "4x3", 4);
  EXPECT_NE(refusal_of(programs_of(fine)).find("this plan needs more than 65536"), std::string::npos);
}

TEST(MscclExport, IsProvenBeforeItIsHandedOut) {
  ProgramSet set = programs_of(plan_of(Collective::all_reduce, "ring", "4"));
  for (Step& step : set.programs[2].steps) {
    if (step.verb == Verb::recv_reduce) step.verb = Verb::recv;
  }
  EXPECT_NE(refusal_of(set), "written");
}

}  // namespace
}  // namespace tutti::plan
