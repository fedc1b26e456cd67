// Every algorithm with what it needs and what it costs, as data: selection, `tutti info` and the tests read it.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "plan/axis.hpp"
#include "plan/collective.hpp"
#include "plan/phase_builder.hpp"

namespace tutti::plan {

/// What one rank sends or receives, whichever is more, at the rank that does most. Bytes are in units of the whole
/// vector (all blocks together).
struct Volume {
  double rounds = 0;
  double messages = 0;
  double gather = 0;        // bytes of contributions and partial results
  double spread = 0;        // bytes of results, or of what is broadcast
  double reduced = 0;       // bytes that it reduces
  bool neighbours = false;  // only ranks next to each other talk: one flow a node crosses the network
  bool chain = false;       // a segment passes p-1 ranks one after the other
};

struct Algorithm {
  std::string_view name;
  Collective collective{};
  bool cut_by_rank = true;    // a segment is cut into p chunks, else it is one
  bool power_of_two = false;  // needs such a world size
  bool commutative = false;   // needs a commutative operator
  bool reduces_once =
      false;  // each result comes from one reduction of raw contributions: low precision needs no widening
  bool rank_order =
      false;               // ... and always as ((x0 op x1) op x2) op ...: the same bits from all algorithms that say so
  bool exchanges = false;  // keeps two partial results: see PhaseBuilder::exchange_reduce
  bool segmented = true;   // may be cut into segments
  bool single_hop = false;  // a block goes from its first owner straight to its last: a rank that knows the lengths of
                            // the blocks that it sends and gets knows the length of every message
  void (*build)(const Axis& axis, std::int32_t root, PhaseBuilder& phase) = nullptr;
  Volume (*volume)(std::int32_t ranks) = nullptr;
  std::string_view wins;
};

/// All of them, grouped by collective.
std::span<const Algorithm> algorithms();

/// Null when there is none of that name.
const Algorithm* find_algorithm(Collective collective, std::string_view name);

}  // namespace tutti::plan
