// Experts in parallel through the C ABI and tutti.hpp: ranks as threads, over each transport and as several nodes.
#include <tutti/tutti.hpp>

#include <algorithm>
#include <limits>
#include <numeric>
#include <string>
#include <vector>

#include "unit/api/ranks.hpp"

namespace tutti {
namespace {

constexpr int kRanks = 4;
constexpr int kExperts = 6;
constexpr int kTopk = 3;
constexpr std::size_t kElements = 300;

bool is_usable(const std::string& transport) {
  std::string info(1 << 16, '\0');
  expect_ok(tuttiInfo(info.data(), info.size(), nullptr));
  const auto entry = info.find("\"name\": \"" + transport + "\"");
  const auto usable = info.find("\"usable\": ", entry);
  return entry != std::string::npos && info.compare(usable, 14, "\"usable\": true") == 0;
}

float value_of(int rank, int token, std::size_t at) {
  return static_cast<float>((rank * 31 + token * 7 + static_cast<int>(at) * 3) % 101 - 50);
}

float apply_expert(int expert, float value) {
  return value * static_cast<float>(expert + 1) + static_cast<float>(5 * expert);
}

std::vector<std::int32_t> choices_of(int rank, int tokens) {
  std::vector<std::int32_t> ids;
  for (int token = 0; token < tokens; ++token) {
    for (int k = 0; k < kTopk; ++k) ids.push_back((rank + token * 5 + k * (1 + token % 2)) % (kExperts + 1) - 1);
  }
  return ids;
}

int tokens_of(int rank, int turn) {
  return rank == 1 && turn == 0 ? 0 : 3 + 7 * rank + turn;
}

/// Dispatch, experts, combine on one rank, with integers: the sums are exact.
class Layer {
 public:
  Layer(int rank, int tokens) : rank_(rank), ids_(choices_of(rank, tokens)), weights_(ids_.size()) {
    for (std::size_t i = 0; i < weights_.size(); ++i) weights_[i] = static_cast<float>(i % 4);
    for (int token = 0; token < tokens; ++token) {
      for (std::size_t at = 0; at < kElements; ++at) in_.push_back(value_of(rank, token, at));
    }
    out_.assign(in_.size(), -1.0F);
  }

  [[nodiscard]] tuttiEpRouting_t routing() const {
    return make_routing(std::span<const std::int32_t>(ids_), kTopk, std::span<const float>(weights_));
  }

  void begin_dispatch(ExpertPlan& plan, unsigned flags, Stream* stream = nullptr) {
    rows_.assign(static_cast<std::size_t>(plan.rows()) * kElements, 0.0F);
    plan.dispatch({make_column(std::span<const float>(in_), std::span(rows_), kElements)}, flags, 0, stream);
  }
  void experts(const ExpertPlan& plan) {
    const auto info = plan.info();
    for (std::int64_t i = 0; i < info.choices; ++i) {
      const auto row = static_cast<std::size_t>(info.choiceRow[i]);
      EXPECT_EQ(rows_[row * kElements], value_of(info.rowSource[row], info.rowToken[row], 0));
      for (std::size_t at = 0; at < kElements; ++at) {
        float& value = rows_[row * kElements + at];
        value = apply_expert(info.slotExpert[info.choiceSlot[i]], value);
      }
    }
  }
  void begin_combine(ExpertPlan& plan, unsigned flags, Stream* stream = nullptr) {
    auto call = make_combine(std::span<const float>(rows_), std::span(out_), kElements);
    call.weighted = 1;
    plan.combine(call, flags, 0, stream);
  }
  void check() const {
    for (std::size_t i = 0; i < out_.size(); ++i) {
      const std::size_t token = i / kElements;
      float sum = 0;
      for (std::size_t k = token * kTopk; k < (token + 1) * kTopk; ++k) {
        if (ids_[k] >= 0) sum += weights_[k] * apply_expert(ids_[k], in_[i]);
      }
      ASSERT_EQ(out_[i], sum) << "rank " << rank_ << " token " << token;
    }
  }

 private:
  int rank_;
  std::vector<std::int32_t> ids_;
  std::vector<float> weights_;
  std::vector<float> in_;
  std::vector<float> rows_;
  std::vector<float> out_;
};

void with_ranks(const char* transports, bool several_nodes, const std::function<void(Communicator&, int)>& body) {
  const auto id = make_unique_id();
  std::vector<std::thread> threads;
  for (int rank = 0; rank < kRanks; ++rank) {
    threads.emplace_back([&, rank] {
      Config config = make_config();
      config.transports = transports;
      const std::string node = several_nodes ? "node" + std::to_string(rank / 3) : "node";
      config.nodeId = node.c_str();
      Communicator comm(kRanks, id, rank, config);
      body(comm, rank);
    });
  }
  for (auto& thread : threads) thread.join();
}

tuttiEpConfig_t config_of(tuttiEpRoute_t route = tuttiEpRouteAuto) {
  auto config = make_experts_config(kExperts);
  config.maxTopk = kTopk;
  config.maxTokens = 64;
  config.maxRowBytes = kElements * sizeof(float);
  config.route = route;
  return config;
}

class ExpertsOver : public testing::TestWithParam<const char*> {};

TEST_P(ExpertsOver, GiveWhatOneRankWouldAndPlansServeOtherBatches) {
  const std::string transports = GetParam();
  if (!is_usable(transports.substr(transports.rfind(',') + 1))) GTEST_SKIP() << transports << " is not usable here";
  for (const tuttiEpRoute_t route : {tuttiEpRouteDirect, tuttiEpRouteHierarchical}) {
    with_ranks(transports.c_str(), transports != "shm", [route](Communicator& comm, int rank) {
      const Experts experts(comm, config_of(route));
      Layer first(rank, tokens_of(rank, 0));
      auto plan = experts.plan(first.routing(), Layout::expert_major, 4);
      for (int turn = 0; turn < 4; ++turn) {
        Layer layer(rank, tokens_of(rank, turn));
        plan.update(layer.routing());
        layer.begin_dispatch(plan, 0);
        layer.experts(plan);
        layer.begin_combine(plan, 0);
        layer.check();
      }
      const auto stats = experts.statistics();
      EXPECT_EQ(stats.plans, 5U);
      EXPECT_EQ(stats.combines, 4U);
      EXPECT_GT(stats.messages, 0U);
    });
  }
}

INSTANTIATE_TEST_SUITE_P(Transports, ExpertsOver, testing::Values("shm", "shm,ucx", "shm,ofi", "ucx", "ofi"),
                         [](const auto& test) {
                           std::string name = test.param;
                           std::replace(name.begin(), name.end(), ',', '_');
                           return name;
                         });

TEST(Experts, HalvesLieAroundOtherCallsAndOtherPlansAndGroups) {
  with_ranks("shm", false, [](Communicator& comm, int rank) {
    const Experts left(comm, config_of());
    const Experts right(comm, config_of());
    for (int turn = 0; turn < 3; ++turn) {
      Layer a(rank, tokens_of(rank, turn));
      Layer b(rank, tokens_of(rank, turn + 1));
      Layer c(rank, tokens_of(rank, turn + 2));
      auto plan_a = left.plan(a.routing(), Layout::expert_major);
      auto plan_b = left.plan(b.routing(), Layout::expert_padded, 200);
      auto plan_c = right.plan(c.routing(), Layout::expert_major);
      a.begin_dispatch(plan_a, TUTTI_EP_BEGIN);
      c.begin_dispatch(plan_c, TUTTI_EP_BEGIN);
      b.begin_dispatch(plan_b, TUTTI_EP_BEGIN);
      std::vector<int> ones(1000, 1);
      comm.all_reduce(std::span(ones));
      EXPECT_EQ(ones.back(), kRanks);
      plan_b.finish();
      b.experts(plan_b);
      plan_a.finish();
      b.begin_combine(plan_b, TUTTI_EP_BEGIN);
      a.experts(plan_a);
      a.begin_combine(plan_a, TUTTI_EP_BEGIN);
      plan_c.finish();
      c.experts(plan_c);
      c.begin_combine(plan_c, 0);
      plan_a.finish();
      plan_b.finish();
      for (const Layer* const layer : {&a, &b, &c}) layer->check();
    }
  });
}

TEST(Experts, RunOnStreams) {
  with_ranks("shm", false, [](Communicator& comm, int rank) {
    const Experts experts(comm, config_of());
    Stream stream;
    Layer layer(rank, tokens_of(rank, 0));
    auto plan = experts.plan(layer.routing(), Layout::expert_major);
    layer.begin_dispatch(plan, 0, &stream);
    stream.synchronize();
    layer.experts(plan);
    layer.begin_combine(plan, TUTTI_EP_BEGIN, &stream);
    plan.finish(&stream);
    stream.synchronize();
    layer.check();
  });
}

TEST(Experts, MoveWhileTheGroupLivesAndOldPlansStayAsTheyWere) {
  with_ranks("shm,ucx", true, [](Communicator& comm, int rank) {
    Experts experts(comm, config_of());
    Layer before(rank, 9);
    auto old = experts.plan(before.routing(), Layout::expert_major);
    const std::vector<int> ranks = {3, 2, 1, 0, 0, 1, 2, 3};
    const std::vector<int> held = {0, 1, 2, 3, 4, 5, 0, 1};
    experts.place(ranks, held);
    before.begin_dispatch(old, 0);
    before.experts(old);
    before.begin_combine(old, 0);
    before.check();
    Layer after(rank, 11);
    auto plan = experts.plan(after.routing(), Layout::expert_major);
    EXPECT_EQ(plan.info().numSlots, 2);
    after.begin_dispatch(plan, 0);
    after.experts(plan);
    after.begin_combine(plan, 0);
    after.check();
  });
}

TEST(Experts, WrongChoiceIsTheSameErrorEverywhereAndTheGroupGoesOn) {
  with_ranks("shm", false, [](Communicator& comm, int rank) {
    const Experts experts(comm, config_of());
    for (int turn = 0; turn < 2; ++turn) {
      std::vector<std::int64_t> ids = {0, 1, 2, 3, 4, 5};
      if (rank == 2) ids[4] = turn == 0 ? kExperts : -7;
      try {
        (void)experts.plan(make_routing(std::span<const std::int64_t>(ids), kTopk));
        ADD_FAILURE() << "no error";
      } catch (const Error& error) {
        EXPECT_EQ(error.code(), tuttiInvalidArgument);
        EXPECT_NE(std::string(error.what()).find("rank 2, token 1, choice 1"), std::string::npos) << error.what();
      }
      Layer layer(rank, 5);
      auto plan = experts.plan(layer.routing(), Layout::expert_major);
      layer.begin_dispatch(plan, 0);
      layer.experts(plan);
      layer.begin_combine(plan, 0);
      layer.check();
    }
  });
}

TEST(Experts, ThatARankDoesNotAskForFailByTheDeadlineWithItsName) {
  with_ranks("shm", false, [](Communicator& comm, int rank) {
    auto config = config_of();
    config.timeoutMs = 300;
    const Experts experts(comm, config);
    Layer layer(rank, 4);
    if (rank != 3) {
      try {
        (void)experts.plan(layer.routing());
        ADD_FAILURE() << "no error";
      } catch (const Error& error) {
        EXPECT_EQ(error.code(), tuttiTimeout) << error.what();
        EXPECT_NE(std::string(error.what()).find("rank 3"), std::string::npos) << error.what();
      }
    }
    comm.barrier();  // the communicator is as good as before
  });
}

TEST(Experts, RefuseWrongArgumentsWithTheirNames) {
  run_ranks(1, [](tuttiComm_t comm, int) {
    const auto text = [](tuttiResult_t result, tuttiResult_t code = tuttiInvalidArgument) {
      EXPECT_EQ(result, code);
      return std::string(tuttiGetLastError(nullptr));
    };
    tuttiEp_t ep = nullptr;
    tuttiEpConfig_t config = TUTTI_EP_CONFIG_INITIALIZER;
    EXPECT_NE(text(tuttiEpCreate(comm, &config, &ep)).find("numExperts is 0"), std::string::npos);
    config.numExperts = 4;
    EXPECT_EQ(text(tuttiEpCreate(comm, nullptr, &ep)), "config is NULL");
    EXPECT_EQ(text(tuttiEpCreate(comm, &config, nullptr)), "ep is NULL");
    EXPECT_EQ(text(tuttiEpCreate(nullptr, &config, &ep)), "comm is not a communicator");
    config.stagingBytes = 100;
    EXPECT_NE(text(tuttiEpCreate(comm, &config, &ep)).find("need at least 65536"), std::string::npos);
    config.stagingBytes = 1 << 20;
    config.numSlots = 5;
    EXPECT_NE(text(tuttiEpCreate(comm, &config, &ep)).find("slotExpert"), std::string::npos);
    config.numSlots = 0;
    config.maxTokens = 0;
    EXPECT_NE(text(tuttiEpCreate(comm, &config, &ep)).find("maxTokens is 0"), std::string::npos);
    config.maxTokens = 8;
    config.overflow = static_cast<tuttiEpOverflow_t>(3);
    EXPECT_NE(text(tuttiEpCreate(comm, &config, &ep)).find("overflow is 3"), std::string::npos);
    config.overflow = tuttiEpOverflowError;
    config.size = 8;
    EXPECT_NE(text(tuttiEpCreate(comm, &config, &ep)).find("TUTTI_EP_CONFIG_INITIALIZER"), std::string::npos);
    config.size = sizeof config;
    expect_ok(tuttiEpCreate(comm, &config, &ep));

    const std::int32_t ids[] = {0, 1, 2, 3};
    tuttiEpRouting_t routing = {};
    tuttiEpPlan_t plan = nullptr;
    EXPECT_NE(text(tuttiEpPlanCreate(ep, &routing, tuttiEpFlat, 0, &plan)).find("routing->size"), std::string::npos);
    routing.size = sizeof routing;
    routing.idType = tuttiFloat32;
    EXPECT_NE(text(tuttiEpPlanCreate(ep, &routing, tuttiEpFlat, 0, &plan)).find("idType"), std::string::npos);
    routing.idType = tuttiInt32;
    routing.tokens = 4;
    routing.topk = 1;
    EXPECT_EQ(text(tuttiEpPlanCreate(ep, &routing, tuttiEpFlat, 0, &plan)), "routing->ids is NULL");
    routing.ids = ids;
    EXPECT_NE(text(tuttiEpPlanCreate(ep, &routing, static_cast<tuttiEpLayout_t>(9), 0, &plan)).find("layout is 9"),
              std::string::npos);
    EXPECT_NE(text(tuttiEpPlanCreate(ep, &routing, tuttiEpExpertPadded, 0, &plan)).find("capacity is 0"),
              std::string::npos);
    routing.tokens = 9;
    EXPECT_NE(text(tuttiEpPlanCreate(ep, &routing, tuttiEpFlat, 0, &plan)).find("tokens is 9"), std::string::npos);
    routing.tokens = 4;
    expect_ok(tuttiEpPlanCreate(ep, &routing, tuttiEpFlat, 0, &plan));

    std::vector<float> memory(1024, 1.0F);
    tuttiEpColumn_t column = {memory.data(), 0, memory.data() + 512, 0, 8};
    EXPECT_NE(text(tuttiEpDispatch(plan, 0, &column, 0, 0, nullptr)).find("numColumns is 0"), std::string::npos);
    EXPECT_EQ(text(tuttiEpDispatch(plan, 0, nullptr, 1, 0, nullptr)), "columns is NULL");
    EXPECT_NE(text(tuttiEpDispatch(plan, 1, &column, 1, 0, nullptr)).find("round is 1"), std::string::npos);
    EXPECT_NE(text(tuttiEpDispatch(plan, 0, &column, 1, 64, nullptr)).find("flags"), std::string::npos);
    column.bytes = 16385;
    EXPECT_NE(text(tuttiEpDispatch(plan, 0, &column, 1, 0, nullptr)).find("at most 16384"), std::string::npos);
    column.bytes = std::numeric_limits<std::size_t>::max();
    EXPECT_NE(text(tuttiEpDispatch(plan, 0, &column, 1, 0, nullptr)).find("at most 16384"), std::string::npos);
    column.bytes = 8;
    column.recv = nullptr;
    EXPECT_EQ(text(tuttiEpDispatch(plan, 0, &column, 1, 0, nullptr)), "columns[0].recv is NULL");

    tuttiEpCombine_t call = {};
    EXPECT_NE(text(tuttiEpCombine(plan, 0, &call, 0, nullptr)).find("call->size"), std::string::npos);
    call = make_combine(std::span<const float>(memory).first(8), std::span(memory).last(8), 2);
    call.weighted = 1;
    EXPECT_NE(text(tuttiEpCombine(plan, 0, &call, 0, nullptr)).find("weights cannot be applied"), std::string::npos);
    call.weighted = 0;
    call.outType = tuttiInt32;
    EXPECT_NE(text(tuttiEpCombine(plan, 0, &call, 0, nullptr)).find("outType"), std::string::npos);
    call.outType = tuttiFloat32;
    expect_ok(tuttiEpCombine(plan, 0, &call, TUTTI_EP_BEGIN, nullptr));
    EXPECT_NE(text(tuttiEpCombine(plan, 0, &call, 0, nullptr), tuttiInvalidUsage).find("tuttiEpFinish"),
              std::string::npos);
    EXPECT_NE(text(tuttiEpPlanUpdate(plan, &routing), tuttiInvalidUsage).find("in flight"), std::string::npos);
    EXPECT_NE(text(tuttiEpPlanDestroy(plan), tuttiInvalidUsage).find("in flight"), std::string::npos);
    expect_ok(tuttiEpFinish(plan, nullptr));
    EXPECT_EQ(text(tuttiEpFinish(plan, nullptr), tuttiInvalidUsage), "no call was begun on the plan");
    EXPECT_NE(text(tuttiEpDestroy(ep), tuttiInvalidUsage).find("1 plans"), std::string::npos);
    std::string json(4096, '\0');
    expect_ok(tuttiEpPlanDescribe(plan, json.data(), json.size(), nullptr));
    EXPECT_NE(json.find("\"schema\":\"tutti.moe_plan/1\""), std::string::npos) << json;
    expect_ok(tuttiEpPlanDestroy(plan));
    expect_ok(tuttiEpPlanDestroy(nullptr));
    expect_ok(tuttiEpDestroy(ep));
    EXPECT_EQ(text(tuttiEpPlanGet(nullptr, 0, nullptr)), "plan is not a plan");
  });
}

}  // namespace
}  // namespace tutti
