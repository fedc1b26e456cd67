// Memory for measurements, touched before anything is timed: whole pages of this process's own, or a window.
#pragma once

#include <tutti/tutti.h>

#include <cstddef>

#include "base/result.hpp"

namespace tutti::perf {

class Buffer {
 public:
  /// Zeroed memory. Fails with system when the machine has not that much left, rather than being killed for it later.
  static Result<Buffer> make(std::size_t bytes);

  /// The same, as a window of `comm`, which must outlive it.
  static Result<Buffer> make_window(std::size_t bytes, tuttiComm_t comm);

  Buffer(Buffer&& other) noexcept;
  Buffer& operator=(Buffer&&) = delete;
  ~Buffer();

  [[nodiscard]] std::byte* data() const { return data_; }
  [[nodiscard]] std::size_t size() const { return size_; }

 private:
  Buffer(std::byte* data, std::size_t size) : data_(data), size_(size) {}

  std::byte* data_;
  std::size_t size_;
  tuttiComm_t comm_ = nullptr;      // of the window
  tuttiWindow_t window_ = nullptr;  // null: own pages
};

}  // namespace tutti::perf
