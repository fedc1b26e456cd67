// Whom a rank has heard of, directly or through others: what a barrier's tokens carry.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace tutti::plan {

/// A set of ranks as runs.
class Heard {
 public:
  Heard() = default;
  explicit Heard(std::int32_t rank) : runs_{{rank, rank + 1}} {}

  void add(const Heard& other);
  [[nodiscard]] bool of_all(std::int32_t ranks) const {
    return runs_.size() == 1 && runs_.front().first == 0 && runs_.front().end == ranks;
  }
  /// "0-3, 7".
  [[nodiscard]] std::string describe() const;

 private:
  struct Run {
    std::int32_t first;
    std::int32_t end;
  };
  std::vector<Run> runs_;
};

}  // namespace tutti::plan
