// Clusters that are made up: what would be measured in them, with noise.
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <random>
#include <vector>

#include "topology/infer/pairs.hpp"

namespace tutti::topology {

/// Levels as partitions, innermost first, and what each costs. Two ranks meet at the first level that holds both.
struct Cluster {
  struct Level {
    Partition groups;
    double latency_us;
    double GBps;
  };
  std::vector<Level> levels;
  double noise = 0;  // of the logarithm, only ever for the worse

  [[nodiscard]] std::int32_t ranks() const { return levels.back().groups.ranks(); }

  [[nodiscard]] Probe probe(const Pair& pair, std::mt19937& random) const {
    std::normal_distribution<double> normal(0, noise);
    const auto worse = [&] { return std::exp(std::abs(normal(random))); };
    for (const Level& level : levels) {
      if (!level.groups.together(pair.first, pair.second)) continue;
      return {pair.first,
              pair.second,
              {level.latency_us * worse(), level.latency_us * worse()},
              {level.GBps / worse(), level.GBps / worse()},
              0.1};
    }
    ADD_FAILURE() << "the outermost level must hold all ranks";
    return {};
  }
};

/// Groups of the ranks 0 to `ranks` - 1, by a function.
inline Partition grouped(std::int32_t ranks, const std::function<std::int32_t(std::int32_t)>& group_of) {
  std::vector<std::int32_t> groups;
  for (std::int32_t rank = 0; rank < ranks; ++rank) groups.push_back(group_of(rank));
  return Partition(groups);
}

/// As `tutti topo --measure` does: first pairs, and more while there are any and the budget lasts.
struct Survey {
  Measurement measurement;
  Inferred inferred;
};
inline Survey survey(const Cluster& cluster, const std::vector<std::int32_t>& node_of = {}, unsigned seed = 1) {
  std::mt19937 random(seed);
  Survey survey;
  survey.measurement = {.ranks = cluster.ranks(), .node_of = node_of, .probes = {}};
  const std::size_t budget = pair_budget(cluster.ranks());
  auto pairs = first_pairs(cluster.ranks(), node_of);
  while (!pairs.empty()) {
    for (const Pair& pair : pairs) survey.measurement.probes.push_back(cluster.probe(pair, random));
    auto inferred = infer_levels(survey.measurement);
    EXPECT_TRUE(inferred) << inferred.error().text;
    if (!inferred) break;
    survey.inferred = std::move(*inferred);
    pairs = more_pairs(survey.inferred, survey.measurement.probes, budget - survey.measurement.probes.size());
  }
  return survey;
}

}  // namespace tutti::topology
