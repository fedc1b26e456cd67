// What goes wrong: every rank gets a clear error, nothing hangs, and the group goes on where only a batch was wrong.
#include <gtest/gtest.h>

#include "unit/moe/oracle.hpp"

namespace tutti::moe {
namespace {

Settings small() {
  Settings settings;
  settings.experts = 6;
  settings.limits = {.tokens = 32, .topk = 2};
  settings.row_bytes = 256;
  return settings;
}

std::int64_t round_robin(std::int32_t rank, std::uint32_t token, std::int32_t k) {
  return (rank + static_cast<std::int32_t>(token) + k) % 6;
}

void expect_error(const std::vector<Status>& outcomes, Code code, const std::string& text) {
  for (const Status& outcome : outcomes) {
    ASSERT_FALSE(outcome);
    EXPECT_EQ(outcome.error().code, code);
    EXPECT_NE(outcome.error().text.find(text), std::string::npos) << outcome.error().text;
  }
}

void expect_usable(World& world) {
  Trial again(world,
              make_batch(std::vector<std::int64_t>(static_cast<std::size_t>(world.ranks()), 5), 2, round_robin, false),
              {});
  for (const Status& outcome : again.plan()) ASSERT_TRUE(outcome) << outcome.error().text;
  again.check_dispatch({32});
  (void)again.check_combine(8, Wire::f32, false);
}

TEST(Wrong, ExpertIsNamedWithRankAndTokenAtEveryRank) {
  World world({.nodes = {2, 1}, .settings = small()});
  auto batch = make_batch({4, 4, 4}, 2, round_robin, false);
  batch.choices[1][3][1] = 6;
  Trial trial(world, batch, {});
  expect_error(trial.plan(), Code::invalid_argument, "rank 1, token 3, choice 1: 6 is not between -1 and 5");
  expect_usable(world);
  batch.choices[1][3][1] = -2;
  Trial negative(world, batch, {});
  expect_error(negative.plan(), Code::invalid_argument, "-2 is not between");
  expect_usable(world);
}

TEST(Wrong, WeightThatIsNoNumberIsNamedAtEveryRank) {
  World world({.nodes = {1, 2}, .settings = small()});
  auto batch = make_batch({4, 4, 4}, 2, round_robin, true);
  batch.weights[2][1][0] = std::numeric_limits<float>::quiet_NaN();
  Trial trial(world, batch, {});
  expect_error(trial.plan(), Code::invalid_argument, "rank 2, token 1, choice 0: its weight is not a number");
  expect_usable(world);
}

TEST(Wrong, RowsWithoutRoomAreAnErrorAtEveryRankThatNamesTheFullOne) {
  auto settings = small();
  settings.received_rows = 10;
  World world({.nodes = {2, 1}, .settings = settings});
  Trial trial(world,
              make_batch(
                  {9, 9, 9}, 2, [](auto, auto, auto) { return 5; }, false),
              {});
  expect_error(trial.plan(), Code::invalid_argument, "rank 2 has no room");
  World fits({.nodes = {2, 1}, .settings = settings});
  Trial good(fits,
             make_batch(
                 {3, 3, 3}, 2, [](auto, auto, auto) { return 5; }, false),
             {});
  for (const Status& outcome : good.plan()) ASSERT_TRUE(outcome);
}

TEST(Wrong, PlacementsAndSettingsThatDifferAreNamed) {
  World world({.nodes = {2, 1}, .settings = small()});
  const std::vector<std::int32_t> ranks = {2, 2, 2, 1, 1, 0};
  const std::vector<std::int32_t> experts = {0, 1, 2, 3, 4, 5};
  world.group(1)->place(Placement::make(6, 3, ranks, experts).value());
  const auto batch = make_batch({4, 4, 4}, 2, round_robin, false);
  Trial trial(world, batch, {});
  expect_error(trial.plan(), Code::invalid_usage, "placed the experts differently");
  for (const std::int32_t rank : {0, 2}) world.group(rank)->place(Placement::make(6, 3, ranks, experts).value());
  Trial again(world, batch, {});
  for (const Status& outcome : again.plan()) EXPECT_TRUE(outcome) << outcome.error().text;
}

TEST(Wrong, SettingsThatDifferAreNamedWhateverTheyAllow) {
  World world({.nodes = {2, 1}, .settings = small()});
  auto larger = small();
  larger.limits.tokens = 1000;
  auto& odd = world.group(1);
  odd = Group::make(odd->site(), larger, odd->placement(), {}).value();
  auto batch = make_batch({4, 40, 4}, 2, round_robin, false);
  Trial trial(world, batch, {});
  expect_error(trial.plan(), Code::invalid_usage, "made the group with different settings");
}

TEST(Dropped, ChoicesAreReportedAndCountAsZeros) {
  auto settings = small();
  settings.overflow = Overflow::drop;
  World world({.nodes = {2, 1}, .settings = settings});
  Trial trial(world,
              make_batch(
                  {8, 8, 8}, 1, [](auto, auto, auto) { return 4; }, false),
              {.layout = Layout::expert_padded, .capacity = 10});
  for (const Status& outcome : trial.plan()) ASSERT_TRUE(outcome) << outcome.error().text;
  const Arrangement& full = trial.plan_of(2).rounds[0];  // expert 4 is there
  EXPECT_EQ(full.dropped.size(), 14U);
  EXPECT_EQ(full.dropped.front().source, 1);
  EXPECT_EQ(full.dropped.front().token, 2U);
  std::vector<std::vector<float>> in;
  std::vector<std::vector<float>> out(3, std::vector<float>(8, -1));
  std::vector<std::shared_ptr<Exchange>> exchanges;
  for (std::int32_t rank = 0; rank < 3; ++rank) {
    const auto at = static_cast<std::size_t>(rank);
    in.emplace_back(static_cast<std::size_t>(trial.plan_of(rank).rounds[0].rows), 3.0F);
    CombineCall call;
    call.elements = 1;
    call.in.data = reinterpret_cast<const std::byte*>(in[at].data());
    call.out.data = reinterpret_cast<const std::byte*>(out[at].data());
    exchanges.push_back(world.group(rank)->combine(trial.plan_at(rank), call, 0).value());
  }
  ASSERT_TRUE(world.run(exchanges));
  EXPECT_EQ(out[0], std::vector<float>(8, 3.0F));
  EXPECT_EQ(out[1], (std::vector<float>{3, 3, 0, 0, 0, 0, 0, 0}));
  EXPECT_EQ(out[2], std::vector<float>(8, 0.0F));
}

TEST(Refused, CallsDoNothing) {
  World world({.nodes = {1}, .settings = small()});
  World other({.nodes = {1}, .settings = small()});
  Trial trial(world, make_batch({4}, 2, round_robin, false), {});
  ASSERT_TRUE(trial.plan().front());
  std::vector<std::byte> memory(1 << 16);
  const Column wide{.send = memory.data(), .recv = memory.data(), .bytes = 257};
  const Column good{.send = memory.data(), .recv = memory.data(), .bytes = 256};
  auto& group = *world.group(0);
  EXPECT_EQ(group.dispatch(trial.plan_at(0), {&wide, 1}, 0, false).error().code, Code::invalid_argument);
  EXPECT_EQ(group.dispatch(trial.plan_at(0), {&good, 1}, 1, false).error().code, Code::invalid_argument);
  const auto foreign = other.group(0)->dispatch(trial.plan_at(0), {&good, 1}, 0, false);
  ASSERT_FALSE(foreign);
  EXPECT_NE(foreign.error().text.find("another group"), std::string::npos);
  CombineCall call;
  call.elements = 65;
  EXPECT_EQ(group.combine(trial.plan_at(0), call, 0).error().code, Code::invalid_argument);
  call.elements = 2;
  call.weighted = true;
  EXPECT_EQ(group.combine(trial.plan_at(0), call, 0).error().code, Code::invalid_argument);
  const auto unmade = group.new_plan({}).value();
  EXPECT_EQ(group.dispatch(unmade, {&good, 1}, 0, false).error().code, Code::invalid_usage);
}

TEST(Differing, RowsAreAnErrorAndNeverData) {
  World world({.nodes = {2}, .settings = small()});
  Trial trial(world, make_batch({4, 4}, 2, round_robin, false), {});
  for (const Status& outcome : trial.plan()) ASSERT_TRUE(outcome);
  std::vector<std::byte> memory(1 << 16);
  std::vector<std::shared_ptr<engine::Activity>> calls;
  for (std::int32_t rank = 0; rank < 2; ++rank) {
    const Column column{
        .send = memory.data(), .recv = memory.data() + 8192 * (1 + rank), .bytes = rank == 0 ? 64U : 32U};
    auto exchange = world.group(rank)->dispatch(trial.plan_at(rank), {&column, 1}, 0, false).value();
    calls.push_back(std::make_shared<Drive>(world.group(rank), exchange, true, Drive::Until::over));
  }
  std::vector<Status> failures;
  EXPECT_FALSE(world.run(calls, &failures));
  ASSERT_FALSE(failures[0]);
  EXPECT_EQ(failures[0].error().code, Code::invalid_usage) << failures[0].error().text;
}

TEST(Missing, RankIsNamedByTheStall) {
  World world({.nodes = {2, 1}, .settings = small()});
  Trial trial(world, make_batch({4, 4, 4}, 2, round_robin, false), {});
  for (const Status& outcome : trial.plan()) ASSERT_TRUE(outcome);
  std::vector<std::byte> memory(1 << 16);
  std::vector<std::shared_ptr<engine::Activity>> calls(3);
  for (const std::int32_t rank : {0, 1}) {
    const Column column{.send = memory.data(), .recv = memory.data() + 8192 * (1 + rank), .bytes = 16};
    auto exchange = world.group(rank)->dispatch(trial.plan_at(rank), {&column, 1}, 0, false).value();
    calls[static_cast<std::size_t>(rank)] =
        std::make_shared<Drive>(world.group(rank), exchange, true, Drive::Until::over);
  }
  EXPECT_FALSE(world.run(calls));
  const auto stall = calls[0]->stall();
  EXPECT_EQ(stall.peer, Rank{2});
  EXPECT_NE(stall.text.find("dispatch"), std::string::npos) << stall.text;
  calls[0]->abandon();
  EXPECT_TRUE(world.group(0)->is_idle());
}

// Two plans and two groups, begun in halves and ended in another order; numbers of exchanges that wrap.
TEST(Interleaved, HalvesOfTwoPlansEndInAnyOrderAndNumbersWrap) {
  World world({.nodes = {2, 2}, .settings = small(), .faulty = true});
  for (std::int32_t rank = 0; rank < 4; ++rank) world.group(rank)->number_from((std::uint64_t{1} << 32) - 3);
  for (int turn = 0; turn < 8; ++turn) {
    Trial first(world, make_batch({9, 0, 3, 12}, 2, round_robin, false), {});
    Trial second(world, make_batch({1, 8, 8, 2}, 2, round_robin, false), {.layout = Layout::expert_major});
    for (Trial* const trial : {&first, &second}) {
      for (const Status& outcome : trial->plan()) ASSERT_TRUE(outcome);
    }
    std::vector<std::vector<std::uint64_t>> sent(4);
    std::vector<std::array<std::vector<std::uint64_t>, 2>> got(4);
    std::vector<std::array<std::shared_ptr<Exchange>, 2>> exchanges(4);
    for (const std::size_t which : {0U, 1U}) {
      std::vector<std::shared_ptr<engine::Activity>> halves;
      for (std::int32_t rank = 0; rank < 4; ++rank) {
        const auto at = static_cast<std::size_t>(rank);
        Trial& trial = which == 0 ? first : second;
        sent[at].resize(16);
        for (std::size_t i = 0; i < 16; ++i) sent[at][i] = at * 1000 + i;
        got[at].at(which).resize(static_cast<std::size_t>(trial.plan_of(rank).rounds[0].rows));
        const Column column{.send = reinterpret_cast<const std::byte*>(sent[at].data()),
                            .recv = reinterpret_cast<std::byte*>(got[at].at(which).data()),
                            .bytes = 8};
        exchanges[at].at(which) = world.group(rank)->dispatch(trial.plan_at(rank), {&column, 1}, 0, false).value();
        halves.push_back(
            std::make_shared<Drive>(world.group(rank), exchanges[at].at(which), true, Drive::Until::stuck));
      }
      ASSERT_TRUE(world.run(halves));
    }
    for (const std::size_t which : {1U, 0U}) {
      std::vector<std::shared_ptr<engine::Activity>> halves;
      for (std::int32_t rank = 0; rank < 4; ++rank)
        halves.push_back(std::make_shared<Drive>(world.group(rank), exchanges[static_cast<std::size_t>(rank)].at(which),
                                                 false, Drive::Until::over));
      ASSERT_TRUE(world.run(halves));
      for (std::int32_t rank = 0; rank < 4; ++rank) {
        const auto& rows = (which == 0 ? first : second).plan_of(rank).rounds[0];
        for (std::size_t place = 0; place < rows.row_source.size(); ++place) {
          const auto wanted = rows.row_source[place] * 1000 + rows.row_token[place];
          ASSERT_EQ(got[static_cast<std::size_t>(rank)].at(which)[place], static_cast<std::uint64_t>(wanted));
        }
      }
    }
  }
}

}  // namespace
}  // namespace tutti::moe
