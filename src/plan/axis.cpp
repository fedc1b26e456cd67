#include "plan/axis.hpp"

namespace tutti::plan {

Rank rank_in(const topology::Levels& levels, int level, std::int32_t unit, const Columns& columns) {
  for (int inner = level - 1; inner >= 0; --inner) {
    const auto group = levels.group(inner, unit);
    unit = group.first + player(columns[static_cast<std::size_t>(inner)], group.size, levels.width(inner));
  }
  return levels.rank_at(unit);
}

Axis::Axis(const Where& where)
    : size_(where.group.size),
      self_(where.self),
      width_(where.width),
      base_(where.base),
      unit_(where.unit),
      by_position_(where.by_position),
      levels_(where.levels),
      level_(where.level),
      first_unit_(where.group.first),
      columns_(where.columns) {
  end_ = by_position_ ? begin(size_) : base_ + static_cast<std::uint32_t>(width_) * unit_;
  if (by_position_) base_ = begin(0);
}

Rank Axis::at(std::int64_t position) const {
  const std::int32_t wrapped = wrap(position);
  const std::int32_t place = reversed_ ? size_ - 1 - wrapped : wrapped;
  return levels_ == nullptr ? Rank{place} : rank_in(*levels_, level_, first_unit_ + place, columns_);
}

std::uint32_t Axis::begin(std::int32_t place) const {
  if (by_position_) {
    const std::int32_t unit = first_unit_ + place;
    return static_cast<std::uint32_t>(level_ == 0 ? unit : levels_->first_position(level_ - 1, unit));
  }
  return base_ + static_cast<std::uint32_t>(first_column(place, size_, width_)) * unit_;
}

Chunks Axis::chunk(std::int64_t position, std::int32_t count) const {
  // In a reversed axis the run of positions [p, p + count) is the run of places that ends where p is.
  const std::int64_t start = reversed_ ? std::int64_t{size_} - position - count : position;
  const std::int32_t first = wrap(start);
  if (count >= size_) {  // everything, beginning somewhere
    if (first == 0) return {all(), {0, 0}};
    return {{begin(first), end_ - begin(first)}, {base_, begin(first) - base_}};
  }
  const std::int32_t last = first + count;
  if (last <= size_) return {{begin(first), begin(last) - begin(first)}, {0, 0}};
  return {{begin(first), end_ - begin(first)}, {base_, begin(last - size_) - base_}};
}

Axis Axis::reversed() const {
  Axis other = *this;
  other.reversed_ = !reversed_;
  other.self_ = size_ - 1 - self_;
  return other;
}

}  // namespace tutti::plan
