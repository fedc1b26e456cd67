#include "plan/collective.hpp"

namespace tutti::plan {
namespace {

constexpr std::array<std::string_view, kCollectives.size()> kNames = {
    "all_reduce", "reduce", "broadcast", "reduce_scatter", "all_gather", "barrier", "gather", "scatter", "all_to_all"};

}  // namespace

std::string_view to_string(Collective collective) {
  return kNames.at(static_cast<std::size_t>(collective));
}

std::optional<Collective> parse_collective(std::string_view text) {
  for (const Collective collective : kCollectives) {
    if (to_string(collective) == text) return collective;
  }
  return std::nullopt;
}

}  // namespace tutti::plan
