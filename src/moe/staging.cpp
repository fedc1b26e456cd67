#include "moe/staging.hpp"

#include <algorithm>

namespace tutti::moe {

Staging::Block* Staging::take(std::size_t bytes) {
  Block* best = nullptr;
  for (const auto& block : blocks_) {
    if (block->busy || block->memory.size() < bytes) continue;
    if (best == nullptr || block->memory.size() < best->memory.size()) best = block.get();
  }
  if (best == nullptr) {
    if (held() + bytes > most_) drop_idle();
    if (in_use_ > 0 && held() + bytes > most_) return nullptr;
    blocks_.push_back(std::make_unique<Block>());
    best = blocks_.back().get();
    if (best->memory.reserve(bytes) == nullptr) throw std::bad_alloc();
  }
  best->busy = true;
  ++in_use_;
  return best;
}

void Staging::give(Block* block) {
  block->busy = false;
  --in_use_;
}

std::size_t Staging::held() const {
  std::size_t bytes = 0;
  for (const auto& block : blocks_) bytes += block->memory.size();
  return bytes;
}

void Staging::drop_idle() {
  std::erase_if(blocks_, [](const auto& block) { return !block->busy; });
}

}  // namespace tutti::moe
