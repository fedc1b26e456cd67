#include "engine/engine.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

namespace tutti::engine {
namespace {

using plan::Buffer;
using plan::Program;
using plan::Step;
using plan::Verb;

void combine_right(const void* context, std::byte* out, const std::byte* local, const std::byte* arrived,
                   std::size_t bytes) {
  const auto& arithmetic = *static_cast<const Arithmetic*>(context);
  arithmetic.combine(out, local, arrived, bytes / arithmetic.partial_size());
}

void combine_left(const void* context, std::byte* out, const std::byte* local, const std::byte* arrived,
                  std::size_t bytes) {
  const auto& arithmetic = *static_cast<const Arithmetic*>(context);
  arithmetic.combine(out, arrived, local, bytes / arithmetic.partial_size());
}

}  // namespace

Engine::Engine(Peers& peers, Bytes staging) : peers_(peers), staging_(staging) {
  combine_right_ = {combine_right, &arithmetic_};
  combine_left_ = {combine_left, &arithmetic_};
}

void Engine::start(const Program& program, const Operation& operation, const Buffers& buffers,
                   std::uint32_t fingerprint) {
  program_ = &program;
  messages_.clear();
  arithmetic_ = Arithmetic(operation, program.widened);
  fingerprint_ = fingerprint;
  place_blocks(buffers);
  tile_.count = tile_elements();
  state_ = State::running;
  begin_tile();
}

void Engine::start(std::vector<Message> messages) {
  messages_ = std::move(messages);
  fingerprint_ = 0x70327032;  // collectives never have it by more than chance
  message_program_ = {};
  for (const Message& message : messages_) {
    Step step;
    step.verb = message.sends ? Verb::send : Verb::recv;
    step.peer = message.peer;
    message_program_.steps.push_back(step);
  }
  message_program_.steps.emplace_back();
  // One edge to the next message of the same kind with the same peer: they are posted in the order of the calls.
  for (std::uint32_t i = 0; i < message_program_.size(); ++i) {
    Step& step = message_program_.steps[i];
    step.successors = static_cast<std::uint32_t>(message_program_.successors.size());
    for (std::uint32_t next = i + 1; next < message_program_.size(); ++next) {
      Step& other = message_program_.steps[next];
      if (other.peer != step.peer || other.verb != step.verb) continue;
      message_program_.successors.push_back({next & 0x7fffffffU, 1});
      ++other.dependencies;
      break;
    }
  }
  message_program_.steps.back().successors = static_cast<std::uint32_t>(message_program_.successors.size());
  program_ = &message_program_;
  tile_ = {};
  whole_ = 0;
  state_ = State::running;
  begin_tile();
}

// As much as can be staged at a time; everything, if nothing is staged. It depends on what all ranks know alike.
std::uint64_t Engine::tile_elements() const {
  const Program& program = *program_;
  if (program.scratch == 0) return whole_;
  const std::uint64_t mirror = tile_.blocks ? program.chunks : 1;
  const std::uint64_t bytes = mirror * program.scratch * arithmetic_.partial_size();
  const std::uint64_t least = std::uint64_t{program.segments} * 64 * (tile_.blocks ? 1 : program.chunks);  // no slivers
  return std::min(whole_, std::max(least, staging_.value / bytes));
}

void Engine::begin_tile() {
  const Program& program = *program_;
  if (program.uses_acc) acc_.reserve(tile_.scratch_elements() * arithmetic_.partial_size());
  if (program.uses_acc2) acc2_.reserve(tile_.scratch_elements() * arithmetic_.partial_size());
  if (program.slots > 0)
    slots_.reserve(std::size_t{program.slots} * program.segments * tile_.longest_chunk() * arithmetic_.partial_size());
  remaining_ = program.size();
  waits_.resize(remaining_);
  pieces_.assign(remaining_, 0);
  posted_.assign(remaining_, 0);
  ready_.clear();
  held_.clear();
  for (std::uint32_t i = 0; i < remaining_; ++i) {
    waits_[i] = program.steps[i].dependencies;
    if (waits_[i] == 0) ready_.push_back(i);
  }
}

void Engine::begin_next_tile_or_end() {
  tile_.first += tile_.count;
  if (tile_.first >= whole_) {
    state_ = State::idle;
    return;
  }
  tile_.count = std::min(tile_.count, whole_ - tile_.first);
  begin_tile();
}

State Engine::poll(TimePoint now, bool& moved) {
  moved_ = false;
  if (state_ == State::running) {
    run_ready();
    completed_.clear();
    peers_.progress(now, completed_);
    for (const auto& completion : completed_) {
      if (state_ != State::running) break;
      handle(completion);
    }
    run_ready();
    while (state_ == State::running && remaining_ == 0) {
      begin_next_tile_or_end();
      run_ready();
    }
  }
  moved = moved_;
  return state_;
}

// Steps in the order in which they became ready. Computing or posting one may make others ready.
void Engine::run_ready() {
  if (!held_.empty()) {
    ready_.insert(ready_.end(), held_.begin(), held_.end());
    held_.clear();
  }
  for (std::size_t i = 0; i < ready_.size() && state_ == State::running; ++i) {
    const std::uint32_t step = ready_[i];
    if (!run(step)) held_.push_back(step);
  }
  ready_.clear();
}

bool Engine::run(std::uint32_t number) {
  const Step& step = program_->steps[number];
  if (step.verb != Verb::copy && step.verb != Verb::reduce) return post(number);
  compute(step);
  release(number, true);
  complete(number);
  return true;
}

void Engine::compute(const Step& step) {
  if (step.verb == Verb::reduce) {
    reduce_slots(step);
    return;
  }
  find_pieces(step.src, step.src_first, step.chunks, local_);
  find_pieces(step.dst, step.dst_first, step.chunks, target_);
  for (std::size_t i = 0; i < target_.size(); ++i) {
    const std::size_t n = target_[i].elements;
    if ((step.flags & plan::kPrepare) != 0) {
      arithmetic_.prepare(target_[i].data, local_[i].data, n);
    } else if ((step.flags & plan::kFinal) != 0) {
      arithmetic_.finish(target_[i].data, local_[i].data, n);
    } else if (target_[i].data != local_[i].data) {
      std::memcpy(target_[i].data, local_[i].data, n * element_size(step.dst));
    }
  }
}

void Engine::reduce_slots(const Step& step) {
  const Extent from = extent(step.src, step.src_first);
  const Extent to = extent(step.dst, step.dst_first);
  if (to.count == 0) return;
  sources_.clear();
  for (std::uint32_t slot = 0; slot < program_->slots; ++slot) {
    const Buffer buffer = slot == program_->own_slot ? step.src : Buffer::slots;
    const std::uint64_t first = slot == program_->own_slot ? from.first : (step.slot + slot) * tile_.longest_chunk();
    sources_.push_back(base(buffer) + first * element_size(buffer));
  }
  arithmetic_.reduce(base(step.dst) + to.first * element_size(step.dst), sources_, program_->own_slot, to.count,
                     (step.flags & plan::kFinal) != 0);
}

void Engine::release(std::uint32_t step, bool when_posted) {
  for (const plan::Edge edge : program_->successors_of(step)) {
    if ((edge.when_posted != 0) == when_posted && --waits_[edge.step] == 0) ready_.push_back(edge.step);
  }
}

void Engine::complete(std::uint32_t step) {
  moved_ = true;
  --remaining_;
  release(step, false);
}

void Engine::handle(const transport::Completion& completion) {
  const auto step = static_cast<std::uint32_t>(completion.token);
  if (!completion.ok) {
    const auto path = peers_.path(peer_of(step));
    const Error* const why = path && *path != nullptr ? (*path)->endpoint->failure() : nullptr;
    Error error = why != nullptr ? *why : Error{Code::transport, "a message failed without a reason", peer_of(step)};
    fail(error.within(name_of(step)));
    return;
  }
  const auto staged = static_cast<std::size_t>(completion.token >> 32);
  if (staged != 0) finish_staged(*staged_[staged - 1]);
  if (--pieces_[step] == 0) complete(step);
}

void Engine::finish_staged(Staged& staged) {
  const auto& combine =
      (program_->steps[staged.step].flags & plan::kArrivedFirst) != 0 ? combine_left_ : combine_right_;
  combine.apply(combine.context, staged.out, staged.local, staged.memory.data(), staged.bytes);
  staged.busy = false;
  staged_bytes_ -= staged.bytes;
}

void Engine::fail(Error error) {
  if (state_ == State::failed) return;
  error_ = std::move(error);
  cancel();
}

void Engine::cancel() {
  peers_.cancel();
  for (const auto& staged : staged_) staged->busy = false;
  staged_bytes_ = 0;
  state_ = State::failed;
}

}  // namespace tutti::engine
