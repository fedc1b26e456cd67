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
           .cut = &program_->cut,
           .segments = program_->segments};
}

// Where a chunk's block lies in a buffer, or how long it is in the buffer that has all blocks. An empty chunk has none.
Extent Work::block_of(Buffer buffer, std::uint32_t chunk) const {
  if (!tile_.blocks) return {};
  const std::uint32_t number = chunk % tile_.cut->chunks();
  std::uint32_t rank = number - tile_.cut->part(tile_.cut->part_of(number)).first;
  if (!tile_.cut->in_order()) {
    const auto owner = tile_.cut->block(number);
    if (!owner) return {};
    rank = static_cast<std::uint32_t>(index(*owner));
  }
  if (buffer == Buffer::in) return in_blocks_.block(rank);
  if (buffer == Buffer::out) return out_blocks_.block(rank);
  return (has_input_blocks(program_->collective) ? in_blocks_ : out_blocks_).block(rank);
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
  const Extent block = block_of(buffer, chunk);
  return buffer == Buffer::in || buffer == Buffer::out ? tile_.in_user(chunk, block)
                                                       : tile_.in_scratch(chunk, block.count);
}

// Whether chunks that follow each other are one piece: in a buffer, or of a message, where both ends must agree.
bool Work::joined(Buffer buffer) const {
  return buffer == Buffer::in || buffer == Buffer::out ? tile_.joined_in_user() : tile_.joined_in_scratch();
}
bool Work::joined_message() const {
  return program_->packed ? tile_.joined_in_scratch() : tile_.joined_in_user();
}

// Pieces without elements are left out, at both ends alike.
void Work::find_pieces(const Slice& slice, bool join, std::vector<Piece>& pieces) const {
  pieces.clear();
  if (slice.buffer == Buffer::token) {  // one byte, however many tokens it stands for
    pieces.push_back({const_cast<std::byte*>(token_) + slice.first, 1});
    return;
  }
  if (slice.buffer == Buffer::slots) {
    find_slot_pieces(slice.first, slice.stands_for, slice.chunks, join, pieces);
    return;
  }
  std::byte* const start = base(slice.buffer);
  const std::size_t size = element_size(slice.buffer);
  for (std::uint32_t i = 0; i < slice.chunks; ++i) {
    const Extent part = extent(slice.buffer, slice.first + i * slice.stride);
    if (part.count == 0) continue;
    if (join && !pieces.empty()) {
      pieces.back().elements += part.count;
    } else {
      pieces.push_back({start + part.first * size, part.count});
    }
  }
}

// A slot holds as many chunks as the slice of the vector that it is for, each as long as that one's.
void Work::find_slot_pieces(std::uint32_t first, std::uint32_t chunk, std::uint32_t chunks, bool join,
                            std::vector<Piece>& pieces) const {
  pieces.clear();
  const std::size_t size = arithmetic_.partial_size();
  std::uint64_t next = first * tile_.longest_chunk();
  for (std::uint32_t i = 0; i < chunks; ++i) {
    const std::uint64_t count = extent(Buffer::slots, chunk + i).count;
    if (count > 0 && join && !pieces.empty()) {
      pieces.back().elements += count;
    } else if (count > 0) {
      pieces.push_back({slots_.data() + next * size, count});
    }
    next += count;
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
      stall.position = static_cast<double>(i + 1) / static_cast<double>(waits_.size());
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
