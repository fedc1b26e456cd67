// Memory that processes can share, touched before it is measured.
#pragma once

#include <cstddef>

#include "base/result.hpp"

namespace tutti::limits {

class Pages {
 public:
  /// Shared anonymous memory, page-aligned, every float 1. Fails with system.
  static Result<Pages> make(std::size_t bytes);

  Pages(Pages&& other) noexcept;
  Pages& operator=(Pages&&) = delete;
  ~Pages();

  [[nodiscard]] std::byte* data() const { return data_; }

 private:
  Pages(std::byte* data, std::size_t bytes) : data_(data), bytes_(bytes) {}

  std::byte* data_;
  std::size_t bytes_;
};

}  // namespace tutti::limits
