// Which parcels of rows a rank sends and receives, and in which order. Pure.
//
// Words: a *window* is as many consecutive tokens of each source as staging memory was made for; a *parcel* is what
// goes from one rank to another for one window of one source. Its *leg* is
//   straight  between the source and a rank that holds experts
//   trunk     between the source and the gateway of another node
//   branch    between that gateway and a rank of its node
// Dispatch goes away from the source, combine back to it: the same parcels the other way round, in the order of windows
// both times.
//
// The order is a property of the parcel alone, so that all ranks have the same: then the first parcel that is not over,
// over all ranks, never waits for memory that a later one holds, however little staging memory there is.
#pragma once

#include <cstdint>
#include <span>
#include <tuple>
#include <vector>

#include "moe/manifest.hpp"

namespace tutti::moe {

enum class Leg : std::uint8_t { straight, trunk, branch };

struct Order {
  std::uint32_t window = 0;
  std::uint32_t shortness = 0;  // streams with the most rows go first
  std::uint32_t turn = 0;       // and then each rank begins with another peer
  std::int32_t source = 0;
  std::uint8_t stage = 0;  // of the two legs through a gateway, the one that comes first
  std::int32_t to = 0;
  auto operator<=>(const Order&) const = default;
};

struct Parcel {
  std::int32_t peer = 0;
  bool sends = false;
  Leg leg = Leg::straight;
  std::int32_t source = 0;
  std::uint32_t window = 0;
  /// At the source: of its rows for the peer, or for the peer's node on a trunk. At a rank with experts: of the rows of
  /// the source for it. At a gateway: the number of the chunk among all of this rank's, and all of its rows.
  std::uint32_t first = 0;
  std::uint32_t rows = 0;
  Order order;
};

/// What a rank knows when all have told all.
struct Book {
  const Site* site = nullptr;
  const Outgoing* outgoing = nullptr;
  std::span<const RouteChoice> routes;  // of this rank's own streams
  std::span<const Source> sources;
  std::span<const Chunk> chunks;  // of all sources
  std::uint32_t window = 1;       // tokens
};

/// The parcels of dispatch for windows `first` to before `last`, in their order.
std::vector<Parcel> schedule_dispatch(const Book& book, std::uint32_t first, std::uint32_t last);

/// The same for combine.
std::vector<Parcel> schedule_combine(const Book& book, std::uint32_t first, std::uint32_t last);

/// Rows of `chunk` that the rank with number `local` on the gateway's node wants.
std::uint32_t rows_wanted(const Chunk& chunk, const Site& site, std::int32_t local);

}  // namespace tutti::moe
