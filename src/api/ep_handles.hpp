// What the C handles of experts in parallel point to, and how their calls are made.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "api/edge.hpp"
#include "comm/communicator.hpp"
#include "moe/group.hpp"
#include "tutti/ep.h"

/// A group: a communicator of its own, whose only calls are the group's.
struct tuttiEp {
  static constexpr unsigned kAlive = 0x45504752;

  unsigned magic = kAlive;
  std::shared_ptr<tutti::moe::Group> group;  // only in its calls' turns, but for what never changes
  std::unique_ptr<tutti::comm::Communicator> communicator;
  std::atomic<int> plans{0};

  ~tuttiEp() { magic = 0; }
};

struct tuttiEpPlan {
  static constexpr unsigned kAlive = 0x4550504c;

  /// A round's arrays, as tuttiEpPlanInfo_t shows them.
  struct Round {
    std::vector<std::int64_t> slot_rows;
    std::vector<int> choice_row;
    std::vector<int> choice_slot;
    std::vector<int> choice_k;
    std::vector<float> choice_weight;
    std::vector<tuttiEpDropped_t> dropped;
  };

  /// What calls need that are still to run when the handle's owner goes on.
  struct Shared {
    std::shared_ptr<tutti::moe::Plan> plan;
    std::shared_ptr<tutti::moe::Exchange> begun;  // in its calls' turns
    std::atomic<int> calls{0};                    // that are not over
  };

  unsigned magic = kAlive;
  tuttiEp* ep = nullptr;
  std::shared_ptr<Shared> shared = std::make_shared<Shared>();
  bool begun = false;                        // as the caller sees it
  std::vector<std::optional<Round>> rounds;  // those that were asked for

  ~tuttiEpPlan() {
    if (ep != nullptr) --ep->plans;
    magic = 0;
  }
};

namespace tutti::api {

Result<tuttiEp*> usable(tuttiEp_t handle);
Result<tuttiEpPlan*> usable(tuttiEpPlan_t handle);

/// Runs `body` on this thread when the turn of the group's calls has come.
Status in_turn(tuttiEp& ep, const char* what, std::function<void()> body);

/// Reads the slots of a placement. Fails with invalid_argument.
Result<moe::Placement> read_placement(int experts, int slots, const int* slot_rank, const int* slot_expert, int ranks);

}  // namespace tutti::api
