// What travels: a message is cut into packets, each of which says on its own where it belongs. So packets may arrive in
// any order and over any rail, and a message is complete when as many bytes have come as it has.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/rank.hpp"

namespace tutti::transport::packets {

/// A note tells of bytes that a rail has written by itself: see landings.hpp.
enum class PacketKind : std::uint32_t { data = 1, credit = 2, put = 3, note = 4 };

/// The first 64 bytes of a packet, in the order of bytes of its sender.
struct alignas(64) Header {
  std::uint64_t door = 0;  // the receiver's, from its address: packets of other jobs do not have it
  Rank from{};
  PacketKind kind{};
  std::uint64_t allowed = 0;      // how much its receiver may have sent back on this path, ever: see Allowance
  std::uint64_t message = 0;      // its number on this path, from 0; of a put, and of its note: the window's
  std::uint64_t offset = 0;       // in the message: a multiple of 64; in the window: any
  std::uint64_t bytes = 0;        // of the whole message, or put
  std::uint32_t fingerprint = 0;  // of a put, and of its note: the signal
  std::uint32_t payload = 0;      // bytes that follow, or that can be fetched
  std::uint64_t arrived = 0;      // payload that its sender has received on this rail of this path, ever
};
static_assert(sizeof(Header) == 64);

/// Header and payload together fit into what every provider of libfabric sends without asking its receiver first.
inline constexpr std::size_t kPacketBytes = std::size_t{16} << 10;
inline constexpr std::size_t kMaxPayload = kPacketBytes - 256;
static_assert(kMaxPayload % 64 == 0, "messages are cut at multiples of 64 bytes only");

}  // namespace tutti::transport::packets
