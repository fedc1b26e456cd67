// What is broken or slow, from words: "nic:5", "rail:3", "straggler 5:1.5".
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/rank.hpp"
#include "base/result.hpp"

namespace tutti::sim {

/// A value. Numbers are from 0.
struct WhatIf {
  std::vector<Rank> nics;            // ranks that have lost theirs: the next one of their node serves them, too
  std::vector<std::int32_t> rails;   // lost on every node
  std::vector<std::int32_t> leaves;  // switches of the innermost level outside nodes, group by group, rail by rail
  std::vector<std::int32_t> planes;  // of all levels that have more than one
  std::vector<std::int32_t> nodes;   // gone with their ranks
  struct Straggler {
    Rank rank{};
    double factor = 1;  // how much longer it takes for everything
  };
  std::vector<Straggler> stragglers;

  [[nodiscard]] bool changes_nothing() const {
    return nics.empty() && rails.empty() && leaves.empty() && planes.empty() && nodes.empty() && stragglers.empty();
  }
};

/// Adds "nic:R", "rail:I", "leaf:I", "plane:I" or "node:I". Fails with invalid_argument and names what there is.
Status add_failure(std::string_view text, WhatIf& what_if);

/// Adds "R:F": rank R takes F times as long, F from 1 to 1e6. Fails with invalid_argument.
Status add_straggler(std::string_view text, WhatIf& what_if);

}  // namespace tutti::sim
