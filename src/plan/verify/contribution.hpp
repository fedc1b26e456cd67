// Whose contributions a partial result holds: exactly, or as a fingerprint where there are too many ranks.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <string>

#include "base/rank.hpp"
#include "base/result.hpp"

namespace tutti::plan {

/// A set of ranks below 256, and whether they were combined in rank order.
class ContributionSet {
 public:
  static constexpr std::int32_t kMostRanks = 256;

  ContributionSet() = default;
  static ContributionSet of(std::int32_t rank);
  static ContributionSet all(std::int32_t ranks);

  /// left op right. Fails when a rank is in both.
  static Result<ContributionSet> combine(const ContributionSet& left, const ContributionSet& right);
  [[nodiscard]] bool is_complete(const ContributionSet& all, bool in_order) const {
    return words_ == all.words_ && (in_order_ || !in_order);
  }
  /// "0+1+3", or "0+1+3 out of order".
  [[nodiscard]] std::string describe() const;
  bool operator==(const ContributionSet&) const = default;

 private:
  [[nodiscard]] std::int32_t least() const;
  [[nodiscard]] std::int32_t most() const;

  std::array<std::uint64_t, kMostRanks / 64> words_{};
  bool in_order_ = true;
};

/// The sum modulo 2^61 - 1 of a random number for each contribution. A wrong multiset passes with a chance of 2^-61.
class Fingerprint {
 public:
  static constexpr std::uint64_t kPrime = (std::uint64_t{1} << 61) - 1;

  Fingerprint() = default;
  static Fingerprint of(std::int32_t rank);
  static Fingerprint all(std::int32_t ranks);
  static Result<Fingerprint> combine(const Fingerprint& left, const Fingerprint& right) {
    Fingerprint sum;
    sum.value_ = (left.value_ + right.value_) % kPrime;
    return sum;
  }
  [[nodiscard]] bool is_complete(const Fingerprint& all, bool) const { return value_ == all.value_; }
  [[nodiscard]] std::string describe() const;
  bool operator==(const Fingerprint&) const = default;

 private:
  std::uint64_t value_ = 0;
};

}  // namespace tutti::plan
