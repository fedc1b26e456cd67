#include "tools/perf/blocks.hpp"

namespace tutti::perf {
namespace {

constexpr std::array<std::size_t, 3> kWeights = {1, 0, 2};

template <typename Length>
BlockList list_of(std::size_t ranks, Length&& length) {
  BlockList list;
  for (std::size_t other = 0; other < ranks; ++other) {
    list.displacements.push_back(list.total);
    list.counts.push_back(length(other));
    list.total += list.counts.back();
  }
  return list;
}

std::size_t begin_of_block(const Collective& collective, std::size_t count, std::size_t from, std::size_t to) {
  std::size_t begin = 0;
  for (std::size_t before = 0; before < to; ++before) begin += block_length(collective, count, from, before);
  return begin;
}

}  // namespace

std::size_t block_length(const Collective& collective, std::size_t count, std::size_t from, std::size_t to) {
  if (!collective.uneven) return count;
  switch (collective.kind) {
    case Kind::all_gather:
    case Kind::gather:
      return count * kWeights[from % 3];
    case Kind::all_to_all:  // the same both ways, so that the call works in place
      return count * kWeights[(from + to) % 3] / 2;
    default:
      return count * kWeights[to % 3];
  }
}

BlockList blocks_to_all(const Collective& collective, std::size_t count, std::size_t rank, std::size_t ranks) {
  return list_of(ranks, [&](std::size_t to) { return block_length(collective, count, rank, to); });
}

BlockList blocks_from_all(const Collective& collective, std::size_t count, std::size_t rank, std::size_t ranks) {
  return list_of(ranks, [&](std::size_t from) { return block_length(collective, count, from, rank); });
}

std::vector<Part> parts_of_result(const Collective& collective, const Shape& shape, int root, int rank, int ranks) {
  const auto self = static_cast<std::size_t>(rank);
  const auto begin_for_me = [&](int from) {
    return begin_of_block(collective, shape.count, static_cast<std::size_t>(from), self);
  };
  switch (collective.kind) {
    case Kind::all_reduce:
    case Kind::reduce:
      return {{.count = shape.recv}};
    case Kind::reduce_scatter:
      return {{.first = begin_for_me(rank), .count = shape.recv}};
    case Kind::broadcast:
      return {{.from = root, .count = shape.recv}};
    case Kind::scatter:
      return {{.from = root, .first = begin_for_me(root), .count = shape.recv}};
    case Kind::sendrecv:
      return {{.from = (rank + ranks - 1) % ranks, .count = shape.recv}};
    case Kind::barrier:
      return {};
    case Kind::all_gather:
    case Kind::gather:
    case Kind::all_to_all:
      break;
  }
  const BlockList list = blocks_from_all(collective, shape.count, self, static_cast<std::size_t>(ranks));
  std::vector<Part> parts;
  for (int from = 0; from < ranks; ++from) {
    const auto i = static_cast<std::size_t>(from);
    const std::size_t first = collective.kind == Kind::all_to_all ? begin_for_me(from) : 0;
    parts.push_back({.from = from, .first = first, .count = list.counts[i], .at = list.displacements[i]});
  }
  return parts;
}

}  // namespace tutti::perf
