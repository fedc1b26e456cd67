// Memory for measurements: whole pages of this process's own, touched before anything is timed.
#pragma once

#include <cstddef>

#include "base/result.hpp"

namespace tutti::perf {

class Buffer {
 public:
  /// Zeroed memory. Fails with system when the machine has not that much left, rather than being killed for it later.
  static Result<Buffer> make(std::size_t bytes);

  Buffer(Buffer&& other) noexcept;
  Buffer& operator=(Buffer&&) = delete;
  ~Buffer();

  [[nodiscard]] std::byte* data() const { return data_; }
  [[nodiscard]] std::size_t size() const { return size_; }

 private:
  Buffer(std::byte* data, std::size_t size) : data_(data), size_(size) {}

  std::byte* data_;
  std::size_t size_;
};

/// Bytes that can still be had without swapping; SIZE_MAX when that is not known.
std::size_t available_memory();

}  // namespace tutti::perf
