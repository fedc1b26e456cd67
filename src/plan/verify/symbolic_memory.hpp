// A rank's buffers in which every chunk holds the list of contributions that made it, instead of numbers.
#pragma once

#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "plan/plan.hpp"
#include "plan/program.hpp"

namespace tutti::plan {

/// What a chunk holds: which chunk of the vector it is, and whose contributions, in the order of the operator.
struct Symbol {
  std::uint32_t chunk = 0;
  std::vector<std::int32_t> ranks;  // empty: nothing has been written here
  bool operator==(const Symbol&) const = default;
};

using Message = std::vector<Symbol>;

class SymbolicMemory {
 public:
  SymbolicMemory(const Plan& plan, Rank self, bool in_place);

  /// Takes the slices of a step into use, and gives them back. Two steps that use one slice at a time, one of them
  /// writing, are an error.
  Status begin(const Step& step, const Program& program);
  void end(const Step& step, const Program& program);

  /// What a send carries; what a receive does with it; what a copy or a reduce computes.
  [[nodiscard]] Message read(const Step& step);
  Status arrive(const Step& step, const Message& message);
  Status compute(const Step& step, const Program& program);

  /// Whether the output is what the collective promises to this rank.
  [[nodiscard]] Status check_result(const Program& program) const;

 private:
  using Place = std::pair<Buffer, std::uint32_t>;
  struct Use {
    int readers = 0;
    bool written = false;
  };

  [[nodiscard]] Place place(Buffer buffer, std::uint32_t chunk) const;
  Symbol& at(Buffer buffer, std::uint32_t chunk) { return chunks_[place(buffer, chunk)]; }
  static std::vector<std::pair<Buffer, std::uint32_t>> reads_of(const Step& step, const Program& program);

  Plan plan_;
  Rank self_;
  bool in_place_;
  std::map<Place, Symbol> chunks_;
  std::map<Place, Use> uses_;
};

}  // namespace tutti::plan
