// Where a program's chunks lie in MSCCL's arrays, whose chunks are all of one length: *units*, so many to a chunk.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "base/result.hpp"
#include "plan/exchange/msccl.hpp"
#include "plan/program.hpp"

namespace tutti::plan::msccl {

/// Units that follow each other in an array.
struct Run {
  Array array{};
  std::uint32_t first = 0;
  std::uint32_t count = 0;

  [[nodiscard]] bool continues(const Run& before) const {
    return array == before.array && first == before.first + before.count;
  }
  bool operator==(const Run&) const = default;
};

class Units {
 public:
  /// Of programs that differ in their rank only. Fails with unsupported where they are too many.
  static Result<Units> of(const Program& program);

  /// Where place `number` of a buffer of this program lies. Of slots, `stands_for` says which chunk it holds.
  [[nodiscard]] Run run(const Program& program, Buffer buffer, std::uint32_t number, std::uint32_t stands_for) const;
  /// Units of the three arrays.
  [[nodiscard]] std::array<std::uint32_t, 3> rooms(const Program& program) const;

 private:
  [[nodiscard]] std::uint32_t scratch_before(const Program& program, Buffer buffer) const;

  bool blocks_ = false;
  std::uint32_t chunks_ = 1;             // of a segment
  std::uint32_t segment_ = 1;            // units of a segment: of the vector, or of a block
  std::uint32_t block_ = 1;              // units of a block
  std::uint32_t whole_ = 1;              // of the vector, or of all blocks
  std::uint32_t longest_ = 1;            // of a chunk
  std::uint32_t mirror_ = 1;             // of scratch memory that holds a segment
  std::vector<std::uint32_t> sizes_;     // of each chunk of a segment; 0: it is empty
  std::vector<std::uint32_t> before_;    // in the segment, or in the block's share of it
  std::vector<std::uint32_t> block_of_;  // the block that a chunk is part of
  std::vector<std::uint32_t> in_mirror_;
};

}  // namespace tutti::plan::msccl
