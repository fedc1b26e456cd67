// Short fingerprints of values that ranks must share: FNV-1a over 64-bit words.
#pragma once

#include <cstdint>

namespace tutti::moe {

class Hash {
 public:
  Hash& mix(std::uint64_t value) {
    for (int byte = 0; byte < 8; ++byte) state_ = (state_ ^ ((value >> (8 * byte)) & 0xff)) * 0x100000001b3;
    return *this;
  }
  [[nodiscard]] std::uint64_t whole() const { return state_; }
  [[nodiscard]] std::uint32_t folded() const { return static_cast<std::uint32_t>(state_ ^ (state_ >> 32)); }

 private:
  std::uint64_t state_ = 0xcbf29ce484222325;
};

}  // namespace tutti::moe
