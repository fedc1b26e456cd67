// How steps become messages.
#include <algorithm>
#include <cstring>

#include "engine/work.hpp"

namespace tutti::engine {

using plan::Step;
using plan::Verb;

// False: not yet, because the path is still being found or staging memory is used up.
bool Work::post(std::uint32_t number) {
  const Step& step = program_->steps[number];
  const bool is_message = !messages_.empty();
  if (!is_message) find_slices(number);
  if (is_message || !target_.empty()) {  // no path is opened for nothing
    if (!turns_.is_turn(slot_, step)) return false;
    const auto path = peers_.path(peer_of(number));
    if (!path) {
      fail(path.error().within(name_of(number)));
      return true;
    }
    if (*path == nullptr) return false;
    if (is_message ? !post_message(number, *(*path)->endpoint) : !post_pieces(number, **path)) return false;
  }
  turns_.take(slot_, step);
  posted_[number] = 1;
  moved_ = true;
  release(number, true);
  if (pieces_[number] == 0) complete(number);
  return true;
}

bool Work::post_message(std::uint32_t number, transport::Endpoint& endpoint) {
  const Message& message = messages_[number];
  pieces_[number] = 1;
  const transport::Transfer transfer{
      .kind = message.sends ? transport::Transfer::Kind::send : transport::Transfer::Kind::recv,
      .data = message.data,
      .bytes = message.bytes,
      .fingerprint = fingerprint_,
      .token = token_of(number)};
  endpoint.post({&transfer, 1});
  return true;
}

// What a step sends, or where it receives.
void Work::find_slices(std::uint32_t number) {
  const Step& step = program_->steps[number];
  const bool sends = step.verb == Verb::send;
  const bool join = joined_message();
  const std::uint32_t first = sends ? step.src_first : step.dst_first;
  find_pieces({sends ? step.src : step.dst, first, step.chunks, 1, step.stands_for()}, join, target_);
  if (step.verb == Verb::recv_reduce)
    find_pieces({step.src, step.src_first, step.chunks, 1, step.stands_for()}, join, local_);
}

bool Work::is_ahead(std::uint32_t number) {
  while (first_reduce_ < number &&
         (posted_[first_reduce_] != 0 || program_->steps[first_reduce_].verb != Verb::recv_reduce))
    ++first_reduce_;
  return first_reduce_ < number;
}

// Memory goes to steps in the order of the program, which is that of rounds: a step holds it until a message comes, and
// that message must not wait for a step of an earlier round, here or elsewhere, which lacks it. Steps that are ahead
// get what is not needed.
bool Work::may_stage(std::uint32_t number) {
  std::size_t bytes = staged_bytes_;
  for (const Piece& piece : target_) bytes += piece.elements * arithmetic_.partial_size();
  if (is_ahead(number)) return bytes <= budget_.value / 2;
  return bytes <= budget_.value || staged_bytes_ == ahead_bytes_;
}

bool Work::post_pieces(std::uint32_t number, const Path& path) {
  const bool needs_staging =
      program_->steps[number].verb == Verb::recv_reduce && !path.transport->capabilities().combines;
  if (needs_staging && !may_stage(number)) return false;
  batch_.clear();
  for (std::size_t i = 0; i < target_.size(); ++i) batch_.push_back(transfer_of(number, i, path));
  if (failed_) return true;
  pieces_[number] = static_cast<std::uint32_t>(batch_.size());
  if (!batch_.empty()) path.endpoint->post(batch_);
  return true;
}

transport::Transfer Work::transfer_of(std::uint32_t number, std::size_t piece, const Path& path) {
  const Step& step = program_->steps[number];
  const bool sends = step.verb == Verb::send;
  transport::Transfer transfer{.kind = sends ? transport::Transfer::Kind::send : transport::Transfer::Kind::recv,
                               .data = target_[piece].data,
                               .bytes = target_[piece].elements * element_size(sends ? step.src : step.dst),
                               .fingerprint = fingerprint_,
                               .token = token_of(number)};
  if (step.verb != Verb::recv_reduce) return transfer;
  if (path.transport->capabilities().combines) {
    transfer.operand = local_[piece].data;
    transfer.combine = (step.flags & plan::kArrivedFirst) != 0 ? &combine_left_ : &combine_right_;
    return transfer;
  }
  Staged* const staged = stage(transfer.bytes);
  if (staged == nullptr) {
    fail({Code::system, "no memory to stage a message in"});
    return transfer;
  }
  staged->step = number;
  staged->ahead = is_ahead(number);
  ahead_bytes_ += staged->ahead ? staged->bytes : 0;
  staged->out = target_[piece].data;
  staged->local = local_[piece].data;
  staged->elements = target_[piece].elements;
  const auto slot =
      std::find_if(staged_.begin(), staged_.end(), [&](const auto& each) { return each.get() == staged; });
  transfer.data = staged->memory.data();
  transfer.token |= static_cast<std::uint64_t>(slot - staged_.begin() + 1) << kStagedShift;
  return transfer;
}

Work::Staged* Work::stage(std::size_t bytes) {
  auto free = std::find_if(staged_.begin(), staged_.end(), [](const auto& staged) { return !staged->busy; });
  if (free == staged_.end()) free = staged_.insert(staged_.end(), std::make_unique<Staged>());
  Staged& staged = **free;
  if (staged.memory.reserve(bytes, numa_) == nullptr) return nullptr;
  staged.busy = true;
  staged.bytes = bytes;
  staged_bytes_ += bytes;
  return &staged;
}

}  // namespace tutti::engine
