// The 64 bits by which UCX finds the receive of a message.
//
//   | sender: 24 | number of the message on its path: 16 | fingerprint, folded: 24 |
//
// A receive matches sender and number; the fingerprint is compared when it has come. The number makes the n-th send
// meet the n-th receive whatever order a fabric keeps. It wraps: then two messages, 65,536 apart and both in flight,
// have the same one, and UCX takes messages with equal tags from one sender in the order of sending.
#pragma once

#include <cstdint>

#include "base/rank.hpp"

namespace tutti::transport::ucx {

inline constexpr std::int32_t kMaxRanks = 1 << 24;
inline constexpr std::uint64_t kFingerprintBits = (std::uint64_t{1} << 24) - 1;
inline constexpr std::uint64_t kMatchBits = ~kFingerprintBits;
inline constexpr std::uint64_t kSenderBits = ~std::uint64_t{0} << 40;

constexpr std::uint32_t fold(std::uint32_t fingerprint) {
  return (fingerprint ^ fingerprint >> 24) & static_cast<std::uint32_t>(kFingerprintBits);
}

constexpr std::uint64_t make_tag(Rank sender, std::uint64_t number, std::uint32_t fingerprint) {
  return static_cast<std::uint64_t>(index(sender)) << 40 | (number & 0xffff) << 24 | fold(fingerprint);
}

constexpr std::uint32_t folded_fingerprint(std::uint64_t tag) {
  return static_cast<std::uint32_t>(tag & kFingerprintBits);
}

}  // namespace tutti::transport::ucx
