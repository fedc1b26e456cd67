// Agreement without a channel: everybody knows where rank 0 listens, and knows or derives the key.
#pragma once

#include <string>

#include "bootstrap/identity.hpp"
#include "bootstrap/launchers/environment.hpp"
#include "bootstrap/trust/key.hpp"

namespace tutti::bootstrap {

struct Rendezvous {
  std::string address;  // host:port, the same text at every rank
  std::string setting;  // where it came from, for people
};

/// TUTTI_ADDRESS.
/// With TUTTI_KEY_FILE the ranks trust each other by that key; without it by a key derived from the address, the world
/// size and the job's name, which keeps jobs apart but keeps out nobody who knows these: that is said at info.
/// Fails with invalid_argument, system, timeout.
Result<Agreement> agree_by_address(const Rendezvous& where, const Identity& identity, const Config& config,
                                   const Environment& environment, const Log& log, Deadline deadline);

/// torchrun's: MASTER_ADDR, and the port after MASTER_PORT, which itself is taken by torch's store.
Result<Rendezvous> torchrun_rendezvous(const Environment& environment);

/// At least 32 bytes, mode 0600 or stricter, this user's. Fails with invalid_argument, system.
Result<Key> read_key_file(const std::string& path);

}  // namespace tutti::bootstrap
