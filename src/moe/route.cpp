#include "moe/route.hpp"

#include <fmt/format.h>

namespace tutti::moe {
namespace {

double transfer_us(double bytes, double gigabytes_per_second) {
  return gigabytes_per_second > 0 ? bytes / gigabytes_per_second / 1000 : 0;
}

}  // namespace

std::string RouteChoice::reason() const {
  const bool straight = route == Route::direct;
  if (forced) return straight ? "direct: asked for" : "hierarchical: asked for";
  return fmt::format("{}: {:.1f} us, against {:.1f} us {}", straight ? "direct" : "hierarchical",
                     straight ? direct_us : hierarchical_us, straight ? hierarchical_us : direct_us,
                     straight ? "hierarchical" : "direct");
}

// The network carries each row once a rank, or once a node; in the node the second way costs another hop and a copy of
// each row to its ranks.
RouteChoice choose_route(const Stream& stream, const topology::Links& links, Route wanted) {
  const auto bytes = static_cast<double>(stream.row_bytes);
  const double rank_bytes = bytes * static_cast<double>(stream.rank_rows);
  const double node_bytes = bytes * static_cast<double>(stream.node_rows);
  RouteChoice choice;
  choice.direct_us = links.network.latency_us + transfer_us(rank_bytes, links.network.bandwidth_GBps);
  choice.hierarchical_us = links.network.latency_us + transfer_us(node_bytes, links.network.bandwidth_GBps) +
                           links.node.latency_us + links.node.overhead_us * stream.ranks +
                           transfer_us(rank_bytes - rank_bytes / stream.ranks, links.node.bandwidth_GBps);
  choice.route = choice.hierarchical_us < choice.direct_us ? Route::hierarchical : Route::direct;
  if (stream.ranks == 1) {
    choice.route = Route::direct;
  } else if (wanted != Route::automatic) {
    choice.route = wanted;
    choice.forced = true;
  }
  return choice;
}

std::int32_t gateway_of(const Site& site, std::int32_t source, std::int32_t node, std::uint32_t window) {
  const auto& members = site.members[static_cast<std::size_t>(node)];
  const auto turn = static_cast<std::size_t>(site.local[static_cast<std::size_t>(source)]) + window;
  return members[turn % members.size()];
}

}  // namespace tutti::moe
