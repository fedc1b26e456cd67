#include "bootstrap/trust/key.hpp"

#include <sodium.h>

#include <algorithm>
#include <cstdint>

#include "bootstrap/wire/codec.hpp"

namespace tutti::bootstrap {
namespace {

const unsigned char* raw(std::span<const std::byte> bytes) {
  return reinterpret_cast<const unsigned char*>(bytes.data());  // NOLINT: libsodium's byte type
}

// Cheap when it was called before, and thread-safe: every entry below may be the first.
void ready() {
  [[maybe_unused]] const int already = sodium_init();
}

}  // namespace

Key::Key(std::span<const std::byte, kBytes> bytes) {
  std::copy(bytes.begin(), bytes.end(), bytes_.begin());
}

Key::~Key() {
  sodium_memzero(bytes_.data(), bytes_.size());
}

Key Key::random() {
  Key key;
  fill_random(key.bytes_);
  return key;
}

Key Key::from_parts(std::initializer_list<std::span<const std::byte>> parts) {
  const Mac derived = mac(Key{}, parts);
  return Key(derived);
}

Mac mac(const Key& key, std::initializer_list<std::span<const std::byte>> parts) {
  ready();
  crypto_auth_hmacsha256_state state;
  crypto_auth_hmacsha256_init(&state, raw(key.bytes()), Key::kBytes);
  for (const auto& part : parts) {
    std::array<std::byte, 8> length{};
    store(length, std::uint64_t{part.size()});
    crypto_auth_hmacsha256_update(&state, raw(length), length.size());
    crypto_auth_hmacsha256_update(&state, raw(part), part.size());
  }
  Mac out{};
  crypto_auth_hmacsha256_final(&state, reinterpret_cast<unsigned char*>(out.data()));  // NOLINT
  sodium_memzero(&state, sizeof(state));
  return out;
}

bool equal(std::span<const std::byte> left, std::span<const std::byte> right) {
  return left.size() == right.size() && sodium_memcmp(left.data(), right.data(), left.size()) == 0;
}

void fill_random(std::span<std::byte> out) {
  ready();
  randombytes_buf(out.data(), out.size());
}

std::uint64_t fingerprint(std::span<const std::byte> bytes) {
  ready();
  std::array<std::byte, crypto_generichash_BYTES> hash{};
  crypto_generichash(reinterpret_cast<unsigned char*>(hash.data()), hash.size(), raw(bytes),  // NOLINT
                     bytes.size(), nullptr, 0);
  return load<std::uint64_t>(hash);
}

}  // namespace tutti::bootstrap
