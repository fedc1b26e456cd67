// Dispatch and combine against the oracle, over every shape that has ever broken such a library.
#include <gtest/gtest.h>

#include <numeric>

#include "unit/moe/oracle.hpp"

namespace tutti::moe {
namespace {

constexpr std::array kLayouts = {Layout::flat, Layout::expert_major, Layout::expert_padded, Layout::rank_padded};

// Anything goes: doubles in one token, and some tokens without a choice.
Chooser any_of(std::int32_t experts, std::uint64_t seed) {
  return [=](std::int32_t rank, std::uint32_t token, std::int32_t k) -> std::int64_t {
    const auto drawn = mix(static_cast<std::uint64_t>(rank) + seed, token, static_cast<std::uint64_t>(k));
    return drawn % 11 == 0 ? -1 : static_cast<std::int64_t>(drawn / 11 % static_cast<std::uint64_t>(experts));
  };
}

std::vector<std::int64_t> uneven_tokens(const std::vector<std::int32_t>& nodes, std::int64_t most) {
  const auto ranks = std::accumulate(nodes.begin(), nodes.end(), 0);
  std::vector<std::int64_t> tokens;
  for (std::int64_t rank = 0; rank < ranks; ++rank) tokens.push_back(rank == 1 ? 0 : most - rank % most);
  return tokens;
}

Shape shape_of(Layout layout, std::int64_t align, std::int64_t capacity) {
  return {.layout = layout, .align = layout == Layout::expert_major ? align : 1, .capacity = capacity};
}

void expect_all_well(const std::vector<Status>& outcomes) {
  for (const Status& outcome : outcomes) ASSERT_TRUE(outcome) << outcome.error().text;
}

Settings settings_of(std::int32_t experts, std::int32_t topk) {
  Settings settings;
  settings.experts = experts;
  settings.limits = {.tokens = 64, .topk = topk};
  settings.row_bytes = 4096;
  settings.staging = {std::uint64_t{4} << 20};
  return settings;
}

struct Case {
  std::vector<std::int32_t> nodes;
  Route route;
};

class Shapes : public testing::TestWithParam<std::tuple<int, Route>> {
 protected:
  static std::vector<std::int32_t> nodes() {
    static const std::vector<std::vector<std::int32_t>> kNodes = {{1},    {2},    {3},       {1, 1},
                                                                  {2, 2}, {3, 1}, {1, 2, 3}, {9, 2}};
    return kNodes[static_cast<std::size_t>(std::get<0>(GetParam()))];
  }
  static Route route() { return std::get<1>(GetParam()); }
};

TEST_P(Shapes, EveryRowComesOnceToEachRankThatWantsItAndEveryResultIsTheRecipes) {
  const auto nodes = this->nodes();
  const auto ranks = std::accumulate(nodes.begin(), nodes.end(), 0);
  std::uint64_t seed = 1;
  for (const std::int32_t experts : {1, ranks, 2 * ranks + 1}) {
    for (const std::int32_t topk : {1, 2, 8}) {
      for (const Layout layout : kLayouts) {
        WorldOptions options{.nodes = nodes, .settings = settings_of(experts, topk), .seed = ++seed};
        options.settings.route = route();
        options.shares_memory = seed % 2 == 0;
        options.faulty = seed % 3 == 0;
        options.buffer = seed % 5 == 0 ? 1 << 12 : 0;
        if (seed % 4 == 0) options.settings.staging = {static_cast<std::uint64_t>(4 * 4096 * std::min(ranks, topk))};
        SCOPED_TRACE(testing::Message() << "experts " << experts << " topk " << topk << " layout "
                                        << static_cast<int>(layout) << " seed " << seed);
        World world(options);
        Trial trial(world, make_batch(uneven_tokens(nodes, 7), topk, any_of(experts, seed), true),
                    shape_of(layout, 16, 64 * 8 * ranks));
        expect_all_well(trial.plan());
        trial.check_dispatch({seed % 2 == 0 ? 1500U : 33U, 4});
        (void)trial.check_combine(57, Wire::f32, is_by_expert(layout));
        if (testing::Test::HasFailure()) return;
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Nodes, Shapes,
                         testing::Combine(testing::Range(0, 8),
                                          testing::Values(Route::direct, Route::hierarchical, Route::automatic)));

// The batches that break others.
TEST(Dispatch, RowsThatAreMoreThanCachesHoldComeWhole) {
  for (const Layout layout : {Layout::flat, Layout::rank_padded}) {
    for (const bool shares_memory : {true, false}) {
      WorldOptions options{.nodes = {2}, .settings = settings_of(4, 2)};
      options.settings.limits.tokens = 200;
      options.settings.row_bytes = std::size_t{1} << 17;
      options.settings.staging = {std::uint64_t{16} << 20};
      options.shares_memory = shares_memory;
      World world(options);
      Trial trial(world, make_batch({200, 180}, 2, any_of(4, 3), false), shape_of(layout, 1, 200));
      expect_all_well(trial.plan());
      trial.check_dispatch({100'001, 4});
    }
  }
}

TEST(Edges, NoTokenAnywhere) {
  World world({.nodes = {2, 2}, .settings = settings_of(8, 2)});
  Trial trial(world, make_batch({0, 0, 0, 0}, 2, any_of(8, 1), false), {});
  expect_all_well(trial.plan());
  trial.check_dispatch({8});
  (void)trial.check_combine(3, Wire::f32, false);
}

TEST(Edges, NoChoiceAnywhereGivesZeros) {
  World world({.nodes = {2, 1}, .settings = settings_of(3, 2)});
  Trial trial(world,
              make_batch(
                  {5, 5, 5}, 2, [](auto, auto, auto) { return -1; }, false),
              {});
  expect_all_well(trial.plan());
  trial.check_dispatch({8});
  for (const auto& out : trial.check_combine(3, Wire::f32, false)) EXPECT_EQ(out, std::vector<float>(15, 0.0F));
}

TEST(Edges, AllTokensToOneExpertWithTheLeastStagingMemory) {
  for (const Route route : {Route::direct, Route::hierarchical}) {
    auto settings = settings_of(12, 2);
    settings.row_bytes = 64;
    settings.staging = {4 * 2 * 64};
    settings.in_flight = {1};
    settings.route = route;
    World world({.nodes = {2, 3}, .settings = settings});
    Trial trial(world,
                make_batch(
                    {40, 0, 64, 1, 17}, 2, [](auto, auto, auto) { return 7; }, false),
                {.layout = Layout::expert_major});
    expect_all_well(trial.plan());
    trial.check_dispatch({64});
    (void)trial.check_combine(16, Wire::f32, false);
  }
}

// Rows that are added where they arrive, window by window: by rows and packed, with doubles, without a token, without
// a choice, and the same plan twice.
TEST(Edges, TwoRanksOfANodeAddRowsWhereTheyArrive) {
  for (std::uint64_t seed = 1; seed <= 8; ++seed) {
    auto settings = settings_of(5, 3);
    settings.staging = {4 * 2 * 4096 * (seed % 4 + 1)};
    World world({.nodes = {2}, .settings = settings, .shares_memory = true, .faulty = seed % 2 == 0, .seed = seed});
    Trial trial(world, make_batch({seed % 3 == 0 ? 0 : 61, 64}, 3, any_of(5, seed), false), {});
    expect_all_well(trial.plan());
    for (const std::size_t elements : {3U, 256U, 1000U}) {
      trial.check_dispatch({elements * 4});
      (void)trial.check_combine(elements, Wire::f32, false);
    }
  }
}

TEST(Edges, RowsFromOneByteTo64KiB) {
  for (const std::size_t bytes : {1U, 3U, 1023U, 1024U, 65536U}) {
    auto settings = settings_of(4, 2);
    settings.row_bytes = 65536;
    World world({.nodes = {2, 2}, .settings = settings, .shares_memory = bytes == 1024});
    Trial trial(world, make_batch({6, 5, 4, 3}, 2, any_of(4, 3), false), {});
    expect_all_well(trial.plan());
    trial.check_dispatch({bytes});
  }
}

TEST(Edges, ChoicesOfEveryFormMeanTheSame) {
  using Form = Trial::Form;
  for (const Form form : {Form::dense32, Form::dense64, Form::csr}) {
    World world({.nodes = {2, 2}, .settings = settings_of(8, 5)});
    Trial trial(world, make_batch({9, 0, 4, 11}, 5, any_of(8, 9), true), {.layout = Layout::expert_major});
    expect_all_well(trial.plan(form));
    trial.check_dispatch({40});
    (void)trial.check_combine(10, Wire::f32, true);
  }
}

TEST(Edges, ATokensListMayHaveAnyLength) {
  World world({.nodes = {1, 2}, .settings = settings_of(6, 6)});
  auto batch = make_batch({8, 8, 8}, 6, any_of(6, 5), true);
  for (std::size_t rank = 0; rank < 3; ++rank) {
    for (std::size_t token = 0; token < 8; ++token) {
      batch.choices[rank][token].resize((token + rank) % 7);
      batch.weights[rank][token].resize((token + rank) % 7);
    }
  }
  Trial trial(world, batch, {.layout = Layout::expert_padded, .capacity = 200});
  expect_all_well(trial.plan(Trial::Form::csr));
  trial.check_dispatch({12});
  (void)trial.check_combine(5, Wire::f32, true);
}

TEST(Determinism, BitsAreTheSameForEveryRouteAndWireTypeAndStagingMemory) {
  for (const Wire wire : {Wire::f32, Wire::bf16, Wire::f16, Wire::f8_blocks}) {
    std::vector<std::vector<float>> first;
    for (const Route route : {Route::direct, Route::hierarchical, Route::automatic}) {
      for (const std::uint64_t staging : {std::uint64_t{4 * 8 * 2048}, std::uint64_t{8} << 20}) {
        for (std::uint64_t seed = 1; seed < 4; ++seed) {
          auto settings = settings_of(24, 8);
          settings.row_bytes = 2048;
          settings.route = route;
          settings.staging = {staging};
          World world({.nodes = {4, 4, 3}, .settings = settings, .faulty = seed == 2, .seed = seed});
          Trial trial(world, make_batch(std::vector<std::int64_t>(11, 20), 8, any_of(24, 77), true),
                      {.layout = Layout::expert_major});
          expect_all_well(trial.plan());
          const auto out = trial.check_combine(300, wire, true);
          if (first.empty()) first = out;
          ASSERT_EQ(out, first) << "wire " << static_cast<int>(wire) << " seed " << seed;
        }
      }
    }
  }
}

TEST(Rounds, CutWhatDoesNotFitAndChangeNoBit) {
  for (const Layout layout : {Layout::flat, Layout::expert_major, Layout::expert_padded}) {
    std::vector<std::vector<float>> first;
    std::size_t rounds = 0;
    for (const std::int64_t room : {0, 200, 100}) {
      auto settings = settings_of(8, 2);
      settings.overflow = Overflow::chunk;
      settings.received_rows = layout == Layout::expert_padded ? 0 : room;
      World world({.nodes = {2, 2}, .settings = settings});
      Trial trial(world,
                  make_batch(
                      {60, 64, 0, 33}, 2,
                      [](auto, auto token, auto k) { return (token + 3U * static_cast<unsigned>(k)) % 3; }, true),
                  shape_of(layout, 4, room == 0 ? 1024 : room / 4));
      expect_all_well(trial.plan());
      EXPECT_GE(trial.rounds(), rounds);
      rounds = trial.rounds();
      trial.check_dispatch({100});
      const auto out = trial.check_combine(9, Wire::f32, is_by_expert(layout));
      if (first.empty()) first = out;
      EXPECT_EQ(out, first);
    }
    EXPECT_GT(rounds, 1U);
  }
}

TEST(Plans, AreUsedAgainWithOtherNumbersOfTokensAThousandTimes) {
  World world({.nodes = {2, 1}, .settings = settings_of(6, 3)});
  std::vector<std::shared_ptr<Plan>> plans;
  for (std::uint64_t turn = 0; turn < 1000; ++turn) {
    const auto tokens = [&](std::uint64_t rank) { return static_cast<std::int64_t>(mix(turn, rank, 5) % 9); };
    Trial trial(world, make_batch({tokens(0), tokens(1), tokens(2)}, 3, any_of(6, turn), false), {});
    for (std::int32_t rank = 0; rank < 3 && !plans.empty(); ++rank)
      trial.plan_at(rank) = plans[static_cast<std::size_t>(rank)];
    expect_all_well(trial.plan());
    trial.check_dispatch({16});
    (void)trial.check_combine(4, Wire::f32, false);
    ASSERT_FALSE(testing::Test::HasFailure()) << "turn " << turn;
  }
}

// <dispatch x, y> = <x, combine y>, with integers, so that float32 is exact and both sides are the same number.
TEST(Adjointness, OfDispatchAndCombineIsExactInFloat64) {
  for (const Layout layout : kLayouts) {
    World world({.nodes = {3, 2}, .settings = settings_of(10, 4)});
    constexpr std::size_t kElements = 6;
    Trial trial(world, make_batch({12, 0, 7, 9, 4}, 4, any_of(10, 21), false), shape_of(layout, 8, 512));
    expect_all_well(trial.plan());
    std::vector<std::vector<float>> x(5), dx(5), y(5), cy(5);
    std::vector<std::shared_ptr<Exchange>> away;
    std::vector<std::shared_ptr<Exchange>> back;
    for (std::int32_t rank = 0; rank < 5; ++rank) {
      const auto at = static_cast<std::size_t>(rank);
      const Plan& plan = trial.plan_of(rank);
      const auto draw = [&](std::uint64_t what, std::size_t i) {
        return static_cast<float>(mix(at, what, i) % 64) - 32.0F;
      };
      x[at].resize(plan.outgoing.tokens * kElements);
      cy[at].resize(x[at].size());
      dx[at].resize(static_cast<std::size_t>(plan.rounds[0].rows) * kElements, 0.0F);
      y[at].resize(dx[at].size());
      for (std::size_t i = 0; i < x[at].size(); ++i) x[at][i] = draw(1, i);
      for (std::size_t i = 0; i < y[at].size(); ++i) y[at][i] = draw(2, i);
      const Column column{.send = reinterpret_cast<const std::byte*>(x[at].data()),
                          .recv = reinterpret_cast<std::byte*>(dx[at].data()),
                          .bytes = kElements * sizeof(float)};
      away.push_back(world.group(rank)->dispatch(trial.plan_at(rank), {&column, 1}, 0, true).value());
    }
    ASSERT_TRUE(world.run(away));
    for (std::int32_t rank = 0; rank < 5; ++rank) {
      const auto at = static_cast<std::size_t>(rank);
      CombineCall call;
      call.elements = kElements;
      call.in.data = reinterpret_cast<const std::byte*>(y[at].data());
      call.out.data = reinterpret_cast<const std::byte*>(cy[at].data());
      back.push_back(world.group(rank)->combine(trial.plan_at(rank), call, 0).value());
    }
    ASSERT_TRUE(world.run(back));
    double left = 0;
    double right = 0;
    for (std::size_t at = 0; at < 5; ++at) {
      for (std::size_t i = 0; i < dx[at].size(); ++i) left += double{dx[at][i]} * double{y[at][i]};
      for (std::size_t i = 0; i < x[at].size(); ++i) right += double{x[at][i]} * double{cy[at][i]};
    }
    EXPECT_EQ(left, right) << "layout " << static_cast<int>(layout);
    EXPECT_NE(left, 0);
  }
}

TEST(Volume, OfTheHierarchicalRouteIsOneRowANode) {
  auto settings = settings_of(32, 8);
  settings.route = Route::hierarchical;
  World world({.nodes = {4, 4}, .settings = settings});
  Trial trial(world, make_batch(std::vector<std::int64_t>(8, 50), 8, any_of(32, 4), false), {});
  expect_all_well(trial.plan());
  std::uint64_t before = 0;
  std::uint64_t bound = 0;
  for (std::int32_t rank = 0; rank < 8; ++rank) {
    before += world.group(rank)->statistics().traffic.network_bytes;
    bound += trial.plan_of(rank).network_rows() * 4096;
  }
  trial.check_dispatch({4096});
  std::uint64_t after = 0;
  for (std::int32_t rank = 0; rank < 8; ++rank) after += world.group(rank)->statistics().traffic.network_bytes;
  EXPECT_EQ(after - before, bound);
  EXPECT_LT(static_cast<double>(after), 1.02 * static_cast<double>(bound)) << "with what the plan itself took";
}

}  // namespace
}  // namespace tutti::moe
