// The operations that a plan can carry out, by name.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace tutti::plan {

enum class Collective : std::uint8_t {
  all_reduce,
  reduce,
  broadcast,
  reduce_scatter,
  all_gather,
  barrier,
  gather,
  scatter,
  all_to_all
};
inline constexpr std::array kCollectives = {Collective::all_reduce,     Collective::reduce,     Collective::broadcast,
                                            Collective::reduce_scatter, Collective::all_gather, Collective::barrier,
                                            Collective::gather,         Collective::scatter,    Collective::all_to_all};

/// "all_reduce", "reduce", ...
std::string_view to_string(Collective collective);
std::optional<Collective> parse_collective(std::string_view text);

constexpr bool is_reduction(Collective collective) {
  return collective == Collective::all_reduce || collective == Collective::reduce ||
         collective == Collective::reduce_scatter;
}

constexpr bool has_root(Collective collective) {
  return collective == Collective::reduce || collective == Collective::broadcast || collective == Collective::gather ||
         collective == Collective::scatter;
}

/// Whether the user's input, or output, is one block a rank (reduce-scatter's input, all-gather's output).
constexpr bool has_input_blocks(Collective collective) {
  return collective == Collective::reduce_scatter || collective == Collective::scatter ||
         collective == Collective::all_to_all;
}
constexpr bool has_output_blocks(Collective collective) {
  return collective == Collective::all_gather || collective == Collective::gather ||
         collective == Collective::all_to_all;
}

/// Whether the collective is about one block a rank and not about one vector.
constexpr bool has_blocks(Collective collective) {
  return has_input_blocks(collective) || has_output_blocks(collective);
}

/// Whether `in`, or `out`, is this rank's own block alone.
constexpr bool in_is_own_block(Collective collective) {
  return collective == Collective::all_gather || collective == Collective::gather;
}
constexpr bool out_is_own_block(Collective collective) {
  return collective == Collective::reduce_scatter || collective == Collective::scatter;
}

}  // namespace tutti::plan
