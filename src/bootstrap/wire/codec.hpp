// Numbers and texts as little-endian bytes, and back with every length checked.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace tutti::bootstrap {

/// Writes `value` at the front of `out`, which must be long enough.
template <std::integral T>
void store(std::span<std::byte> out, T value) {
  auto rest = static_cast<std::make_unsigned_t<T>>(value);
  for (std::size_t i = 0; i < sizeof(T); ++i) {
    out[i] = static_cast<std::byte>(rest & 0xFFU);
    if constexpr (sizeof(T) > 1) rest = static_cast<std::make_unsigned_t<T>>(rest >> 8U);
  }
}

/// Reads from the front of `in`, which must be long enough.
template <std::integral T>
T load(std::span<const std::byte> in) {
  std::make_unsigned_t<T> value = 0;
  for (std::size_t i = sizeof(T); i-- > 0;) {
    if constexpr (sizeof(T) > 1) value = static_cast<std::make_unsigned_t<T>>(value << 8U);
    value = static_cast<std::make_unsigned_t<T>>(value | std::to_integer<std::make_unsigned_t<T>>(in[i]));
  }
  return static_cast<T>(value);
}

class Writer {
 public:
  template <std::integral T>
  Writer& number(T value) {
    const auto at = bytes_.size();
    bytes_.resize(at + sizeof(T));
    store(std::span(bytes_).subspan(at), value);
    return *this;
  }
  Writer& raw(std::span<const std::byte> bytes) {
    bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
    return *this;
  }
  /// With its length in front (4 bytes).
  Writer& blob(std::span<const std::byte> bytes) { return number(static_cast<std::uint32_t>(bytes.size())).raw(bytes); }
  Writer& text(std::string_view value) { return blob(std::as_bytes(std::span(value.data(), value.size()))); }

  [[nodiscard]] std::vector<std::byte> take() { return std::move(bytes_); }

 private:
  std::vector<std::byte> bytes_;
};

/// Never reads past the end: after the first thing that does not fit, everything is zero and empty, and `good` is
/// false.
class Reader {
 public:
  explicit Reader(std::span<const std::byte> bytes) : rest_(bytes) {}

  template <std::integral T>
  T number() {
    const auto bytes = raw(sizeof(T));
    return good_ ? load<T>(bytes) : T{};
  }
  std::span<const std::byte> raw(std::size_t size) {
    if (!good_ || size > rest_.size()) {
      good_ = false;
      return {};
    }
    const auto bytes = rest_.first(size);
    rest_ = rest_.subspan(size);
    return bytes;
  }
  std::span<const std::byte> blob(std::size_t most) {
    const auto size = number<std::uint32_t>();
    if (size > most) good_ = false;
    return raw(good_ ? size : 0);
  }
  std::string text(std::size_t most) {
    const auto bytes = blob(most);
    std::string value(bytes.size(), '\0');
    if (!bytes.empty()) std::memcpy(value.data(), bytes.data(), bytes.size());
    return value;
  }
  /// The number of elements of at least `element_bytes` each that follow; what cannot fit is an error.
  std::size_t count(std::size_t element_bytes) {
    const auto value = number<std::uint32_t>();
    if (value > rest_.size() / element_bytes) good_ = false;
    return good_ ? value : 0;
  }
  void refuse() { good_ = false; }

  [[nodiscard]] bool good() const { return good_; }
  [[nodiscard]] bool done() const { return good_ && rest_.empty(); }

 private:
  std::span<const std::byte> rest_;
  bool good_ = true;
};

}  // namespace tutti::bootstrap
