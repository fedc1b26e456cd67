// The operations that a plan can carry out, by name.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace tutti::plan {

enum class Collective : std::uint8_t { all_reduce, reduce, broadcast, reduce_scatter, all_gather, barrier };
inline constexpr std::array kCollectives = {Collective::all_reduce,     Collective::reduce,     Collective::broadcast,
                                            Collective::reduce_scatter, Collective::all_gather, Collective::barrier};

/// "all_reduce", "reduce", ...
std::string_view to_string(Collective collective);
std::optional<Collective> parse_collective(std::string_view text);

constexpr bool is_reduction(Collective collective) {
  return collective == Collective::all_reduce || collective == Collective::reduce ||
         collective == Collective::reduce_scatter;
}

constexpr bool has_root(Collective collective) {
  return collective == Collective::reduce || collective == Collective::broadcast;
}

/// Whether the user's buffer is one block a rank (reduce-scatter's input, all-gather's output) and not one vector.
constexpr bool has_blocks(Collective collective) {
  return collective == Collective::reduce_scatter || collective == Collective::all_gather;
}

}  // namespace tutti::plan
