#include "topology/infer/fit.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <limits>
#include <vector>

namespace tutti::topology {
namespace {

constexpr std::size_t kTerms = 3;
constexpr double kLeastPerByte = 1e-9;  // us: a million GB/s, where bytes cost nothing that shows
using Terms = std::array<double, kTerms>;

Terms terms_of(const ExchangeSample& sample) {
  return {1, 2 * sample.messages, sample.messages * sample.bytes};
}

double predicted(const ExchangeSample& sample, const Terms& costs) {
  const Terms terms = terms_of(sample);
  double us = 0;
  for (std::size_t i = 0; i < kTerms; ++i) us += terms[i] * costs[i];
  return us;
}

// By normal equations, with only the terms in `used`, a bit each; the others cost nothing.
Terms solve(std::span<const ExchangeSample> samples, unsigned used) {
  std::array<std::array<double, kTerms + 1>, kTerms> rows{};
  for (std::size_t i = 0; i < kTerms; ++i) {
    if ((used >> i & 1U) == 0) {
      rows[i][i] = 1;
      continue;
    }
    for (const ExchangeSample& sample : samples) {
      const Terms terms = terms_of(sample);
      for (std::size_t j = 0; j < kTerms; ++j)
        if ((used >> j & 1U) != 0) rows[i][j] += terms[i] * terms[j] / (sample.us * sample.us);
      rows[i][kTerms] += terms[i] / sample.us;
    }
  }
  for (std::size_t i = 0; i < kTerms; ++i) {
    std::size_t pivot = i;
    for (std::size_t row = i; row < kTerms; ++row)
      if (std::abs(rows[row][i]) > std::abs(rows[pivot][i])) pivot = row;
    std::swap(rows[i], rows[pivot]);
    if (rows[i][i] == 0) continue;
    for (std::size_t row = 0; row < kTerms; ++row) {
      if (row == i) continue;
      const double factor = rows[row][i] / rows[i][i];
      for (std::size_t column = 0; column <= kTerms; ++column) rows[row][column] -= factor * rows[i][column];
    }
  }
  Terms costs{};
  for (std::size_t i = 0; i < kTerms; ++i) costs[i] = rows[i][i] == 0 ? 0 : rows[i][kTerms] / rows[i][i];
  return costs;
}

}  // namespace

LinkFit fit_link(std::span<const ExchangeSample> samples) {
  // Of all subsets of terms that give no negative number the best: that is non-negative least squares, and there are
  // seven of them.
  Terms best{};
  double least = std::numeric_limits<double>::infinity();
  for (unsigned used = 1; used < 1U << kTerms; ++used) {
    const Terms costs = solve(samples, used);
    if (std::ranges::any_of(costs, [](double cost) { return !(cost >= 0); })) continue;
    double sum = 0;
    for (const ExchangeSample& sample : samples) sum += std::pow(predicted(sample, costs) / sample.us - 1, 2);
    if (sum >= least) continue;
    least = sum;
    best = costs;
  }
  std::vector<double> errors;
  for (const ExchangeSample& sample : samples) errors.push_back(std::abs(predicted(sample, best) / sample.us - 1));
  std::ranges::sort(errors);
  const double error = errors.empty() ? 0 : errors[std::min(errors.size() - 1, errors.size() * 9 / 10)];
  return {best[0], best[1], 1e-3 / std::max(best[2], kLeastPerByte), error};
}

}  // namespace tutti::topology
