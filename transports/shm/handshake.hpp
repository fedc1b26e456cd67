// What ranks say on a connection: who they are, proved with the job's key; where the ring is; why they go.
//
// Each rank opens one connection to each peer. `Hello` comes first and carries the doorbell of who calls; `Offer`
// carries a ring in which it will send, or put, once it has something to send or put; `Share` carries the memory of a
// window from which it sends, and `Unshare` takes it back; `Goodbye` tells a closed path from a dead peer.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <type_traits>

#include "base/rank.hpp"
#include "transports/shm/address.hpp"
#include "transports/transport.hpp"

namespace tutti::transport::shm {

using Key = std::array<std::byte, 32>;

enum class PacketKind : std::uint32_t {
  hello = 0x31687374,
  offer = 0x326f7374,
  goodbye = 0x33677374,
  share = 0x34737374,
  unshare = 0x35757374,
};

struct Hello {
  PacketKind kind = PacketKind::hello;
  Rank from{};
  Rank to{};
  std::uint32_t unused = 0;
  std::uint64_t epoch = 0;
  std::array<std::byte, 16> nonce{};
  std::array<std::byte, 32> proof{};  // HMAC-SHA256 with the job's key over all before, and the socket that was called
};

struct Offer {
  PacketKind kind = PacketKind::offer;
  enum class Purpose : std::uint32_t { messages = 0, puts = 1 } purpose = Purpose::messages;
  std::uint64_t ring_bytes = 0;
  // Who can read these eight bytes in the caller's memory can read all of it.
  std::uint64_t probe_address = 0;
  std::uint64_t probe = 0;
};

struct Share {
  PacketKind kind = PacketKind::share;
  WindowId window{};
  std::uint64_t file_bytes = 0;
  std::uint64_t offset = 0;  // of the window in the file
  std::uint64_t bytes = 0;
};

struct Unshare {
  PacketKind kind = PacketKind::unshare;
  WindowId window{};
};

struct Goodbye {
  PacketKind kind = PacketKind::goodbye;
  enum class Reason : std::uint32_t { left = 1, refused = 2, refused_put = 3 } reason = Reason::left;
};

inline constexpr std::size_t kLargestPacket = sizeof(Hello);

Hello make_hello(Rank from, Rank to, std::uint64_t epoch, const SocketName& called, const Key& key);

/// Whether its maker knows the key, means this socket and rank, and belongs to this communicator.
bool is_genuine(const Hello& hello, Rank self, std::uint64_t epoch, const SocketName& called, const Key& key);

/// The packet in these bytes, if they have its size and kind.
template <typename Packet>
std::optional<Packet> read_packet(std::span<const std::byte> bytes) {
  static_assert(std::is_trivially_copyable_v<Packet>);
  Packet packet;
  if (bytes.size() != sizeof(Packet)) return std::nullopt;
  const PacketKind kind = packet.kind;
  std::copy(bytes.begin(), bytes.end(), reinterpret_cast<std::byte*>(&packet));
  if (packet.kind != kind) return std::nullopt;
  return packet;
}

template <typename Packet>
std::span<const std::byte> bytes_of(const Packet& packet) {
  static_assert(std::has_unique_object_representations_v<Packet>, "padding would leak and be signed");
  return std::as_bytes(std::span(&packet, 1));
}

}  // namespace tutti::transport::shm
