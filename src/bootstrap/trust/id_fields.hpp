// What is inside the 128 bytes of a unique id.
#pragma once

#include <cstdint>
#include <vector>

#include "base/result.hpp"
#include "bootstrap/net/address.hpp"
#include "bootstrap/trust/key.hpp"
#include "bootstrap/unique_id.hpp"

namespace tutti::bootstrap {

/// Layout, little-endian: "TUTI", version (1), flags (1: number of addresses, 0x80 launcher), key (32), 4 times address
/// and port (18 each), the root's process (4), its node (8), zero (2), checksum (4).
struct IdFields {
  Key key;
  std::vector<NetAddress> root;  // none: a world of one rank, which needs no root
  bool launcher = false;         // the root lives in a launcher, not in a rank
  std::uint32_t process = 0;     // of the root, so that the rank that shares it knows
  std::uint64_t node = 0;
};

/// Needs at most kMaxAddresses addresses.
UniqueId encode(const IdFields& fields);

/// Fails with invalid_argument: not an id, cut short or altered, or of another version.
Result<IdFields> decode(const UniqueId& id);

}  // namespace tutti::bootstrap
