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
                      choosing_.layout, choosing_.links, choosing_.forced);
}

Result<const Prepared*> PlanCache::find(const CollectiveCall& call) {
  const Key key = key_of(call);
  if (last_key_ == key) return last_;
  const auto known = entries_.find(key);
  if (known == entries_.end()) {
    const auto selection = TUTTI_TRY(explain(call));
    if (entries_.size() >= kMostEntries) entries_.clear();
    const plan::Plan& plan = selection.plan;
    const ProgramKey program_key{plan.algorithm, plan.segments, plan.root, key.in_place, plan.widened, plan.divides};
    auto program = programs_[program_key].lock();
    if (!program)
      programs_[program_key] = program = std::make_shared<plan::Program>(plan::lower(plan, self_, key.in_place));
    last_ = &entries_
                 .emplace(key,
                          Prepared{plan, std::move(program), fmt::format("{}/{}", plan.algorithm->name, plan.segments)})
                 .first->second;
  } else {
    last_ = &known->second;
  }
  last_key_ = key;
  return last_;
}

}  // namespace tutti::comm
