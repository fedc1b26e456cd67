// Where the chunks of the call at hand lie, and what is said about it.
#include <fmt/format.h>

#include <algorithm>

#include "engine/engine.hpp"

namespace tutti::engine {

using plan::Buffer;

std::size_t Engine::element_size(Buffer buffer) const {
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

// The address that chunk 0 would have. Of the user's one-block buffers only the own chunk exists.
std::byte* Engine::base(Buffer buffer) const {
  const auto own = static_cast<std::uint64_t>(index(program_->self)) * whole_ * arithmetic_.element_size();
  const auto shifted = [&](const std::byte* address) {
    return reinterpret_cast<std::byte*>(reinterpret_cast<std::uintptr_t>(address) - own);
  };
  switch (buffer) {
    case Buffer::in:
      return tile_.blocks && !has_input_blocks(program_->collective) ? shifted(buffers_.in)
                                                                     : const_cast<std::byte*>(buffers_.in);
    case Buffer::out:
      return tile_.blocks && !has_output_blocks(program_->collective) ? shifted(buffers_.out) : buffers_.out;
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

Extent Engine::extent(Buffer buffer, std::uint32_t chunk) const {
  switch (buffer) {
    case Buffer::acc:
    case Buffer::acc2:
      return tile_.in_scratch(chunk);
    case Buffer::slots: {  // a slot holds this rank's own chunk of its segment
      const std::uint32_t segment = chunk / program_->slots;
      const auto own = tile_.chunks == 1 ? 0U : static_cast<std::uint32_t>(index(program_->self));
      return {chunk * tile_.longest_chunk(), tile_.in_user(segment * tile_.chunks + own).count};
    }
    default:
      return tile_.in_user(chunk);
  }
}

// Pieces without elements are left out, at both ends alike.
void Engine::find_pieces(Buffer buffer, std::uint32_t first, std::uint32_t chunks, std::vector<Piece>& pieces) const {
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

Rank Engine::peer_of(std::uint32_t step) const {
  return program_->steps[step].peer;
}

std::string Engine::name_of(std::uint32_t step) const {
  const std::string what = messages_.empty()
                               ? to_string(program_->steps[step])
                               : fmt::format("{} {} of {} bytes", messages_[step].sends ? "send to" : "recv from",
                                             index(messages_[step].peer), messages_[step].bytes);
  return fmt::format("step {} of {} ({})", step + 1, program_->size(), what);
}

Engine::Stall Engine::stall() const {
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

Bytes Engine::memory() const {
  std::size_t bytes = acc_.size() + acc2_.size() + slots_.size();
  for (const auto& staged : staged_) bytes += staged->memory.size();
  return {bytes};
}

}  // namespace tutti::engine
