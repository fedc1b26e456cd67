#include "sim/routing.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace tutti::sim {
namespace {

// A number between 0 and 1 that follows from these (splitmix64).
double fraction(std::uint64_t seed, std::uint64_t one, std::uint64_t other) {
  std::uint64_t value = seed * 0x9e3779b97f4a7c15U + one * 0xd1b54a32d192ed03U + other * 0x8cb92ba72f3d8dd7U;
  value = (value ^ (value >> 30U)) * 0xbf58476d1ce4e5b9U;
  value = (value ^ (value >> 27U)) * 0x94d049bb133111ebU;
  return (static_cast<double>((value ^ (value >> 31U)) >> 11U) + 0.5) * 0x1p-53;
}

}  // namespace

double UniformRouting::part(std::int64_t units) const {
  const std::int64_t elsewhere = experts - experts / units;
  double none = 1;  // of the token's experts is there
  for (std::int64_t i = 0; i < topk; ++i)
    none *= static_cast<double>(std::max<std::int64_t>(0, elsewhere - i)) / static_cast<double>(experts - i);
  return 1 - none;
}

double UniformRouting::direct_bytes() const {
  return tokens * token_bytes * part(ranks) * static_cast<double>(ranks);
}

double UniformRouting::rail_bytes() const {
  return tokens * token_bytes * part(nodes) * static_cast<double>(nodes);
}

// Tokens for one rank of the node come over its rail from a rank of every node.
double UniformRouting::node_bytes() const {
  return direct_bytes();
}

ZipfRouting::ZipfRouting(std::int64_t experts, std::int64_t topk, double exponent, std::uint64_t seed)
    : experts_(experts), topk_(topk) {
  constexpr std::uint64_t kPlaces = ~std::uint64_t{0};  // no token has this number
  const auto count = static_cast<std::size_t>(experts);
  std::vector<std::int32_t> by_place(count);
  std::iota(by_place.begin(), by_place.end(), 0);
  std::vector<double> drawn(count);
  for (std::size_t expert = 0; expert < count; ++expert) drawn[expert] = fraction(seed, kPlaces, expert);
  std::ranges::sort(by_place, {}, [&](std::int32_t expert) { return drawn[static_cast<std::size_t>(expert)]; });
  std::vector<double> log_weight(count);
  for (std::size_t place = 0; place < count; ++place)
    log_weight[static_cast<std::size_t>(by_place[place])] = -exponent * std::log(static_cast<double>(place + 1));
  std::vector<std::pair<double, std::int32_t>> scores(count);
  chosen_.reserve(static_cast<std::size_t>(kSample * topk));
  for (std::int64_t token = 0; token < kSample; ++token) {
    for (std::size_t expert = 0; expert < count; ++expert) {
      const double noise = -std::log(-std::log(fraction(seed, static_cast<std::uint64_t>(token), expert)));
      scores[expert] = {-(log_weight[expert] + noise), static_cast<std::int32_t>(expert)};
    }
    std::nth_element(scores.begin(), scores.begin() + (topk - 1), scores.end());
    for (std::int64_t k = 0; k < topk; ++k) chosen_.push_back(scores[static_cast<std::size_t>(k)].second);
  }
}

std::vector<double> ZipfRouting::parts(std::int64_t units) const {
  std::vector<double> parts(static_cast<std::size_t>(units), 0);
  std::vector<std::int64_t> last_token(static_cast<std::size_t>(units), -1);
  const std::int64_t of_unit = experts_ / units;
  for (std::size_t i = 0; i < chosen_.size(); ++i) {
    const auto unit = static_cast<std::size_t>(chosen_[i] / of_unit);
    const auto token = static_cast<std::int64_t>(i) / topk_;
    if (last_token[unit] == token) continue;
    last_token[unit] = token;
    parts[unit] += 1.0 / static_cast<double>(kSample);
  }
  return parts;
}

}  // namespace tutti::sim
