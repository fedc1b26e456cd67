// Where the rows of one batch go and come from: what dispatch and combine run on, as often as wanted. A plan is made by
// all ranks together, in a meeting.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "moe/arrangement.hpp"
#include "moe/manifest.hpp"
#include "moe/schedule.hpp"

namespace tutti::moe {

/// What to do when more rows come to a rank than it has room for.
enum class Overflow : std::uint8_t { error = 0, drop = 1, chunk = 2 };

struct Plan {
  Plan(const Site& where, Shape wanted) : site(&where), shape(wanted) {}

  const Site* site;
  Shape shape;
  std::uint32_t window = 1;  // tokens
  Overflow overflow = Overflow::error;
  std::int32_t own_slots = 0;
  Agreed agreed;
  std::vector<std::int32_t> slot_expert;  // of this rank's slots

  Outgoing outgoing;
  std::vector<RouteChoice> routes;  // of this rank's streams to each node
  std::vector<Source> sources;
  std::vector<Chunk> chunks;
  std::uint32_t windows = 0;
  std::uint32_t round_windows = 1;
  std::vector<Arrangement> rounds;
  bool complete = false;
  bool knows_rows = false;
  std::uint32_t in_use = 0;  // exchanges in flight

  Manifests manifests;  // while the plan is made

  /// Finds what calls need and the plan did not: the rows of ranks to which they go straight, and where each row's
  /// entries end, if it may have several places. Once.
  void find_rows();
  [[nodiscard]] Book book() const { return {site, &outgoing, routes, sources, chunks, window}; }
  [[nodiscard]] std::uint32_t first_window(std::size_t round) const {
    return static_cast<std::uint32_t>(round) * round_windows;
  }
  [[nodiscard]] std::uint32_t last_window(std::size_t round) const {
    return static_cast<std::uint32_t>(std::min<std::size_t>(windows, (round + 1) * std::size_t{round_windows}));
  }

  /// Whether ranks must ask each other if all rows fit.
  [[nodiscard]] bool needs_verdict(std::int64_t most_tokens) const;

  /// Rows that have to leave this node for this rank's tokens, if each crosses to each node once; and each to its
  /// ranks.
  [[nodiscard]] std::uint64_t network_rows() const;
  [[nodiscard]] std::uint64_t network_rank_rows() const;
};

}  // namespace tutti::moe
