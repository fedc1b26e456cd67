// Memory that a call uses beside the user's: it grows when it must and is kept for the next call.
#pragma once

#include <cstddef>
#include <cstdlib>
#include <memory>

namespace tutti::engine {

class Scratch {
 public:
  static constexpr std::size_t kAlignment = 64;

  /// At least `bytes`, aligned for vectors and cache lines; the content is not kept. Null if there is no memory.
  std::byte* reserve(std::size_t bytes) {
    if (bytes > size_) {
      const std::size_t whole = (bytes + kAlignment - 1) / kAlignment * kAlignment;
      memory_.reset();
      memory_.reset(static_cast<std::byte*>(std::aligned_alloc(kAlignment, whole)));
      size_ = memory_ ? whole : 0;
    }
    return memory_.get();
  }
  [[nodiscard]] std::byte* data() const { return memory_.get(); }
  [[nodiscard]] std::size_t size() const { return size_; }

 private:
  struct Free {
    void operator()(std::byte* memory) const { std::free(memory); }
  };
  std::unique_ptr<std::byte, Free> memory_;
  std::size_t size_ = 0;
};

}  // namespace tutti::engine
