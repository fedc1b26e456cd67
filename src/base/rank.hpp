// A member of a communicator, as a type of its own.
#pragma once

#include <compare>
#include <cstdint>

namespace tutti {

enum class Rank : std::int32_t {};

constexpr std::int32_t index(Rank rank) {
  return static_cast<std::int32_t>(rank);
}
constexpr Rank to_rank(std::int64_t value) {
  return static_cast<Rank>(value);
}

}  // namespace tutti
