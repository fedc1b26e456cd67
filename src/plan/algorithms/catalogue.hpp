// Every algorithm with what it needs and what it costs, as data: selection, `tutti info` and the tests read it.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "plan/axis.hpp"
#include "plan/collective.hpp"
#include "plan/phase_builder.hpp"

namespace tutti::plan {

/// What one rank sends or receives, whichever is more, at the rank that does most. Bytes are in units of what the axis
/// handles (a vector, or all blocks together).
struct Volume {
  double rounds = 0;        // at most this many calls of next_round
  double messages = 0;      // at one rank
  double gather = 0;        // bytes of contributions and partial results
  double spread = 0;        // bytes of results, or of what is broadcast
  double reduced = 0;       // bytes that it reduces
  bool neighbours = false;  // only ranks next to each other talk: one flow a group crosses the network
  bool chain = false;       // a segment passes p-1 ranks one after the other
  double copied = 0;        // bytes that it packs and unpacks
  double stored = 0;        // bytes of `gather` that are kept until all have come, and then reduced together
  double kept = 0;          // bytes that are copied only where input and output are the same memory
  double skew = 1;          // how many times as much the rank that does most does, compared with all on average
  bool one_way = false;     // that rank only sends, or only receives: a processor that moves bytes needs half the time
  // How often a rank waits for others to run, where ranks share cores; 0: in every round. A half: the root waits for
  // the others, or they for the root, so that of two such halves every rank waits in one.
  double waits = 0;
};

/// What the ranks of one axis do together. A role is a collective on the axis:
///   reduce_scatter   everybody's value of all chunks -> the own chunks hold the sum
///   all_gather       the own chunks hold the value -> everybody has all of them
///   all_reduce       everybody's value of all chunks -> all have the sum
///   reduce, gather   -> the member at `root` has the sum, or everybody's chunks
///   broadcast, scatter   the member at `root` has all chunks -> everybody has all, or the own ones
///   all_to_all, barrier
struct Algorithm {
  std::string_view name;
  Collective role{};
  bool power_of_two = false;  // needs such a size
  bool commutative = false;   // needs a commutative operator
  bool reduces_once = false;  // one reduction of all contributions of the axis: rounded once
  bool rank_order = false;    // always as ((x0 op x1) op x2) op ..., rounded once: the same bits from all that say so
  bool exchanges = false;     // keeps two partial results: see PhaseBuilder::exchange_reduce
  bool uneven = true;         // chunks may differ in length as only their sender and receiver know
  std::int32_t most_ranks = topology::Levels::kMostRanks;  // its steps are not logarithmic: more would be senseless
  void (*build)(const Axis& axis, std::int32_t root, PhaseBuilder& phase) = nullptr;
  Volume (*volume)(std::int32_t size, std::int32_t radix) = nullptr;
};

/// How a tier does its part of a collective: with an algorithm on the way down and one on the way up. Either may be
/// missing.
struct Method {
  std::string_view name;
  Collective collective{};
  const Algorithm* down = nullptr;
  const Algorithm* up = nullptr;
  std::string_view wins;
  bool has_radix = false;
  bool segmented = true;    // may be cut into segments
  bool all_levels = false;  // one tier of it handles all levels
  bool paired = false;      // a stripe beside its twin: its volume is the average of the two

  enum class Mode : std::uint8_t {
    split,  // each member goes on with its own part
    whole,  // all members go on, each with everything
    lead    // one member goes on with everything
  };
  Mode mode = Mode::split;
};

/// All of them, grouped by role.
std::span<const Algorithm> algorithms();

/// All of them, grouped by collective.
std::span<const Method> methods();

/// Null when there is none of that name.
const Algorithm* find_algorithm(Collective role, std::string_view name);
const Method* find_method(Collective collective, std::string_view name);

}  // namespace tutti::plan
