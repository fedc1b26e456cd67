// Three interleaved spiral arms: points in the plane that no straight line tells apart.
#pragma once

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <random>
#include <vector>

inline constexpr std::size_t kArms = 3;

struct Sample {
  std::array<float, 2> position;
  std::size_t arm;
};

/// The same samples, in the same order, on every rank that asks with the same seed.
inline std::vector<Sample> make_spirals(std::size_t count, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  const auto uniform = [&] { return static_cast<double>(random() >> 11) * 0x1p-53; };
  std::vector<Sample> samples(count);
  for (Sample& sample : samples) {
    sample.arm = static_cast<std::size_t>(random() % kArms);
    const double radius = uniform();
    const double angle = 5 * radius + 2 * 3.14159265358979 * static_cast<double>(sample.arm) / kArms + 0.2 * uniform();
    sample.position = {static_cast<float>(radius * std::cos(angle)), static_cast<float>(radius * std::sin(angle))};
  }
  return samples;
}
