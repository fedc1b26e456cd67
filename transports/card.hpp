// A rank's card: under which address each of its transports can be reached. Ranks give it to each other at meeting.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "base/result.hpp"

namespace tutti::transport {

struct CardEntry {
  std::string transport;
  std::vector<std::byte> address;
  bool operator==(const CardEntry&) const = default;
};

using Card = std::vector<CardEntry>;

inline constexpr std::size_t kMaxCardBytes = 4096;

/// For each entry: name length (1 byte), name, address length (2 bytes, little-endian), address.
std::vector<std::byte> encode(const Card& card);

/// Fails with transport on anything that `encode` does not make.
Result<Card> decode(std::span<const std::byte> bytes);

}  // namespace tutti::transport
