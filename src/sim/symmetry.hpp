// Which ranks do the same: those that a change of places takes to each other, when it leaves the plan and the network
// as they are.
//
// A change of places acts on each level alone: the units of every group of the level are rotated, or numbered by
// exclusive or with a number. No rank keeps its place then, so that all classes are of one size.
#pragma once

#include <array>
#include <cstdint>

#include "sim/network.hpp"

namespace tutti::sim {

enum class Change : std::uint8_t { none, rotation, exchange };

/// A value.
class Symmetry {
 public:
  /// Every rank is a class of its own.
  explicit Symmetry(const topology::Levels& levels);

  /// Levels whose groups, and all below them, are of one size may change.
  [[nodiscard]] int regular_levels() const { return regular_; }
  void set(int level, Change change);
  [[nodiscard]] Change change(int level) const { return levels_[static_cast<std::size_t>(level)].change; }
  [[nodiscard]] std::int32_t size(int level) const { return levels_[static_cast<std::size_t>(level)].size; }

  /// How many classes there are, and how many ranks each has.
  [[nodiscard]] std::int32_t classes() const { return ranks_ / order_; }
  [[nodiscard]] std::int32_t order() const { return order_; }

  [[nodiscard]] std::int32_t class_of(Position position) const;
  /// The position that stands for a class.
  [[nodiscard]] Position representative(std::int32_t number) const;

  /// Where `position` goes when everything is moved so that `from` becomes the representative of its class.
  [[nodiscard]] Position moved(Position position, Position from) const;
  /// Where `position` goes when the units of `level` are moved `by` places.
  [[nodiscard]] Position shifted(Position position, int level, std::int32_t by, Change change) const;

  /// How many places a thing has in all, if it spans `span` positions: a rank 1, a unit as many as it holds.
  [[nodiscard]] std::int32_t places(std::int32_t span) const;

 private:
  struct Level {
    std::int32_t stride = 1;
    std::int32_t size = 1;
    Change change = Change::none;
  };
  [[nodiscard]] std::int32_t digit(Position position, const Level& level) const {
    return position / level.stride % level.size;
  }

  std::array<Level, topology::Levels::kMost> levels_{};
  int regular_ = 0;
  std::int32_t rest_ = 1;  // positions in a unit of the innermost level that is not regular
  std::int32_t ranks_ = 1;
  std::int32_t order_ = 1;
};

}  // namespace tutti::sim
