// How much tokens move when a mixture of experts routes them.
#pragma once

#include <cstdint>
#include <vector>

namespace tutti::sim {

/// Experts lie evenly on the ranks of an expert-parallel group, and ranks evenly on nodes. Uniform: every set of
/// experts is as likely as another.
struct UniformRouting {
  double tokens = 0;  // of each rank
  double token_bytes = 0;
  std::int64_t experts = 1;
  std::int64_t topk = 1;  // experts that a token goes to, all different
  std::int64_t ranks = 1;
  std::int64_t nodes = 1;

  /// The part of all tokens that have an expert in one of `units` equal parts of the group: each is sent there once,
  /// however many experts it has there. 1 - C(E - E/units, K) / C(E, K).
  [[nodiscard]] double part(std::int64_t units) const;

  /// Each token once to each rank that has an expert of it: all blocks of one rank's exchange with all.
  [[nodiscard]] double direct_bytes() const;
  /// Each token once to each node, to the rank of the same rail: all blocks of one rank's exchange with its rail.
  [[nodiscard]] double rail_bytes() const;
  /// Then on to the ranks of that node: all blocks of one rank's exchange with its node.
  [[nodiscard]] double node_bytes() const;
};

/// Some experts are chosen more often than others: the n-th most popular with a weight of n^-exponent, without
/// replacement (Gumbel noise, Vieira 2014). Which expert has which place is dealt by chance, so that no rank has all
/// popular ones. Tokens are drawn as a sample; the same seed draws the same ones.
class ZipfRouting {
 public:
  static constexpr std::int64_t kSample = 16384;

  ZipfRouting(std::int64_t experts, std::int64_t topk, double exponent, std::uint64_t seed);

  /// The part of the sample that has an expert in each of `units` equal parts of the experts.
  [[nodiscard]] std::vector<double> parts(std::int64_t units) const;

 private:
  std::int64_t experts_;
  std::int64_t topk_;
  std::vector<std::int32_t> chosen_;  // by token, topk of each
};

}  // namespace tutti::sim
