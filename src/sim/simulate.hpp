// Runs a plan on a network, event by event, without ranks, memory or time of its own.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sim/ensemble.hpp"
#include "sim/use.hpp"

namespace tutti::sim {

/// What differs between ranks by chance. Every number follows from the seed.
struct Chance {
  double skew_us = 0;  // ranks begin up to so much later than the first
  double noise = 0;    // processors take longer each time: exponential, so many times the task itself on average
  std::uint64_t seed = 1;

  [[nodiscard]] bool is_none() const { return skew_us <= 0 && noise <= 0; }
};

/// One thing that a rank did.
struct Span {
  Rank rank{};
  Task::Kind kind = Task::Kind::nothing;
  Rank peer{};  // of messages
  double bytes = 0;
  double begin_us = 0;  // of a message: from when both ends are ready
  double end_us = 0;
};

struct Outcome {
  double time_us = 0;          // until the last rank is done
  double first_us = 0;         // until the first one is
  std::int32_t classes = 1;    // of ranks that were simulated, one of each
  std::uint64_t tasks = 0;     // of those
  std::uint64_t messages = 0;  // of all ranks
  std::uint64_t events = 0;
  std::vector<double> bytes_by_level;  // of all ranks: between ranks that meet at this level
  std::vector<double> most_bytes;      // by level: that the busiest link with messages of it carried
  std::vector<Span> spans;             // if asked for
  LevelUse use;                        // if asked for
};

struct SimulateOptions {
  Tier tier = Tier::folded;
  Chance chance{};  // anything but none makes every rank different: it needs Tier::unfolded
  bool spans = false;
  bool use = false;
  Progress progress{};
};

/// A message takes bandwidth when both ends have posted it, after the processor's overhead at the sender and the
/// latency of the level at which the two meet; at its end the receiver's processor takes the overhead and the
/// reduction. A processor does one thing after the other, in the order in which they become possible, and then in that
/// of the program; copies that become possible together are over together. Fails as Ensemble::make does, and with
/// internal when the plan does not come to its end.
Result<Outcome> simulate(const plan::Plan& plan, const Call& call, const Network& network,
                         const SimulateOptions& options);

}  // namespace tutti::sim
