// Any transport, with faults: what a network may do to a rank on a bad day, by a script that can be played again.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "transports/transport.hpp"

namespace tutti::transport::faulty {

/// Something that happens once.
struct Event {
  enum class Kind : std::uint8_t {
    drop,  // the path to `peer` dies; the others go on
    kill,  // this rank's transport goes away without a word to anybody
  };
  Kind kind{};
  std::uint64_t after_transfers = 0;  // when so many have been posted, to all peers together
  Rank peer{};                        // of a drop
};

/// What goes wrong. A value: the same script does the same to the same calls at the same times.
struct Script {
  std::uint64_t seed = 1;
  double stall = 0;  // probability that a call of progress does nothing
  double hold = 0;   // probability that a transfer, and what is posted behind it on its path, waits for another call
  double delay = 0;  // probability that a completion comes later, and so behind others
  Duration longest_delay{};
  std::vector<Event> events = {};
};

/// Faults that a caller must not notice: everything arrives, late and in another order.
Script harmless(std::uint64_t seed);

/// `inner` with the faults of `script`. It never sees memory of a transfer, so that a path can die at any moment. Fails
/// with invalid_argument on probabilities that are none, and on a stall or hold that never ends.
Result<std::unique_ptr<Transport>> create(std::unique_ptr<Transport> inner, Script script);

}  // namespace tutti::transport::faulty
