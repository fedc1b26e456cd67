// Levels from measurements between some of the pairs of ranks.
//
// Words: a pair is *inside* a level if one of its groups holds both ranks, and *of* the innermost level that it is
// inside. A level is *told apart by* what pairs inside it have better than all others: latency or bandwidth.
//
// Pairs are joined from the best to the worst (single linkage: noise only ever makes a pair look worse, and one good
// pair is enough to hold two groups together). Where the next join is much worse than the one before - by more than
// repeated measurements differ - a level ends. Latency and bandwidth each say where; what contradicts what nodes report
// or a clearer level is left out, and said.
#pragma once

#include <string>
#include <vector>

#include "base/result.hpp"
#include "topology/infer/partition.hpp"
#include "topology/infer/probe.hpp"

namespace tutti::topology {

enum class ToldApart : std::uint8_t { reported, latency, bandwidth, everything };
/// "the nodes' own report", "latency", "bandwidth", "holding all ranks".
std::string_view to_string(ToldApart by);

struct InferredLevel {
  Partition groups;
  ToldApart by = ToldApart::everything;
  double gap = 0;          // how many times worse the next level is; 0: it was not asked
  std::int32_t pairs = 0;  // inside, whose number was compared with the gap
  std::int32_t agree = 0;  // that are on its right side
  // Medians over the pairs of the level; 0: no pair was measured.
  std::int32_t measured = 0;
  double latency_us = 0;
  double GBps = 0;
  double overhead_us = 0;
  double loaded_GBps = 0;  // of each (but one of four), when all ranks send to other units; 0: not measured

  /// From 0 to 1: the share of pairs that agree, by Laplace's rule, so that few pairs make nobody sure. 1 where nothing
  /// was inferred.
  [[nodiscard]] double sure() const;
};

struct Inferred {
  std::vector<InferredLevel> levels;  // innermost first; the last one holds all ranks
  std::size_t node_levels = 0;        // that lie inside a node, as Description::node_levels
  std::vector<std::string> remarks;   // what was seen and is not believed
};

/// Fails with invalid_argument when probes name ranks that are not there, hold numbers that are none, or do not connect
/// all ranks.
Result<Inferred> infer_levels(const Measurement& measurement);

/// Takes the numbers of levels from pairs that were measured one at a time, and joins levels that then show no
/// difference.
void settle(Inferred& inferred, const std::vector<Probe>& alone);

}  // namespace tutti::topology
