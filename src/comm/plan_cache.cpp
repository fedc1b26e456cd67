#include "comm/plan_cache.hpp"

#include <fmt/format.h>

namespace tutti::comm {
namespace {

bool is_in_place(const CollectiveCall& call, Rank self) {
  const std::uint64_t block = static_cast<std::uint64_t>(index(self)) * call.count * size_of(call.type);
  switch (call.collective) {
    case plan::Collective::reduce_scatter:
      return call.out == call.in + block;
    case plan::Collective::all_gather:
      return call.in == call.out + block;
    default:
      return call.in == call.out;
  }
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
          call.count};
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
