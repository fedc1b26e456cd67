// Memory for parcels on their way, up to a limit. Blocks are kept and used again.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "engine/scratch.hpp"

namespace tutti::moe {

class Staging {
 public:
  struct Block {
    engine::Scratch memory;
    bool busy = false;
  };

  explicit Staging(std::size_t most) : most_(most) {}

  /// A block of at least `bytes`; null while the limit does not allow it. A block is always granted when none is in
  /// use.
  Block* take(std::size_t bytes);
  void give(Block* block);

  /// Bytes held.
  [[nodiscard]] std::size_t held() const;

 private:
  void drop_idle();

  std::size_t most_;
  std::size_t in_use_ = 0;  // blocks
  std::vector<std::unique_ptr<Block>> blocks_;
};

}  // namespace tutti::moe
