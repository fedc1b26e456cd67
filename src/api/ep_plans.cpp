// Plans of experts in parallel: argument checks, and the arrays that they show.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "api/ep_handles.hpp"
#include "api/group.hpp"
#include "comm/drive.hpp"

namespace tutti::api {
namespace {

constexpr const char* kLayouts[] = {"flat", "expert_major", "expert_padded", "rank_padded"};

Result<moe::Choices> read_routing(const tuttiEpRouting_t* routing) {
  if (routing == nullptr) return null_argument("routing");
  if (routing->size != sizeof *routing)
    return Error{Code::invalid_argument, "routing->size is not sizeof(tuttiEpRouting_t)"};
  if (routing->idType != tuttiInt32 && routing->idType != tuttiInt64)
    return Error{Code::invalid_argument, "routing->idType is neither tuttiInt32 nor tuttiInt64"};
  if (routing->tokens < 0 || routing->topk < 0)
    return Error{Code::invalid_argument,
                 fmt::format("routing has {} tokens and topk {}", routing->tokens, routing->topk)};
  if (routing->rowPtr == nullptr && routing->stride != 0 && routing->stride < routing->topk)
    return Error{Code::invalid_argument,
                 fmt::format("routing->stride is {}, less than topk {}", routing->stride, routing->topk)};
  const bool any = routing->tokens > 0 && (routing->rowPtr != nullptr || routing->topk > 0);
  if (any && routing->ids == nullptr) return null_argument("routing->ids");
  moe::Choices choices{.tokens = routing->tokens,
                       .topk = routing->topk,
                       .stride = routing->stride,
                       .row_ptr = routing->rowPtr,
                       .active = routing->active,
                       .weights = routing->weights};
  if (routing->idType == tuttiInt32) choices.ids32 = static_cast<const std::int32_t*>(routing->ids);
  if (routing->idType == tuttiInt64) choices.ids64 = static_cast<const std::int64_t*>(routing->ids);
  return choices;
}

Result<moe::Shape> read_shape(tuttiEpLayout_t layout, std::int64_t number) {
  if (layout < tuttiEpFlat || layout > tuttiEpRankPadded)
    return Error{Code::invalid_argument,
                 fmt::format("layout is {}: there is no such layout", static_cast<int>(layout))};
  moe::Shape shape{.layout = static_cast<moe::Layout>(layout)};
  if (layout == tuttiEpFlat) return shape;
  if (layout == tuttiEpExpertMajor) {
    if (number != 0) shape.align = number;
  } else {
    shape.capacity = number;
  }
  return shape;
}

// What a round shows when it is asked for: choices in the order of arrival, how many each slot has, and what was
// dropped.
tuttiEpPlan::Round show_round(const moe::Plan& plan, const moe::Arrangement& rows) {
  tuttiEpPlan::Round round;
  const bool by_expert = is_by_expert(plan.shape.layout);
  round.slot_rows.assign(static_cast<std::size_t>(plan.own_slots), 0);
  for (std::size_t from = 0; from < plan.sources.size(); ++from) {
    const moe::Source& source = plan.sources[from];
    const auto entries = rows.range[from].entries;
    const auto first = static_cast<std::size_t>(entries.data() - source.entries.data());
    std::size_t row = 0;
    for (std::size_t at = 0; at < entries.size(); ++at) {
      const moe::Entry entry = entries[at];
      if (at > 0 && entry.token != entries[at - 1].token) ++row;
      const moe::Place place = rows.place[from][by_expert ? at : row];
      if (place == moe::kNowhere) continue;
      ++round.slot_rows[entry.slot];
      round.choice_row.push_back(static_cast<int>(place));
      round.choice_slot.push_back(entry.slot);
      round.choice_k.push_back(entry.k);
      round.choice_weight.push_back(source.weights.empty() ? 1.0F : source.weights[first + at]);
    }
  }
  for (const moe::Dropped& one : rows.dropped)
    round.dropped.push_back({one.source, static_cast<int>(one.token), one.slot, one.k});
  return round;
}

// Makes the rows of `handle`, which may be new.
Status make_rows(tuttiEpPlan& handle, tuttiEp& ep, const moe::Choices& choices, const moe::Shape& shape, bool by_slot) {
  if (in_group()) return Error{Code::invalid_usage, "a plan cannot be made inside tuttiGroupStart"};
  if (handle.begun || handle.shared->calls.load() > 0)
    return Error{Code::invalid_usage, "a call on the plan is in flight: finish it first"};
  std::shared_ptr<moe::Meeting> meeting;
  const auto maker = [&]() -> Result<std::shared_ptr<moe::Exchange>> {
    if (!handle.shared->plan) handle.shared->plan = TUTTI_TRY(ep.group->new_plan(shape));
    meeting = TUTTI_TRY(ep.group->meet(handle.shared->plan, choices, by_slot));
    return std::shared_ptr<moe::Exchange>(meeting);
  };
  const auto drive = std::make_shared<moe::Drive>(ep.group, "plan", maker, true, moe::Drive::Until::over);
  comm::Communicator& communicator = *ep.communicator;
  handle.rounds.clear();
  TUTTI_TRY(comm::run(communicator, comm::ActivityCall{drive}, communicator.take_ticket()));
  if (!drive->outcome()) return drive->outcome().error();
  if (!meeting->outcome()) return meeting->outcome().error();
  return {};
}

std::string describe(const moe::Plan& plan) {
  auto routes = nlohmann::ordered_json::array();
  for (std::int32_t node = 0; node < plan.site->nodes; ++node) {
    if (node == plan.site->node) continue;
    const auto at = static_cast<std::size_t>(node);
    routes.push_back({{"node", node},
                      {"route", plan.routes[at].route == moe::Route::direct ? "direct" : "hierarchical"},
                      {"reason", plan.routes[at].reason()},
                      {"rows_to_ranks", plan.outgoing.rank_rows[at]},
                      {"rows_to_node", plan.outgoing.tokens_of_node(node).size()}});
  }
  auto received = nlohmann::ordered_json::array();
  for (const auto& round : plan.rounds) received.push_back(round.rows);
  const nlohmann::ordered_json all{{"schema", "tutti.moe_plan/1"},
                                   {"layout", kLayouts[static_cast<std::size_t>(plan.shape.layout)]},
                                   {"tokens", plan.outgoing.tokens},
                                   {"rounds", plan.rounds.size()},
                                   {"recv_rows", received},
                                   {"window_tokens", plan.window},
                                   {"network_rows", plan.network_rows()},
                                   {"network_rank_rows", plan.network_rank_rows()},
                                   {"routes", routes}};
  return all.dump();
}

Status check_complete(const tuttiEpPlan& handle) {
  const auto& plan = handle.shared->plan;
  if (plan && plan->complete) return {};
  return Error{Code::invalid_usage, "the plan could not be made: update it first"};
}

}  // namespace

Result<tuttiEpPlan*> usable(tuttiEpPlan_t handle) {
  if (handle == nullptr || handle->magic != tuttiEpPlan::kAlive)
    return Error{Code::invalid_argument, "plan is not a plan"};
  return handle;
}

}  // namespace tutti::api

using namespace tutti;
using namespace tutti::api;

tuttiResult_t tuttiEpPlanCreate(tuttiEp_t ep, const tuttiEpRouting_t* routing, tuttiEpLayout_t layout,
                                int64_t alignOrCapacity, tuttiEpPlan_t* plan) {
  return guarded([&]() -> Status {
    auto* const group = TUTTI_TRY(usable(ep));
    if (plan == nullptr) return null_argument("plan");
    *plan = nullptr;
    const auto choices = TUTTI_TRY(read_routing(routing));
    const auto shape = TUTTI_TRY(read_shape(layout, alignOrCapacity));
    auto handle = std::make_unique<tuttiEpPlan>();
    handle->ep = group;
    ++group->plans;
    TUTTI_TRY(make_rows(*handle, *group, choices, shape, routing->bySlot != 0));
    *plan = handle.release();
    return {};
  });
}

tuttiResult_t tuttiEpPlanUpdate(tuttiEpPlan_t plan, const tuttiEpRouting_t* routing) {
  return guarded([&]() -> Status {
    auto* const handle = TUTTI_TRY(usable(plan));
    const auto choices = TUTTI_TRY(read_routing(routing));
    return make_rows(*handle, *handle->ep, choices, handle->shared->plan->shape, routing->bySlot != 0);
  });
}

tuttiResult_t tuttiEpPlanDestroy(tuttiEpPlan_t plan) {
  if (plan == nullptr) return tuttiSuccess;
  return guarded([&]() -> Status {
    auto* const handle = TUTTI_TRY(usable(plan));
    const bool failed = handle->ep->communicator->failure().has_value();
    if ((handle->begun || handle->shared->calls.load() > 0) && !failed)
      return Error{Code::invalid_usage, "a call on the plan is in flight: finish it first"};
    delete handle;
    return {};
  });
}

tuttiResult_t tuttiEpPlanGet(tuttiEpPlan_t plan, int round, tuttiEpPlanInfo_t* info) {
  return guarded([&]() -> Status {
    auto* const handle = TUTTI_TRY(usable(plan));
    if (info == nullptr) return null_argument("info");
    if (info->size != sizeof *info) return Error{Code::invalid_argument, "info->size is not sizeof(tuttiEpPlanInfo_t)"};
    TUTTI_TRY(check_complete(*handle));
    const moe::Plan& made = *handle->shared->plan;
    const auto rounds = static_cast<int>(made.rounds.size());
    if (round < 0 || round >= rounds)
      return Error{Code::invalid_argument, fmt::format("round is {}: it must be between 0 and {}", round, rounds - 1)};
    const moe::Arrangement& rows = made.rounds[static_cast<std::size_t>(round)];
    handle->rounds.resize(made.rounds.size());
    auto& shown_or_not = handle->rounds[static_cast<std::size_t>(round)];
    if (!shown_or_not) shown_or_not = show_round(made, rows);
    const tuttiEpPlan::Round& shown = *shown_or_not;
    *info = {.size = sizeof *info,
             .rounds = rounds,
             .numSlots = made.own_slots,
             .slotExpert = made.slot_expert.data(),
             .slotRows = shown.slot_rows.data(),
             .slotOffset = rows.slot_offset.empty() ? nullptr : rows.slot_offset.data(),
             .sourceRows = rows.source_rows.data(),
             .recvRows = rows.rows,
             .rowSource = rows.row_source.data(),
             .rowToken = rows.row_token.data(),
             .choices = static_cast<std::int64_t>(shown.choice_row.size()),
             .choiceRow = shown.choice_row.data(),
             .choiceSlot = shown.choice_slot.data(),
             .choiceK = shown.choice_k.data(),
             .choiceWeight = shown.choice_weight.data(),
             .numDropped = static_cast<std::int64_t>(shown.dropped.size()),
             .dropped = shown.dropped.data(),
             .networkRows = static_cast<std::int64_t>(made.network_rows()),
             .networkRankRows = static_cast<std::int64_t>(made.network_rank_rows())};
    return {};
  });
}

tuttiResult_t tuttiEpPlanDescribe(tuttiEpPlan_t plan, char* buffer, size_t size, size_t* needed) {
  return guarded([&]() -> Status {
    auto* const handle = TUTTI_TRY(usable(plan));
    TUTTI_TRY(check_complete(*handle));
    return put_text(describe(*handle->shared->plan), buffer, size, needed);
  });
}
