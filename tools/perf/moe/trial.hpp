// One rank's part of a measurement: its batch, its group, and whether what comes is right.
//
// Rows are small integers that follow from rank, token and element; every expert multiplies and adds numbers of its
// own. So a row that is lost, doubled or misrouted shows, and in float32 the sums are exact.
#pragma once

#include <tutti/tutti.h>

#include <cstdint>
#include <string>
#include <vector>

#include "tools/perf/buffer.hpp"
#include "tools/perf/moe/choices.hpp"
#include "tools/perf/moe/row.hpp"
#include "tools/perf/seat.hpp"

namespace tutti::perf::moe {

class Trial {
 public:
  /// Makes the group and the first plan.
  static Result<Trial> make(const Options& options, Seat& seat, std::vector<std::int32_t> choices);
  Trial(Trial&& other) noexcept;
  Trial& operator=(Trial&&) = delete;
  ~Trial();

  /// One call each, by all ranks.
  Status plan();
  Status dispatch();
  Status combine();

  /// Plan, dispatch, experts and combine with known numbers; how many of this rank's are wrong.
  Result<std::uint64_t> check(std::uint64_t turn);

  [[nodiscard]] Result<tuttiEpStats_t> statistics() const;
  /// Of this rank's streams: "direct", "hierarchical", "mixed"; "none" where there is one node.
  [[nodiscard]] Result<std::string> route() const;

 private:
  Trial(const Options& options, Seat& seat, std::vector<std::int32_t> choices)
      : options_(options), seat_(seat), choices_(std::move(choices)) {}

  Status create();
  Status fit_rows();
  Status settle(tuttiResult_t result, const char* what) const { return checked(result, what); }
  [[nodiscard]] std::size_t row_bytes() const { return options_.hidden * size_of(type_); }
  void fill(std::uint64_t turn);
  Result<std::uint64_t> apply_experts(std::uint64_t turn);
  [[nodiscard]] std::uint64_t count_wrong(std::uint64_t turn) const;
  [[nodiscard]] float read(const std::byte* row, std::size_t at) const;
  void write(std::byte* row, std::size_t at, float value) const;

  const Options& options_;
  Seat& seat_;
  std::vector<std::int32_t> choices_;
  DataType type_ = DataType::bf16;
  tuttiEp_t ep_ = nullptr;
  tuttiEpPlan_t plan_ = nullptr;
  std::vector<std::byte> in_;
  std::vector<std::byte> rows_;
  std::vector<std::byte> out_;
};

}  // namespace tutti::perf::moe
