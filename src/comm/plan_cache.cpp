#include "comm/plan_cache.hpp"

#include <fmt/format.h>

#include <numeric>

namespace tutti::comm {
namespace {

// What the choice goes by: of blocks that differ in length, their mean; nothing, where ranks do not share it.
std::uint64_t count_to_choose_by(const CollectiveCall& call) {
  if (!call.shares_lengths()) return 0;
  const auto lengths = shared_lengths(call);
  if (lengths.empty()) return call.count;
  const auto all = std::accumulate(lengths.begin(), lengths.end(), std::uint64_t{0});
  return (all + lengths.size() - 1) / lengths.size();
}

}  // namespace

PlanCache::Key PlanCache::key_of(const CollectiveCall& call) const {
  const bool reduces = is_reduction(call.collective);
  return {call.collective,
          call.type,
          reduces ? call.op.op : ReduceOp::sum,
          !reduces || call.op.commutative,
          is_in_place(call, self_),
          has_root(call.collective) ? call.root : Rank{0},
          !call.shares_lengths(),
          count_to_choose_by(call)};
}

Result<plan::Selection> PlanCache::explain(const CollectiveCall& call) const {
  const Key key = key_of(call);
  return plan::select({.collective = key.collective,
                       .count = key.count,
                       .type = key.type,
                       .op = key.op,
                       .commutative = key.commutative,
                       .deterministic = choosing_.deterministic,
                       .root = key.root,
                       .own_lengths_only = key.own_lengths_only,
                       .staging = choosing_.staging},
                      choosing_.fabric, choosing_.forced);
}

Result<const Prepared*> PlanCache::find(const CollectiveCall& call) {
  const Key key = key_of(call);
  if (last_key_ == key) return last_;
  const auto known = entries_.find(key);
  if (known == entries_.end()) {
    const auto selection = TUTTI_TRY(explain(call));
    if (entries_.size() >= kMostEntries) entries_.clear();
    const plan::Plan& plan = selection.plan;
    last_ = &entries_
                 .emplace(key, Prepared{plan, program_of(plan, key.in_place),
                                        fmt::format("{}/{}", way_of(plan), plan.segments)})
                 .first->second;
  } else {
    last_ = &known->second;
  }
  last_key_ = key;
  return last_;
}

// Calls that differ in nothing but their count share a program.
std::shared_ptr<const plan::Program> PlanCache::program_of(const plan::Plan& plan, bool in_place) {
  std::erase_if(programs_, [](const Lowered& one) { return one.program.expired(); });
  for (const Lowered& one : programs_) {
    if (one.in_place == in_place && one.plan == plan) return one.program.lock();
  }
  auto program = std::make_shared<const plan::Program>(plan::lower(plan, self_, in_place));
  programs_.push_back({plan, in_place, program});
  return program;
}

}  // namespace tutti::comm
