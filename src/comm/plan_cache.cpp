#include "comm/plan_cache.hpp"

#include <fmt/format.h>

#include <numeric>

#include "plan/select/candidates.hpp"

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

plan::Query PlanCache::query_of(const Key& key) const {
  return {.collective = key.collective,
          .count = key.count,
          .type = key.type,
          .op = key.op,
          .commutative = key.commutative,
          .deterministic = choosing_.deterministic,
          .root = key.root,
          .own_lengths_only = key.own_lengths_only,
          .staging = choosing_.staging};
}

Result<plan::Selection> PlanCache::select(const Key& key) const {
  return plan::select(query_of(key), choosing_.fabric, choosing_.forced, choosing_.tuned ? &*choosing_.tuned : nullptr);
}

// Their own choice is told beside it: what would be taken without. Whoever asks has not said where the buffers lie.
Result<plan::Selection> PlanCache::explain(const CollectiveCall& call) const {
  Key key = key_of(call);
  auto selection = TUTTI_TRY(select(key));
  key.in_place = true;
  const Use same = find_brought(key);
  key.in_place = false;
  const Use apart = find_brought(key);
  const Use& use = apart.brought != nullptr ? apart : same;
  if (use.brought != nullptr) {
    selection.brought = use.brought->name;
    selection.reason = "TUTTI_PLAN: " + use.brought->name;
    if (same.brought == nullptr) selection.reason += "; not for calls in place: " + same.why_not;
    if (apart.brought == nullptr) selection.reason += "; for calls in place only: " + apart.why_not;
  } else if (!use.why_not.empty()) {
    selection.reason += "; TUTTI_PLAN is not used: " + use.why_not;
  }
  return selection;
}

PlanCache::Use PlanCache::find_brought(const Key& key) const {
  Use use;
  if (choosing_.brought == nullptr) return use;
  const plan::Query query = query_of(key);
  for (const plan::Brought& one : choosing_.brought->plans) {
    if (one.collective != key.collective) continue;
    if (one.ranks != choosing_.fabric.ranks()) {
      use.why_not = fmt::format("{} is for {} ranks", one.name, one.ranks);
    } else if (one.plan) {
      plan::Plan plan = *one.plan;
      plan.root = key.root;
      plan.widened = plan::needs_widening(plan, key.type, key.op);
      plan.divides = key.op == ReduceOp::avg && is_reduction(key.collective);
      const auto why = plan::refusal(plan, query);
      if (why.empty()) return {&one, {}, plan, {}};
      use.why_not = fmt::format("{}: {}", one.name, why);
    } else {
      auto programs = plan::use_for(one, query, key.in_place);
      if (programs.programs != nullptr) return {&one, std::move(programs), std::nullopt, {}};
      use.why_not = fmt::format("{}: {}", one.name, programs.why_not);
    }
  }
  return use;
}

Prepared PlanCache::prepare(const CollectiveCall& call, const Key& key, const Use& use) {
  if (use.plan)
    return {program_of(*use.plan, key.in_place), fmt::format("{}/{}", use.brought->name, use.plan->segments), 0, {}};
  auto program = (*use.programs.programs)[static_cast<std::size_t>(index(self_))];
  program.widened = use.programs.widened;
  return {std::make_shared<const plan::Program>(std::move(program)),
          fmt::format("{}{}", use.brought->name, is_in_place(call, self_) ? "" : " apart"),
          0,
          {}};
}

PlanCache::Recent& PlanCache::place_of(const Key& key, std::array<Recent, 32>& recent) {
  const std::uint64_t kind = static_cast<std::uint64_t>(key.collective) * 7 + static_cast<std::uint64_t>(key.type) * 3 +
                             static_cast<std::uint64_t>(key.op);
  return recent[(key.count * 0x9e3779b97f4a7c15 >> 59 ^ kind) % recent.size()];
}

Result<Prepared*> PlanCache::find(const CollectiveCall& call) {
  const Key key = key_of(call);
  Recent& recent = place_of(key, recent_);
  if (recent.prepared != nullptr && recent.key == key) return recent.prepared;
  const auto known = entries_.find(key);
  Prepared* found = nullptr;
  if (known == entries_.end()) {
    if (entries_.size() >= kMostEntries) {
      entries_.clear();
      recent_ = {};
    }
    Prepared prepared;
    if (const Use use = find_brought(call); use.brought != nullptr) {
      prepared = prepare(call, key, use);
    } else {
      const auto selection = TUTTI_TRY(select(key));
      prepared.program = program_of(selection.plan, key.in_place);
      prepared.name = fmt::format("{}/{}", way_of(selection.plan), selection.plan.segments);
    }
    prepared.signature = signature(call, prepared.name, self_);
    found = &entries_.emplace(key, std::move(prepared)).first->second;
  } else {
    found = &known->second;
  }
  recent = {key, found};
  return found;
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
