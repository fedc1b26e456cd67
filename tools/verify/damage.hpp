// Whether the verifier can fail: programs are damaged on purpose, `tutti verify --mutations`.
#pragma once

#include <array>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "plan/verify/mutate.hpp"

namespace tutti::prove {

struct DamageReport {
  static constexpr double kLeastCaught = 0.95;

  struct Kind {
    int done = 0;
    int caught = 0;
  };
  std::array<Kind, plan::kMutations> kinds{};
  std::vector<std::string> uncaught;  // each in words
  int plans = 0;

  [[nodiscard]] int done() const;
  [[nodiscard]] int caught() const;
  [[nodiscard]] bool is_enough() const { return caught() >= kLeastCaught * done(); }
};

/// Damages the programs of many plans in every way, `times` times each; seeded.
DamageReport damage_plans(int times, std::uint64_t seed);

std::string report(const DamageReport& damage);
nlohmann::ordered_json document_of(const DamageReport& damage);

}  // namespace tutti::prove
