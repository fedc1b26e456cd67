#include "sim/symmetry.hpp"

namespace tutti::sim {
namespace {

std::int32_t change_digit(std::int32_t digit, std::int32_t by, std::int32_t size, Change change) {
  if (change == Change::rotation) return (digit + by) % size;
  return change == Change::exchange ? digit ^ by : digit;
}

}  // namespace

Symmetry::Symmetry(const topology::Levels& levels) : ranks_(levels.ranks()) {
  for (int level = 0; level < levels.depth() && levels.regular(level); ++level) {
    levels_[static_cast<std::size_t>(level)] = {.stride = rest_, .size = levels.width(level)};
    rest_ *= levels.width(level);
    ++regular_;
  }
}

void Symmetry::set(int level, Change change) {
  levels_[static_cast<std::size_t>(level)].change = change;
  order_ = 1;
  for (const Level& each : levels_) order_ *= each.change == Change::none ? 1 : each.size;
}

std::int32_t Symmetry::class_of(Position position) const {
  std::int32_t number = 0;
  std::int32_t weight = 1;
  for (int level = 0; level < regular_; ++level) {
    const Level& its = levels_[static_cast<std::size_t>(level)];
    if (its.change != Change::none) continue;
    number += digit(position, its) * weight;
    weight *= its.size;
  }
  return number + position / rest_ * weight;
}

Position Symmetry::representative(std::int32_t number) const {
  Position position = 0;
  for (int level = 0; level < regular_; ++level) {
    const Level& its = levels_[static_cast<std::size_t>(level)];
    if (its.change != Change::none) continue;
    position += number % its.size * its.stride;
    number /= its.size;
  }
  return position + number * rest_;
}

Position Symmetry::shifted(Position position, int level, std::int32_t by, Change change) const {
  const Level& its = levels_[static_cast<std::size_t>(level)];
  const std::int32_t before = digit(position, its);
  return position + (change_digit(before, by, its.size, change) - before) * its.stride;
}

Position Symmetry::moved(Position position, Position from) const {
  Position there = position;
  for (int level = 0; level < regular_; ++level) {
    const Level& its = levels_[static_cast<std::size_t>(level)];
    if (its.change == Change::none) continue;
    const std::int32_t away = digit(from, its);
    const std::int32_t by = its.change == Change::rotation ? (its.size - away) % its.size : away;
    there = shifted(there, level, by, its.change);
  }
  return there;
}

std::int32_t Symmetry::places(std::int32_t span) const {
  std::int32_t places = 1;
  for (const Level& its : levels_) {
    if (its.change != Change::none && its.stride >= span) places *= its.size;
  }
  return places;
}

}  // namespace tutti::sim
