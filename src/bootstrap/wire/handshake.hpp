// How two ends of a fresh connection prove to each other that they know the job's key, before anything else is read.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "bootstrap/trust/key.hpp"

namespace tutti::bootstrap {

inline constexpr std::uint16_t kProtocolVersion = 2;
inline constexpr std::int32_t kRootRank = -1;

enum class Role : std::uint8_t { rank = 1, root = 2, probe = 3 };

/// What an end says of itself; the proofs cover it.
struct Greeting {
  std::uint16_t version = kProtocolVersion;
  Role role = Role::rank;
  std::int32_t rank = kRootRank;
  std::int32_t world_size = 0;  // 0: not known yet (the root, before the first rank came)
  bool operator==(const Greeting&) const = default;
};

/// The caller sends a header, the answerer a header and its proof, the caller its proof: 64, 96 and 32 bytes.
/// A header: magic (8), version (2), role (1), zero (1), rank (4), world size (4), zero (12), random nonce (32).
inline constexpr std::size_t kHeaderBytes = 64;
inline constexpr std::size_t kProofBytes = 32;
using Header = std::array<std::byte, kHeaderBytes>;
using Proof = Mac;

Header make_header(const Greeting& mine);

/// Nothing if these are not the first bytes of a Tutti connection. What it says is not to be trusted before the proof.
std::optional<Greeting> read_header(std::span<const std::byte, kHeaderBytes> bytes);

/// The two proofs differ, so that neither can be played back as the other.
Proof answerer_proof(const Key& key, const Header& caller, const Header& answerer);
Proof caller_proof(const Key& key, const Header& caller, const Header& answerer);

}  // namespace tutti::bootstrap
