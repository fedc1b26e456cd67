// The job's secret, and what is computed with it. All cryptography of the library is here, and it is libsodium's.
#pragma once

#include <array>
#include <cstddef>
#include <initializer_list>
#include <span>
#include <string_view>

namespace tutti::bootstrap {

/// 32 secret bytes; wiped when they go. A value.
class Key {
 public:
  static constexpr std::size_t kBytes = 32;

  Key() = default;
  explicit Key(std::span<const std::byte, kBytes> bytes);
  Key(const Key&) = default;
  Key& operator=(const Key&) = default;
  ~Key();

  static Key random();
  /// From any secret of any length; the same parts give the same key.
  static Key from_parts(std::initializer_list<std::span<const std::byte>> parts);

  [[nodiscard]] std::span<const std::byte, kBytes> bytes() const { return bytes_; }

 private:
  std::array<std::byte, kBytes> bytes_{};
};

using Mac = std::array<std::byte, 32>;

/// HMAC-SHA-256 over the parts, each with its length in front, so that no two lists of parts collide.
Mac mac(const Key& key, std::initializer_list<std::span<const std::byte>> parts);

/// In constant time.
bool equal(std::span<const std::byte> left, std::span<const std::byte> right);

void fill_random(std::span<std::byte> out);

/// The first 8 bytes of a BLAKE2b hash: a name for something, no secret.
std::uint64_t fingerprint(std::span<const std::byte> bytes);

inline std::span<const std::byte> bytes_of(std::string_view text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

}  // namespace tutti::bootstrap
