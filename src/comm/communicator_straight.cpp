// Short calls that need not wait: they pass by the drive, the flights and the clock.
#include <sched.h>

#include "comm/communicator.hpp"

namespace tutti::comm {
namespace {

constexpr std::uint32_t kCallsBetweenLooks = 64;  // how many such calls pass between looks at the session

// With a core for each rank, some microseconds; then others may need it after all. Else the message's sender may be
// waiting for this very core: each other rank on it runs once a pause.
constexpr engine::Patience kAlone{.looks = 400};
constexpr engine::Patience kCrowded{.looks = 1, .pauses = 32, .pause = [] { (void)::sched_yield(); }};

}  // namespace

std::optional<bool> Communicator::run_straight(const CollectiveCall& call) {
  if (call.uneven || left_ || (call.count == 0 && call.collective != plan::Collective::barrier)) return std::nullopt;
  if (call.count * size_of(call.type) > engine::Engine::kShort) return std::nullopt;
  if (has_failed_.load(std::memory_order_acquire) || aborted_.load(std::memory_order_acquire)) return std::nullopt;
  if (++straight_calls_ % kCallsBetweenLooks == 0 && failure()) return std::nullopt;
  const auto found = plans_->find(call);
  if (!found || !engine::Engine::is_short(*(*found)->program, call.count * size_of(call.type))) return std::nullopt;
  Prepared& prepared = **found;
  ++sequence_;
  const engine::Buffers buffers{.in = call.in, .out = call.out, .count = call.count};
  if (engine_->run_straight(*prepared.program, operation_of(call), buffers, fingerprint_of(call, prepared),
                            crowded_ ? kCrowded : kAlone, prepared.prefilled))
    return true;
  begin_flight(call, clock_.now());
  flights_.back().program = prepared.program;
  return false;
}

engine::Operation Communicator::operation_of(const CollectiveCall& call) const {
  return {.type = call.type,
          .op = call.op.op,
          .scalar = call.op.scalar,
          .divisor = call.op.op == ReduceOp::avg ? static_cast<double>(size()) : 1,
          .user = call.op.user};
}

std::uint32_t Communicator::fingerprint_of(const CollectiveCall& call, const Prepared& prepared) const {
  return call.uneven ? in_sequence(signature(call, prepared.name, rank()), sequence_)
                     : in_sequence(prepared.signature, sequence_);
}

}  // namespace tutti::comm
