#include "plan/cut.hpp"

namespace tutti::plan {

Cut Cut::by_position(std::shared_ptr<const topology::Levels> levels) {
  const auto ranks = static_cast<std::uint32_t>(levels->ranks());
  if (levels->in_rank_order()) return Cut(ranks);
  Cut cut(std::move(levels));
  cut.by_position_ = true;
  cut.add({.chunks = ranks});
  return cut;
}

bool Cut::operator==(const Cut& other) const {
  const bool same_levels =
      levels_ == other.levels_ || (levels_ != nullptr && other.levels_ != nullptr && *levels_ == *other.levels_);
  return same_levels && by_position_ == other.by_position_ && parts_ == other.parts_ && list_ == other.list_;
}

void Cut::add(Part part) {
  part.first = chunks_;
  chunks_ += part.chunks;
  weights_ += part.weight;
  list_[static_cast<std::size_t>(parts_++)] = part;
}

int Cut::part_of(std::uint32_t chunk) const {
  int number = parts_ - 1;
  while (number > 0 && chunk < part(number).first) --number;
  return number;
}

std::uint32_t Cut::weight_before(int part_number) const {
  std::uint32_t before = 0;
  for (int i = 0; i < part_number; ++i) before += part(i).weight;
  return before;
}

// Reads the columns off the chunk's number, and follows them from the outermost level to a rank.
Cut::Owner Cut::find(std::uint32_t chunk) const {
  const Part& part = this->part(part_of(chunk));
  std::uint32_t rest = chunk - part.first;
  if (levels_ == nullptr) return {to_rank(rest), true};
  if (by_position_) return {levels_->rank_at(static_cast<std::int32_t>(rest)), true};
  Columns columns{};
  for (int tier = part.tiers - 1; tier >= 0; --tier) {
    const auto level = part.levels[static_cast<std::size_t>(tier)];
    const auto width = static_cast<std::uint32_t>(levels_->width(level));
    columns[level] = static_cast<std::int32_t>(rest % width);
    rest /= width;
  }
  Owner owner;
  std::int32_t unit = 0;
  for (int level = levels_->depth() - 1; level >= 0; --level) {
    const auto group = levels_->group(level, unit);
    const std::int32_t column = columns[static_cast<std::size_t>(level)];
    const std::int32_t member = player(column, group.size, levels_->width(level));
    owner.first = owner.first && first_column(member, group.size, levels_->width(level)) == column;
    unit = group.first + member;
  }
  owner.rank = levels_->rank_at(unit);
  return owner;
}

std::optional<Rank> Cut::block(std::uint32_t chunk) const {
  const Owner owner = find(chunk);
  return owner.first ? std::optional(owner.rank) : std::nullopt;
}

Rank Cut::owner(std::uint32_t chunk) const {
  return find(chunk).rank;
}

bool Cut::has_empty_chunks() const {
  if (levels_ == nullptr || by_position_) return false;
  for (int number = 0; number < parts_; ++number) {
    if (part(number).chunks != static_cast<std::uint32_t>(levels_->ranks())) return true;
  }
  return false;
}

std::vector<std::uint32_t> Cut::chunks_of(Rank rank) const {
  std::vector<std::uint32_t> own;
  if (levels_ == nullptr || by_position_) {
    const std::int32_t position = levels_ == nullptr ? index(rank) : levels_->position_of(rank);
    for (int number = 0; number < parts_; ++number) {
      if (static_cast<std::uint32_t>(position) < part(number).chunks)
        own.push_back(part(number).first + static_cast<std::uint32_t>(position));
    }
    return own;
  }
  // For each level the columns that the rank plays.
  Columns first{};
  Columns end{};
  std::int32_t unit = levels_->position_of(rank);
  for (int level = 0; level < levels_->depth(); ++level) {
    const auto group = levels_->group_of_unit(level, unit);
    const auto at = static_cast<std::size_t>(level);
    first[at] = first_column(unit - group.first, group.size, levels_->width(level));
    end[at] = first_column(unit - group.first + 1, group.size, levels_->width(level));
    unit = group.number;
  }
  for (int number = 0; number < parts_; ++number) {
    std::vector<std::uint32_t> numbers{0};
    for (int tier = 0; tier < part(number).tiers; ++tier) {
      const auto level = part(number).levels[static_cast<std::size_t>(tier)];
      std::vector<std::uint32_t> longer;
      for (const std::uint32_t prefix : numbers) {
        for (std::int32_t column = first[level]; column < end[level]; ++column)
          longer.push_back(prefix * static_cast<std::uint32_t>(levels_->width(level)) +
                           static_cast<std::uint32_t>(column));
      }
      numbers = std::move(longer);
    }
    for (const std::uint32_t chunk : numbers) own.push_back(part(number).first + chunk);
  }
  return own;
}

}  // namespace tutti::plan
