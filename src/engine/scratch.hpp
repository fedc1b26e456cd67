// Memory that a call uses beside the user's: it grows when it must and is kept for the next call.
#pragma once

#include <cstddef>
#include <memory>

namespace tutti::engine {

class Scratch {
 public:
  static constexpr std::size_t kAlignment = 64;
  /// Less is left where it is: it fits into caches.
  static constexpr std::size_t kLeastPlaced = std::size_t{64} * 1024;

  /// At least `bytes`, aligned for vectors and cache lines; the content is not kept. From kLeastPlaced on it lies on
  /// NUMA node `numa`, if that is not -1 and has room. Null if there is no memory.
  std::byte* reserve(std::size_t bytes, int numa = -1);

  [[nodiscard]] std::byte* data() const { return memory_.get(); }
  [[nodiscard]] std::size_t size() const { return size_; }

 private:
  struct Free {
    std::size_t mapped;  // 0: allocated
    void operator()(std::byte* memory) const;
  };
  std::unique_ptr<std::byte, Free> memory_{nullptr, Free{0}};
  std::size_t size_ = 0;
};

}  // namespace tutti::engine
