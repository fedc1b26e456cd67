// Groups of experts in parallel: making, placing, asking, ending.
#include <fmt/format.h>

#include <numeric>
#include <thread>

#include "api/ep_handles.hpp"
#include "api/ep_rings.hpp"
#include "api/group.hpp"
#include "comm/drive.hpp"

namespace tutti::api {
namespace {

constexpr unsigned kConfigMagic = 0x74757465U;

// Something that a group does between its exchanges.
class Turn final : public engine::Activity {
 public:
  Turn(const char* what, std::function<void()> body) : what_(what), body_(std::move(body)) {}

  Result<bool> poll(engine::Peers& /*peers*/, TimePoint /*now*/, bool& moved) override {
    body_();
    moved = true;
    return true;
  }
  void abandon() override {}
  [[nodiscard]] engine::Stall stall() const override { return {}; }
  [[nodiscard]] std::string describe() const override { return what_; }

 private:
  const char* what_;
  std::function<void()> body_;
};

Result<moe::Settings> read_settings(const tuttiEpConfig_t& config) {
  if (config.size != sizeof config || config.magic != kConfigMagic)
    return Error{Code::invalid_argument, "config was not made with TUTTI_EP_CONFIG_INITIALIZER"};
  if (config.numExperts < 1)
    return Error{Code::invalid_argument, fmt::format("numExperts is {}: it must be at least 1", config.numExperts)};
  if (config.route < tuttiEpRouteAuto || config.route > tuttiEpRouteHierarchical)
    return Error{Code::invalid_argument,
                 fmt::format("route is {}: there is no such route", static_cast<int>(config.route))};
  if (config.overflow < tuttiEpOverflowError || config.overflow > tuttiEpOverflowChunk)
    return Error{Code::invalid_argument,
                 fmt::format("overflow is {}: there is no such policy", static_cast<int>(config.overflow))};
  if (config.timeoutMs < 0)
    return Error{Code::invalid_argument, fmt::format("timeoutMs is {}: it must not be negative", config.timeoutMs)};
  return moe::Settings{.experts = config.numExperts,
                       .limits = {.tokens = config.maxTokens, .topk = config.maxTopk},
                       .row_bytes = config.maxRowBytes,
                       .received_rows = config.maxRecvRows,
                       .staging = {config.stagingBytes},
                       .in_flight = {config.inFlightBytes},
                       .route = static_cast<moe::Route>(config.route),
                       .overflow = static_cast<moe::Overflow>(config.overflow)};
}

// A communicator of the same ranks, for the group's calls alone.
Result<std::unique_ptr<comm::Communicator>> paths_of_its_own(comm::Communicator& parent, int timeout_ms,
                                                             std::uint64_t ticket) {
  const SteadyClock clock;
  Config config = parent.config();
  if (timeout_ms > 0) config.timeout = std::chrono::milliseconds(timeout_ms);
  const auto& layout = parent.layout();
  config.shm_ring = expert_ring(config, layout.ranks_on(layout.node_of(parent.rank())) - 1);
  while (!parent.is_turn(ticket)) std::this_thread::sleep_for(std::chrono::microseconds(50));  // calls have deadlines
  auto child = parent.split(0, index(parent.rank()), config, in(config.init_timeout, clock.now()));
  parent.end_turn();
  return child;
}

}  // namespace

Result<tuttiEp*> usable(tuttiEp_t handle) {
  if (handle == nullptr || handle->magic != tuttiEp::kAlive)
    return Error{Code::invalid_argument, "ep is not a group of experts"};
  return handle;
}

Status in_turn(tuttiEp& ep, const char* what, std::function<void()> body) {
  comm::Communicator& communicator = *ep.communicator;
  const comm::ActivityCall call{std::make_shared<Turn>(what, std::move(body))};
  return comm::run(communicator, call, communicator.take_ticket());
}

Result<moe::Placement> read_placement(int experts, int slots, const int* slot_rank, const int* slot_expert, int ranks) {
  if (slots < 0) return Error{Code::invalid_argument, fmt::format("numSlots is {}: it must not be negative", slots)};
  const int count = slots == 0 ? experts : slots;
  if (slot_expert == nullptr && count != experts)
    return Error{Code::invalid_argument, fmt::format("numSlots is {} for {} experts: slotExpert must say which slot "
                                                     "holds which expert",
                                                     count, experts)};
  std::vector<std::int32_t> of_slot(static_cast<std::size_t>(count));
  std::iota(of_slot.begin(), of_slot.end(), 0);
  std::vector<std::int32_t> rank_of_slot = moe::Placement::even(count, ranks).slot_rank;
  if (slot_expert != nullptr) of_slot.assign(slot_expert, slot_expert + count);
  if (slot_rank != nullptr) rank_of_slot.assign(slot_rank, slot_rank + count);
  return moe::Placement::make(experts, ranks, rank_of_slot, of_slot);
}

}  // namespace tutti::api

using namespace tutti;
using namespace tutti::api;

tuttiResult_t tuttiEpCreate(tuttiComm_t comm, const tuttiEpConfig_t* config, tuttiEp_t* ep) {
  return guarded([&]() -> Status {
    auto* const parent = TUTTI_TRY(usable(comm));
    if (config == nullptr) return null_argument("config");
    if (ep == nullptr) return null_argument("ep");
    *ep = nullptr;
    const auto settings = TUTTI_TRY(read_settings(*config));
    const auto placement = TUTTI_TRY(
        read_placement(config->numExperts, config->numSlots, config->slotRank, config->slotExpert, parent->size()));
    auto site = moe::Site::of(parent->layout(), index(parent->rank()));
    auto group = TUTTI_TRY(moe::Group::make(std::move(site), settings, placement, parent->links()));
    return submit_job([=, timeout = config->timeoutMs, ticket = parent->take_ticket()]() -> Status {
      auto handle = std::make_unique<tuttiEp>();
      handle->group = group;
      handle->communicator = TUTTI_TRY(paths_of_its_own(*parent, timeout, ticket));
      *ep = handle.release();
      return {};
    });
  });
}

tuttiResult_t tuttiEpDestroy(tuttiEp_t ep) {
  if (ep == nullptr) return tuttiSuccess;
  return guarded([&]() -> Status {
    auto* const raw = TUTTI_TRY(usable(ep));
    if (const int plans = raw->plans.load(); plans > 0)
      return Error{Code::invalid_usage, fmt::format("the group has {} plans: destroy them first", plans)};
    const std::unique_ptr<tuttiEp> handle(raw);
    comm::Communicator& communicator = *handle->communicator;
    if (communicator.failure()) return {};
    const comm::ActivityCall rest{std::make_shared<moe::Drive>(
        handle->group, "calls that were begun", [] { return std::shared_ptr<moe::Exchange>(); }, false,
        moe::Drive::Until::over)};
    return comm::run(communicator, rest, communicator.take_ticket());
  });
}

tuttiResult_t tuttiEpSetPlacement(tuttiEp_t ep, int numSlots, const int* slotRank, const int* slotExpert) {
  return guarded([&]() -> Status {
    auto* const handle = TUTTI_TRY(usable(ep));
    auto placement = TUTTI_TRY(read_placement(handle->group->settings().experts, numSlots, slotRank, slotExpert,
                                              handle->communicator->size()));
    return in_turn(*handle, "placement of experts",
                   [&group = *handle->group, &placement] { group.place(std::move(placement)); });
  });
}

tuttiResult_t tuttiEpGetStats(tuttiEp_t ep, tuttiEpStats_t* stats) {
  return guarded([&]() -> Status {
    auto* const handle = TUTTI_TRY(usable(ep));
    if (stats == nullptr) return null_argument("stats");
    if (stats->size != sizeof *stats) return Error{Code::invalid_argument, "stats->size is not sizeof(tuttiEpStats_t)"};
    moe::Statistics all;
    TUTTI_TRY(in_turn(*handle, "statistics", [&group = *handle->group, &all] { all = group.statistics(); }));
    *stats = {.size = sizeof *stats,
              .plans = all.plans,
              .dispatches = all.dispatches,
              .combines = all.combines,
              .droppedChoices = all.dropped,
              .networkBytes = all.traffic.network_bytes,
              .nodeBytes = all.traffic.node_bytes,
              .messages = all.traffic.messages,
              .stagingBytes = all.staging};
    return {};
  });
}
