// Which way rows go from a source to another node: straight to each rank that wants them, or once to the node. Pure.
#pragma once

#include <cstdint>
#include <string>

#include "moe/site.hpp"
#include "topology/fabric/links.hpp"

namespace tutti::moe {

enum class Route : std::uint8_t { automatic = 0, direct = 1, hierarchical = 2 };

/// What is known of a stream: the rows of one source for one other node.
struct Stream {
  std::uint64_t rank_rows = 0;  // rows if each goes to its ranks
  std::uint64_t node_rows = 0;  // rows if each goes to the node once
  std::size_t row_bytes = 0;
  std::int32_t ranks = 1;  // on that node
};

struct RouteChoice {
  Route route = Route::direct;
  double direct_us = 0;
  double hierarchical_us = 0;
  bool forced = false;

  /// "hierarchical: 120 us, against 310 us direct".
  [[nodiscard]] std::string reason() const;
};

/// `wanted` may force it; a node of one rank has the direct route only.
RouteChoice choose_route(const Stream& stream, const topology::Links& links, Route wanted);

/// Which rank of `node` takes a window of a source's stream, when it goes there once. Windows go round the node, so
/// that its ranks, and with them its NICs, get equal shares of every stream, however uneven the streams are.
std::int32_t gateway_of(const Site& site, std::int32_t source, std::int32_t node, std::uint32_t window);

}  // namespace tutti::moe
