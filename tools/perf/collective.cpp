#include "tools/perf/collective.hpp"

#include <algorithm>

#include "tools/perf/blocks.hpp"

namespace tutti::perf {

std::optional<Collective> find_collective(std::string_view name) {
  for (const auto& [other, usual] : kOtherNames) {
    if (other == name) name = usual;
  }
  for (const auto& collective : kCollectives) {
    if (collective.name == name) return collective;
  }
  return std::nullopt;
}

Shape shape_of(const Collective& collective, std::size_t bytes, std::size_t element, std::size_t ranks,
               std::size_t rank) {
  const std::size_t whole = bytes / element;
  Shape shape{.count = whole / ranks};
  const std::size_t own = block_length(collective, shape.count, rank, rank);
  switch (collective.kind) {
    case Kind::all_gather:
    case Kind::gather:
      shape.send = own;
      shape.recv = blocks_from_all(collective, shape.count, rank, ranks).total;
      shape.bytes = shape.recv * element;
      return shape;
    case Kind::reduce_scatter:
    case Kind::scatter:
      shape.send = blocks_to_all(collective, shape.count, rank, ranks).total;
      shape.recv = own;
      shape.bytes = shape.send * element;
      return shape;
    case Kind::all_to_all:
      shape.send = shape.recv = blocks_to_all(collective, shape.count, rank, ranks).total;
      for (std::size_t other = 0; other < std::min<std::size_t>(ranks, 3); ++other)  // the busiest rank's; they repeat
        shape.bytes = std::max(shape.bytes, blocks_to_all(collective, shape.count, other, ranks).total * element);
      return shape;
    case Kind::barrier:
      return {};
    case Kind::all_reduce:
    case Kind::reduce:
    case Kind::broadcast:
    case Kind::sendrecv:
      break;
  }
  return {whole, whole, whole, whole * element};
}

double bus_factor(Kind kind, std::size_t ranks) {
  const auto n = static_cast<double>(ranks);
  switch (kind) {
    case Kind::all_reduce:
      return 2 * (n - 1) / n;
    case Kind::all_gather:
    case Kind::reduce_scatter:
    case Kind::gather:
    case Kind::scatter:
    case Kind::all_to_all:
      return (n - 1) / n;
    case Kind::reduce:
    case Kind::broadcast:
    case Kind::sendrecv:
    case Kind::barrier:
      break;
  }
  return 1;
}

}  // namespace tutti::perf
