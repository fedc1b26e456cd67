#include "tools/perf/collective.hpp"

#include <algorithm>

namespace tutti::perf {

std::optional<Collective> find_collective(std::string_view name) {
  for (const auto& collective : kCollectives) {
    if (collective.name == name) return collective;
  }
  return std::nullopt;
}

Shape shape_of(Kind kind, std::size_t bytes, std::size_t element, std::size_t ranks) {
  const std::size_t whole = bytes / element;
  const std::size_t block = whole / ranks;
  switch (kind) {
    case Kind::all_gather:
      return {block, block, block * ranks, block * ranks * element};
    case Kind::reduce_scatter:
      return {block, block * ranks, block, block * ranks * element};
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
