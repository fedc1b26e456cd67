// What came of proving plans, for people and as data.
#pragma once

#include <cstdint>
#include <mutex>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace tutti::prove {

struct Failure {
  std::string plan;
  std::string error;    // with rank, step and slice
  std::string command;  // that proves this plan alone
};

/// Shared by threads.
class Outcome {
 public:
  /// Shows how far it is on a terminal, in one line that the next one replaces.
  explicit Outcome(bool shows_progress) : shows_progress_(shows_progress) {}

  void count(std::uint64_t plans);
  void fail(Failure failure);
  void progress(std::size_t done, std::size_t jobs);

  // When all threads are done:
  [[nodiscard]] std::uint64_t plans() const { return plans_; }
  [[nodiscard]] const std::vector<Failure>& failures() const { return failures_; }
  /// The failures, and one line that sums up.
  [[nodiscard]] std::string report(double wall_ms, const std::string& what) const;
  /// Schema tutti.verify/1.
  [[nodiscard]] nlohmann::ordered_json document(std::int32_t max_ranks, double wall_ms) const;
  void end_progress();

 private:
  std::mutex lock_;
  std::uint64_t plans_ = 0;
  std::vector<Failure> failures_;
  bool shows_progress_;
  bool line_is_open_ = false;
  int shown_ = -1;  // per mille
};

}  // namespace tutti::prove
