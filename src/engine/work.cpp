#include "engine/work.hpp"

#include <algorithm>
#include <cstring>
#include <map>
#include <utility>

namespace tutti::engine {
namespace {

constexpr auto kNone = ~std::uint32_t{0};

using plan::Program;
using plan::Step;
using plan::Verb;

}  // namespace

Work::Work(Peers& peers, Turns& turns, Bytes staging, int numa, std::uint16_t slot)
    : peers_(peers), turns_(turns), staging_(staging), budget_(staging), numa_(numa), slot_(slot) {
  combine_right_ = {combine_arrived_right, &arithmetic_};
  combine_left_ = {combine_arrived_left, &arithmetic_};
}

void Work::prepare(const Program& program, const Operation& operation, const Buffers& buffers,
                   std::uint32_t fingerprint, std::uint64_t first) {
  program_ = &program;
  messages_.clear();
  arithmetic_ = Arithmetic(operation, program.widened);
  fingerprint_ = fingerprint;
  place_blocks(buffers);
  tile_.first = first;
  tile_.count = std::min(tile_elements(), whole_ - first);
}

void Work::prepare(std::vector<Message> messages) {
  messages_ = std::move(messages);
  fingerprint_ = 0x70327032;  // collectives never have it by more than chance
  message_program_ = {};
  auto& steps = message_program_.steps;
  auto& edges = message_program_.successors;
  for (const Message& message : messages_) {
    Step step;
    step.verb = message.sends ? Verb::send : Verb::recv;
    step.peer = message.peer;
    steps.push_back(step);
  }
  // One edge to the next message of the same kind with the same peer: they are posted in the order of the calls.
  std::vector<std::uint32_t> next(steps.size(), kNone);
  std::map<std::pair<Rank, Verb>, std::uint32_t> last;
  for (std::uint32_t i = 0; i < steps.size(); ++i) {
    const auto [before, first] = last.try_emplace({steps[i].peer, steps[i].verb}, i);
    if (!first) next[std::exchange(before->second, i)] = i;
  }
  for (std::uint32_t i = 0; i < steps.size(); ++i) {
    steps[i].successors = static_cast<std::uint32_t>(edges.size());
    if (next[i] == kNone) continue;
    edges.push_back({next[i] & 0x7fffffffU, 1});
    ++steps[next[i]].dependencies;
  }
  steps.emplace_back();
  steps.back().successors = static_cast<std::uint32_t>(edges.size());
  program_ = &message_program_;
  tile_ = Tile{};
  tile_.cut = &message_program_.cut;
  whole_ = 0;
  budget_ = staging_;
}

// Everything, if that may be staged at once; else so little that several tiles may be. It depends on what all ranks
// know alike.
std::uint64_t Work::tile_elements() {
  const Program& program = *program_;
  budget_ = staging_;
  if (program.scratch == 0) return whole_;
  const std::uint64_t mirror = tile_.blocks ? tile_.row() : 1;
  const std::uint64_t bytes = mirror * program.scratch * arithmetic_.partial_size();
  // Where blocks differ in length, a rank may not know whether the others' call is small.
  if (!tile_.uneven && whole_ <= staging_.value / bytes) return whole_;
  budget_ = Bytes{staging_.value / plan::kTilesAtOnce};
  const std::uint64_t least = std::uint64_t{program.segments} * 64 * (tile_.blocks ? 1 : program.chunks);  // no slivers
  return std::min(whole_, std::max(least, budget_.value / bytes));
}

std::size_t Work::scratch_bytes() const {
  const Program& program = *program_;
  const std::size_t mirrors = (program.uses_acc ? 1U : 0U) + (program.uses_acc2 ? 1U : 0U);
  const std::size_t slots = std::size_t{program.slots} * program.segments;
  return (mirrors * tile_.scratch_elements() + slots * tile_.longest_chunk()) * arithmetic_.partial_size();
}

void Work::begin() {
  over_ = false;
  failed_ = false;
  const Program& program = *program_;
  reserve_scratch();
  remaining_ = program.size();
  waits_.resize(remaining_);
  pieces_.assign(remaining_, 0);
  posted_.assign(remaining_, 0);
  first_reduce_ = 0;
  ready_.clear();
  held_.clear();
  for (std::uint32_t i = 0; i < remaining_; ++i) {
    waits_[i] = program.steps[i].dependencies;
    if (waits_[i] == 0) ready_.push_back(i);
  }
}

void Work::reserve_scratch() {
  const Program& program = *program_;
  if (program.uses_acc) acc_.reserve(tile_.scratch_elements() * arithmetic_.partial_size(), numa_);
  if (program.uses_acc2) acc2_.reserve(tile_.scratch_elements() * arithmetic_.partial_size(), numa_);
  if (program.slots > 0)
    slots_.reserve(std::size_t{program.slots} * program.segments * tile_.longest_chunk() * arithmetic_.partial_size(),
                   numa_);
}

bool Work::advance() {
  run_ready();
  if (!failed_ && remaining_ == 0) over_ = true;
  return std::exchange(moved_, false);
}

// Steps in the order in which they became ready. Computing or posting one may make others ready.
void Work::run_ready() {
  if (!held_.empty()) {
    ready_.insert(ready_.begin(), held_.begin(), held_.end());
    held_.clear();
  }
  for (std::size_t i = 0; i < ready_.size() && !failed_; ++i) {
    const std::uint32_t step = ready_[i];
    if (!run(step)) held_.push_back(step);
  }
  ready_.clear();
}

bool Work::run(std::uint32_t number) {
  const Step& step = program_->steps[number];
  if (step.moves()) return post(number);
  compute(step);
  release(number, true);
  complete(number);
  return true;
}

void Work::compute(const Step& step) {
  if (step.verb == Verb::wait) return;
  if (step.verb == Verb::reduce) {
    reduce_slots(step);
    return;
  }
  find_copied(step);
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

// Where the copied pieces lie, and where they go.
void Work::find_copied(const Step& step) {
  const bool join = joined(step.src) && joined(step.dst) && step.src_stride() == 1 && step.dst_stride() == 1;
  find_pieces({step.src, step.src_first, step.chunks, step.src_stride(), step.stands_for()}, join, local_);
  find_pieces({step.dst, step.dst_first, step.chunks, step.dst_stride(), step.stands_for()}, join, target_);
}

void Work::reduce_slots(const Step& step) {
  const bool final = (step.flags & plan::kFinal) != 0;
  find_reduced(step);
  std::size_t before = 0;  // elements of earlier pieces
  for (std::size_t i = 0; i < target_.size(); ++i) {
    find_sources(step, i, before);
    arithmetic_.reduce(target_[i].data, sources_, step.own_slot(), target_[i].elements, final);
    before += target_[i].elements;
  }
}

void Work::find_reduced(const Step& step) {
  const bool join = joined(step.src) && joined(step.dst);
  find_pieces({step.src, step.src_first, step.chunks}, join, local_);
  find_pieces({step.dst, step.src_first, step.chunks}, join, target_);
}

// Of one piece, that `before` elements come before.
void Work::find_sources(const Step& step, std::size_t piece, std::size_t before) {
  sources_.clear();
  for (std::uint32_t slot = 0; slot < step.slot_count(); ++slot) {
    const std::uint64_t first = std::uint64_t{step.slot + slot * step.chunks} * tile_.longest_chunk() + before;
    sources_.push_back(slot == step.own_slot() ? local_[piece].data
                                               : slots_.data() + first * arithmetic_.partial_size());
  }
}

void Work::release(std::uint32_t step, bool when_posted) {
  for (const plan::Edge edge : program_->successors_of(step)) {
    if ((edge.when_posted != 0) == when_posted && --waits_[edge.step] == 0) ready_.push_back(edge.step);
  }
}

void Work::complete(std::uint32_t step) {
  moved_ = true;
  --remaining_;
  release(step, false);
}

void Work::handle(const transport::Completion& completion) {
  const auto step = static_cast<std::uint32_t>(completion.token);
  if (!completion.ok) {
    const auto path = peers_.path(peer_of(step));
    const Error* const why = path && *path != nullptr ? (*path)->endpoint->failure() : nullptr;
    Error error = why != nullptr ? *why : Error{Code::transport, "a message failed without a reason", peer_of(step)};
    fail(error.within(name_of(step)));
    return;
  }
  const auto staged = static_cast<std::uint16_t>(completion.token >> kStagedShift);
  if (staged != 0) finish_staged(*staged_[staged - 1]);
  if (--pieces_[step] == 0) complete(step);
}

void Work::finish_staged(Staged& staged) {
  const auto& combine =
      (program_->steps[staged.step].flags & plan::kArrivedFirst) != 0 ? combine_left_ : combine_right_;
  combine.apply(combine.context, staged.out, staged.local, staged.memory.data(), staged.bytes);
  staged.busy = false;
  staged_bytes_ -= staged.bytes;
  ahead_bytes_ -= staged.ahead ? staged.bytes : 0;
}

void Work::fail(Error error) {
  if (failed_) return;
  error_ = std::move(error);
  failed_ = true;
}

void Work::abandon() {
  for (const auto& staged : staged_) staged->busy = false;
  staged_bytes_ = 0;
  ahead_bytes_ = 0;
  over_ = true;
}

}  // namespace tutti::engine
