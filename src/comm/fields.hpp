// Numbers and texts as bytes, for what ranks tell each other when they meet.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tutti::comm {

inline constexpr std::size_t kMostText = 1024;  // longer ones are cut

inline void put(std::vector<std::byte>& bytes, std::uint64_t value, int size) {
  for (int i = 0; i < size; ++i) bytes.push_back(static_cast<std::byte>(value >> (8 * i)));
}

inline void put(std::vector<std::byte>& bytes, std::span<const std::byte> blob) {
  put(bytes, blob.size(), 2);
  bytes.insert(bytes.end(), blob.begin(), blob.end());
}

inline void put(std::vector<std::byte>& bytes, std::string_view text) {
  put(bytes, std::as_bytes(std::span(text.substr(0, kMostText))));
}

/// Reads what `put` wrote; after the first thing that is missing everything is.
class FieldReader {
 public:
  explicit FieldReader(std::span<const std::byte> bytes) : bytes_(bytes) {}

  std::uint64_t number(int size) {
    std::uint64_t value = 0;
    const auto part = blob(static_cast<std::size_t>(size));
    for (std::size_t i = 0; i < part.size(); ++i) value |= std::to_integer<std::uint64_t>(part[i]) << (8 * i);
    return value;
  }
  std::span<const std::byte> blob() { return blob(number(2)); }
  std::string text() {
    const auto part = blob();
    return {reinterpret_cast<const char*>(part.data()), part.size()};
  }
  [[nodiscard]] bool complete() const { return !short_ && bytes_.empty(); }
  [[nodiscard]] bool is_short() const { return short_; }

 private:
  std::span<const std::byte> blob(std::size_t size) {
    if (size > bytes_.size()) {
      short_ = true;
      return {};
    }
    const auto part = bytes_.first(size);
    bytes_ = bytes_.subspan(size);
    return part;
  }

  std::span<const std::byte> bytes_;
  bool short_ = false;
};

}  // namespace tutti::comm
