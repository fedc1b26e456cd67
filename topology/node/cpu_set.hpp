// Processors of one machine.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace tutti::topology {

/// A value. Numbers are the operating system's.
class CpuSet {
 public:
  static constexpr std::int32_t kMost = 1 << 16;

  CpuSet() = default;
  /// "0-3,8"; empty text is the empty set. Fails with invalid_argument.
  static Result<CpuSet> parse(std::string_view text);

  void add(std::int32_t cpu);
  [[nodiscard]] bool has(std::int32_t cpu) const;
  [[nodiscard]] bool empty() const { return count() == 0; }
  [[nodiscard]] std::int32_t count() const;
  [[nodiscard]] bool is_inside(const CpuSet& other) const;
  [[nodiscard]] bool meets(const CpuSet& other) const;
  [[nodiscard]] CpuSet common(const CpuSet& other) const;
  /// What `parse` reads.
  [[nodiscard]] std::string text() const;
  bool operator==(const CpuSet& other) const { return is_inside(other) && other.is_inside(*this); }

 private:
  std::vector<std::uint64_t> words_;
};

}  // namespace tutti::topology
