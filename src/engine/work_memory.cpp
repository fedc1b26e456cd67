// Where the chunks of the call at hand lie, and what is said about it.
#include <fmt/format.h>

#include <algorithm>

#include "engine/work.hpp"

namespace tutti::engine {

using plan::Buffer;

std::size_t Work::element_size(Buffer buffer) const {
  switch (buffer) {
    case Buffer::token:
      return 1;
    case Buffer::acc:
    case Buffer::acc2:
    case Buffer::slots:
      return arithmetic_.partial_size();
    default:
      return arithmetic_.element_size();
  }
}

void Work::place_blocks(const Buffers& buffers) {
  in_ = buffers.in;
  out_ = buffers.out;
  whole_ = buffers.count;
  const bool own_in = !has_input_blocks(program_->collective);
  const bool own_out = !has_output_blocks(program_->collective);
  const bool uneven = !buffers.in_blocks.counts.empty() || !buffers.out_blocks.counts.empty();
  if (uneven) {
    whole_ = 0;
    for (const auto& blocks : {buffers.in_blocks, buffers.out_blocks}) {
      for (const std::size_t count : blocks.counts) whole_ = std::max<std::uint64_t>(whole_, count);
    }
    in_blocks_.set_uneven(own_in, buffers.in_blocks.counts, buffers.in_blocks.displacements);
    out_blocks_.set_uneven(own_out, buffers.out_blocks.counts, buffers.out_blocks.displacements);
  } else {
    in_blocks_.set_even(own_in, whole_);
    out_blocks_.set_even(own_out, whole_);
  }
  tile_ = {.blocks = has_blocks(program_->collective),
           .uneven = uneven,
           .stride = whole_,
           .chunks = program_->chunks,
           .segments = program_->segments};
}

std::uint64_t Work::length_of_block(std::uint32_t rank) const {
  return (has_input_blocks(program_->collective) ? in_blocks_ : out_blocks_).block(rank).count;
}

std::byte* Work::base(Buffer buffer) const {
  switch (buffer) {
    case Buffer::in:
      return const_cast<std::byte*>(in_);
    case Buffer::out:
      return out_;
    case Buffer::acc:
      return acc_.data();
    case Buffer::acc2:
      return acc2_.data();
    case Buffer::slots:
      return slots_.data();
    default:
      return nullptr;
  }
}

Extent Work::extent(Buffer buffer, std::uint32_t chunk) const {
  const auto length = [&](std::uint32_t rank) { return tile_.blocks ? length_of_block(rank) : 0; };
  const std::uint32_t block = chunk % tile_.chunks;
  switch (buffer) {
    case Buffer::acc:
    case Buffer::acc2:
      return tile_.in_scratch(chunk, length(block));
    case Buffer::slots: {  // a slot holds this rank's own chunk of its segment
      const std::uint32_t segment = chunk / program_->slots;
      const auto own = tile_.chunks == 1 ? 0U : static_cast<std::uint32_t>(index(program_->self));
      return {chunk * tile_.longest_chunk(), tile_.in_scratch(segment * tile_.chunks + own, length(own)).count};
    }
    case Buffer::in:
      return tile_.in_user(chunk, tile_.blocks ? in_blocks_.block(block) : Extent{});
    default:
      return tile_.in_user(chunk, tile_.blocks ? out_blocks_.block(block) : Extent{});
  }
}

// Pieces without elements are left out, at both ends alike.
void Work::find_pieces(Buffer buffer, std::uint32_t first, std::uint32_t chunks, std::vector<Piece>& pieces) const {
  pieces.clear();
  if (buffer == Buffer::token) {  // one byte, however many tokens it stands for
    pieces.push_back({const_cast<std::byte*>(token_) + first, 1});
    return;
  }
  std::byte* const start = base(buffer);
  const std::size_t size = element_size(buffer);
  for (std::uint32_t i = 0; i < chunks; ++i) {
    const Extent part = extent(buffer, first + i);
    if (part.count == 0) continue;
    std::byte* const data = start + part.first * size;
    if (tile_.contiguous() && !pieces.empty()) {
      pieces.back().elements += part.count;
    } else {
      pieces.push_back({data, part.count});
    }
  }
}

Rank Work::peer_of(std::uint32_t step) const {
  return program_->steps[step].peer;
}

std::string Work::name_of(std::uint32_t step) const {
  const std::string what = messages_.empty()
                               ? to_string(program_->steps[step])
                               : fmt::format("{} {} of {} bytes", messages_[step].sends ? "send to" : "recv from",
                                             index(messages_[step].peer), messages_[step].bytes);
  return fmt::format("step {} of {} ({})", step + 1, program_->size(), what);
}

Stall Work::stall() const {
  Stall stall;
  std::string others;
  for (std::uint32_t i = 0; program_ != nullptr && i < waits_.size(); ++i) {
    const bool waits_for_peer = posted_[i] != 0 && pieces_[i] > 0;
    const bool held = std::find(held_.begin(), held_.end(), i) != held_.end();
    if (!waits_for_peer && !held) continue;
    const Rank peer = peer_of(i);
    const auto path = const_cast<Peers&>(peers_).path(peer);
    const auto via = path && *path != nullptr ? (*path)->transport->describe() : std::string("no path yet");
    if (!stall.peer) {
      stall.peer = peer;
      stall.text = fmt::format("{}, {}", name_of(i), via);
    } else if (peer != *stall.peer && others.find(fmt::format(" {},", index(peer))) == std::string::npos &&
               others.size() < 100) {
      others += fmt::format(" {},", index(peer));
    }
  }
  if (!others.empty()) {
    others.pop_back();
    stall.text += "; also waiting for rank" + others;
  }
  return stall;
}

std::size_t Work::memory() const {
  std::size_t bytes = acc_.size() + acc2_.size() + slots_.size();
  for (const auto& staged : staged_) bytes += staged->memory.size();
  return bytes;
}

}  // namespace tutti::engine
