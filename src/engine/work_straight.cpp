// The straight path of short calls. The order of a program is one in which its steps may run, as every edge leads to a
// later step; so, as long as nothing has to wait, nobody needs to keep books of dependencies.
#include <algorithm>
#include <array>

#include "engine/work.hpp"

namespace tutti::engine {

using plan::Step;
using plan::Verb;

bool Work::go_straight(Patience patience) {
  reserve_scratch();
  for (std::uint32_t step = 0; step < program_->size(); ++step) {
    if (run_at_once(step, patience)) continue;
    begin_behind(step);
    return false;
  }
  over_ = true;
  failed_ = false;
  return true;
}

// False: nothing has been done.
bool Work::run_at_once(std::uint32_t number, Patience& patience) {
  const Step& step = program_->steps[number];
  if (!step.moves()) {
    compute(step);
    return true;
  }
  find_slices(number);
  if (target_.empty()) return true;
  const bool sends = step.verb == Verb::send;
  const Piece target = target_.front();
  const std::size_t bytes = target.elements * element_size(sends ? step.src : step.dst);
  if (target_.size() > 1 || bytes > kShort) return false;
  const auto path = peers_.path(step.peer);
  if (!path || *path == nullptr) return false;  // who comes after us says why
  if (!(*path)->transport->capabilities().goes_straight) return false;
  transport::Endpoint& endpoint = *(*path)->endpoint;
  if (sends) return patience.wait_for([&] { return endpoint.send_now({target.data, bytes}, fingerprint_); });

  std::array<std::byte, kShort> arrived;
  const bool reduces = step.verb == Verb::recv_reduce;
  const std::span<std::byte> into(reduces ? arrived.data() : target.data, bytes);
  if (!patience.wait_for([&] { return endpoint.recv_now(into, fingerprint_); })) return false;
  if (reduces) {
    const auto& combine = (step.flags & plan::kArrivedFirst) != 0 ? combine_left_ : combine_right_;
    combine.apply(combine.context, target.data, local_.front().data, arrived.data(), bytes);
  }
  return true;
}

// The first `steps` steps are done.
void Work::begin_behind(std::uint32_t steps) {
  begin();
  for (std::uint32_t step = 0; step < steps; ++step) {
    posted_[step] = 1;
    release(step, true);
    release(step, false);
  }
  remaining_ -= steps;
  ready_.clear();
  for (std::uint32_t step = steps; step < program_->size(); ++step)
    if (waits_[step] == 0) ready_.push_back(step);
}

Places Work::places_of(const Buffers& buffers) {
  return {nullptr, const_cast<std::byte*>(buffers.in), buffers.out, acc_.data(), acc2_.data(), slots_.data(), token_};
}

// Where a path is still to be found, a later call tries again.
void Work::prefill(const Operation& operation, const Buffers& buffers, Prefilled& prefilled) {
  prefilled.state_ = Prefilled::State::never;
  prefilled.moves_.clear();
  prefilled.sources_.clear();
  if (operation.op == ReduceOp::user || operation.op == ReduceOp::premul_sum) return;  // differ from call to call
  reserve_scratch();
  std::size_t most_sources = 0;
  for (std::uint32_t number = 0; number < program_->size(); ++number) {
    const Step& step = program_->steps[number];
    if (step.verb == Verb::wait) continue;
    if (step.moves()) {
      const auto state = prefill_message(number, buffers, prefilled);
      if (state == Prefilled::State::ready) continue;
      prefilled.state_ = state;
      return;
    }
    step.verb == Verb::reduce ? prefill_reduce(number, buffers, prefilled) : prefill_copy(number, buffers, prefilled);
    most_sources = std::max<std::size_t>(most_sources, step.verb == Verb::reduce ? step.slot_count() : 0);
  }
  prefilled.pointers_.resize(most_sources);
  prefilled.arithmetic_ = arithmetic_;
  prefilled.steps_ = program_->size();
  prefilled.state_ = Prefilled::State::ready;
}

Prefilled::Spot Work::spot_of(plan::Buffer buffer, const std::byte* data, const Buffers& buffers) {
  return {buffer, static_cast<std::size_t>(data - places_of(buffers)[static_cast<std::size_t>(buffer)])};
}

Prefilled::State Work::prefill_message(std::uint32_t number, const Buffers& buffers, Prefilled& prefilled) {
  const Step& step = program_->steps[number];
  find_slices(number);
  if (target_.empty()) return Prefilled::State::ready;
  const bool sends = step.verb == Verb::send;
  const Piece target = target_.front();
  const std::size_t bytes = target.elements * element_size(sends ? step.src : step.dst);
  if (target_.size() > 1 || bytes > Prefilled::kLongest) return Prefilled::State::never;
  const auto path = peers_.path(step.peer);
  if (!path || *path == nullptr) return Prefilled::State::unknown;
  const auto able = (*path)->transport->capabilities();
  if (!able.goes_straight || (step.verb == Verb::recv_reduce && !able.combines)) return Prefilled::State::never;
  Prefilled::Move move{.step = number, .bytes = bytes, .elements = target.elements};
  move.endpoint = (*path)->endpoint;
  if (sends) {
    move.kind = Prefilled::Kind::send;
    move.src = spot_of(step.src, target.data, buffers);
  } else {
    move.kind = step.verb == Verb::recv ? Prefilled::Kind::recv : Prefilled::Kind::recv_reduce;
    move.dst = spot_of(step.dst, target.data, buffers);
    move.flag = (step.flags & plan::kArrivedFirst) != 0;
    if (step.verb == Verb::recv_reduce) move.src = spot_of(step.src, local_.front().data, buffers);
  }
  prefilled.moves_.push_back(move);
  return Prefilled::State::ready;
}

void Work::prefill_copy(std::uint32_t number, const Buffers& buffers, Prefilled& prefilled) {
  const Step& step = program_->steps[number];
  find_copied(step);
  for (std::size_t i = 0; i < target_.size(); ++i) {
    const bool prepares = (step.flags & plan::kPrepare) != 0;
    const bool finishes = (step.flags & plan::kFinal) != 0;
    prefilled.moves_.push_back({.kind = prepares   ? Prefilled::Kind::prepare
                                        : finishes ? Prefilled::Kind::finish
                                                   : Prefilled::Kind::copy,
                                .step = number,
                                .src = spot_of(step.src, local_[i].data, buffers),
                                .dst = spot_of(step.dst, target_[i].data, buffers),
                                .bytes = target_[i].elements * element_size(step.dst),
                                .elements = target_[i].elements});
  }
}

void Work::prefill_reduce(std::uint32_t number, const Buffers& buffers, Prefilled& prefilled) {
  const Step& step = program_->steps[number];
  find_reduced(step);
  std::size_t before = 0;
  for (const Piece& target : target_) {
    find_sources(step, static_cast<std::size_t>(&target - target_.data()), before);
    before += target.elements;
    prefilled.moves_.push_back({.kind = Prefilled::Kind::reduce,
                                .flag = (step.flags & plan::kFinal) != 0,
                                .step = number,
                                .dst = spot_of(step.dst, target.data, buffers),
                                .elements = target.elements,
                                .first_source = static_cast<std::uint32_t>(prefilled.sources_.size()),
                                .sources = step.slot_count(),
                                .own = step.own_slot()});
    for (std::uint32_t slot = 0; slot < step.slot_count(); ++slot) {
      const auto buffer = slot == step.own_slot() ? step.src : plan::Buffer::slots;
      prefilled.sources_.push_back(spot_of(buffer, sources_[slot], buffers));
    }
  }
}

}  // namespace tutti::engine
