#include "topology/infer/partition.hpp"

#include <algorithm>
#include <map>

namespace tutti::topology {

Partition::Partition(std::span<const std::int32_t> group_of) {
  std::map<std::int32_t, std::int32_t> numbers;
  group_of_.reserve(group_of.size());
  for (const std::int32_t group : group_of) {
    const auto [place, fresh] = numbers.try_emplace(group, groups_);
    groups_ += fresh ? 1 : 0;
    group_of_.push_back(place->second);
  }
}

Partition Partition::whole(std::int32_t ranks) {
  return Partition(std::vector<std::int32_t>(static_cast<std::size_t>(ranks), 0));
}

bool Partition::refines(const Partition& coarser) const {
  std::vector<std::int32_t> above(static_cast<std::size_t>(groups_), -1);
  for (std::int32_t rank = 0; rank < ranks(); ++rank) {
    std::int32_t& found = above[static_cast<std::size_t>(group_of(rank))];
    if (found >= 0 && found != coarser.group_of(rank)) return false;
    found = coarser.group_of(rank);
  }
  return true;
}

std::vector<std::vector<std::int32_t>> Partition::members() const {
  std::vector<std::vector<std::int32_t>> all(static_cast<std::size_t>(groups_));
  for (std::int32_t rank = 0; rank < ranks(); ++rank) all[static_cast<std::size_t>(group_of(rank))].push_back(rank);
  return all;
}

std::int32_t Merger::root_of(std::int32_t rank) {
  while (parent_[static_cast<std::size_t>(rank)] != rank) {
    auto& parent = parent_[static_cast<std::size_t>(rank)];
    parent = parent_[static_cast<std::size_t>(parent)];  // halves the way for the next one
    rank = parent;
  }
  return rank;
}

void Merger::merge(std::int32_t one, std::int32_t other) {
  const std::int32_t a = root_of(one);
  const std::int32_t b = root_of(other);
  parent_[static_cast<std::size_t>(std::max(a, b))] = std::min(a, b);
}

Partition Merger::partition() {
  std::vector<std::int32_t> group_of;
  for (std::size_t rank = 0; rank < parent_.size(); ++rank)
    group_of.push_back(root_of(static_cast<std::int32_t>(rank)));
  return Partition(group_of);
}

}  // namespace tutti::topology
