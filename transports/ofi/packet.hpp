// What travels: a message is cut into packets, each of which says on its own where it belongs. So packets may arrive in
// any order, and a message is complete when as many bytes have come as it has.
#pragma once

#include <rdma/fabric.h>

#include <cstddef>
#include <cstdint>

#include "base/rank.hpp"

namespace tutti::transport::ofi {

class OfiEndpoint;

enum class PacketKind : std::uint32_t { data = 1, credit = 2 };

/// The first 64 bytes of a packet, in the order of bytes of its sender.
struct alignas(64) Header {
  std::uint64_t door = 0;  // the receiver's, from its address: packets of other jobs do not have it
  Rank from{};
  PacketKind kind{};
  std::uint64_t allowed = 0;  // how much its receiver may have sent back on this path, ever: see Flow
  std::uint64_t message = 0;  // its number on this path, from 0
  std::uint64_t offset = 0;   // in the message: a multiple of 64
  std::uint64_t bytes = 0;    // of the whole message
  std::uint32_t fingerprint = 0;
  std::uint32_t payload = 0;  // bytes that follow
};
static_assert(sizeof(Header) == 64);

/// Header and payload together fit into what every provider sends without asking its receiver first.
inline constexpr std::size_t kPacketBytes = std::size_t{16} << 10;
inline constexpr std::size_t kMaxPayload = kPacketBytes - 256;
static_assert(kMaxPayload % 64 == 0, "messages are cut at multiples of 64 bytes only");

/// A packet in the memory of this rank that libfabric may use. It comes back with a completion.
struct Packet {
  fi_context2 context{};            // libfabric's; its address names the packet
  OfiEndpoint* endpoint = nullptr;  // to whose peer it goes; null: it is for receiving
  std::byte* memory = nullptr;      // kPacketBytes of it
  void* descriptor = nullptr;       // of the registration, where the provider demands one

  Header& header() { return *reinterpret_cast<Header*>(memory); }
  std::byte* payload() { return memory + sizeof(Header); }
};

}  // namespace tutti::transport::ofi
