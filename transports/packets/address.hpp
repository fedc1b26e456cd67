// What a rank tells its peers of itself. Neither a native library nor a socket doubts an address: a checksum keeps
// garbage out.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace tutti::transport::packets {

/// Where one rail of a rank is reached.
struct RailAddress {
  std::uint8_t plane = 0;  // which of the networks behind the node's equal NICs it is on, as far as that is known
  std::vector<std::byte> native;  // the library's
  bool operator==(const RailAddress&) const = default;
};

struct Address {
  std::string kind;                 // of the rails' addresses: library, provider and format; equal at both ends
  std::string place;                // where the addresses mean something; empty: everywhere
  std::uint64_t door = 0;           // random: every packet and every lifeline to this rank must show it
  std::vector<std::byte> lifeline;  // sockaddr at which this rank hears of its peers' ends
  std::vector<RailAddress> rails;   // the one for short messages first
  bool operator==(const Address&) const = default;
};

/// Format: "tpk1", checksum of what follows (8 bytes: FNV-1a), door (8), then kind, place and lifeline, each with its
/// length (2 bytes) in front, and the number of rails (1): for each its plane (1), and its address with its length (2).
std::vector<std::byte> encode(const Address& address);

/// Nothing for bytes that `encode` does not make.
std::optional<Address> decode(std::span<const std::byte> bytes);

/// The rails of `mine` and `theirs` that belong together, as places in both: those of the same plane, in the order of
/// `mine`; where there are none, the first of each. The answer is the same at both ends, but for the order.
std::vector<std::pair<std::size_t, std::size_t>> common_rails(const Address& mine, const Address& theirs);

}  // namespace tutti::transport::packets
