#include "plan/verify/contribution.hpp"

#include <fmt/format.h>

namespace tutti::plan {
namespace {

// A well-mixed number for each rank (Steele, Lea & Flood, "Fast splittable pseudorandom number generators", 2014).
std::uint64_t mixed(std::uint64_t number) {
  number += 0x9e3779b97f4a7c15;
  number = (number ^ (number >> 30)) * 0xbf58476d1ce4e5b9;
  number = (number ^ (number >> 27)) * 0x94d049bb133111eb;
  return number ^ (number >> 31);
}

}  // namespace

ContributionSet ContributionSet::of(std::int32_t rank) {
  ContributionSet set;
  set.words_[static_cast<std::size_t>(rank) / 64] = std::uint64_t{1} << (rank % 64);
  return set;
}

ContributionSet ContributionSet::all(std::int32_t ranks) {
  ContributionSet set;
  for (std::int32_t rank = 0; rank < ranks; ++rank)
    set.words_[static_cast<std::size_t>(rank) / 64] |= std::uint64_t{1} << (rank % 64);
  return set;
}

Result<ContributionSet> ContributionSet::combine(const ContributionSet& left, const ContributionSet& right) {
  ContributionSet both;
  for (std::size_t i = 0; i < both.words_.size(); ++i) {
    const std::uint64_t doubled = left.words_[i] & right.words_[i];
    if (doubled != 0) {
      return Error{Code::invalid_argument, fmt::format("the contribution of rank {} is counted twice",
                                                       i * 64 + static_cast<std::size_t>(std::countr_zero(doubled)))};
    }
    both.words_[i] = left.words_[i] | right.words_[i];
  }
  both.in_order_ = left.in_order_ && right.in_order_ && left.most() < right.least();
  return both;
}

std::int32_t ContributionSet::least() const {
  for (std::size_t i = 0; i < words_.size(); ++i) {
    if (words_[i] != 0) return static_cast<std::int32_t>(i) * 64 + std::countr_zero(words_[i]);
  }
  return kMostRanks;
}

std::int32_t ContributionSet::most() const {
  for (std::size_t i = words_.size(); i-- > 0;) {
    if (words_[i] != 0) return static_cast<std::int32_t>(i) * 64 + 63 - std::countl_zero(words_[i]);
  }
  return -1;
}

std::string ContributionSet::describe() const {
  std::string text;
  for (std::int32_t rank = 0; rank < kMostRanks; ++rank) {
    if (((words_[static_cast<std::size_t>(rank) / 64] >> (rank % 64)) & 1) == 0) continue;
    if (text.size() > 100) return text + "+...";
    text += fmt::format("{}{}", text.empty() ? "" : "+", rank);
  }
  return text.empty() ? "nobody" : in_order_ ? text : text + " out of order";
}

Fingerprint Fingerprint::of(std::int32_t rank) {
  Fingerprint print;
  print.value_ = mixed(static_cast<std::uint64_t>(rank)) % kPrime;
  return print;
}

Fingerprint Fingerprint::all(std::int32_t ranks) {
  Fingerprint print;
  for (std::int32_t rank = 0; rank < ranks; ++rank) print.value_ = (print.value_ + of(rank).value_) % kPrime;
  return print;
}

std::string Fingerprint::describe() const {
  return fmt::format("a wrong set of ranks (fingerprint {:x})", value_);
}

}  // namespace tutti::plan
