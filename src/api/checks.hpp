// What can be said about the arguments of one call without asking other ranks.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/datatype.hpp"
#include "base/result.hpp"
#include "tutti/tutti.h"

namespace tutti::api {

inline constexpr std::uint64_t kMostBytes = std::uint64_t{1} << 60;

// What is wrong, for the checks below, which every call passes.
Error no_such_type(tuttiDataType_t type);
Error no_such_rank(const char* name, int rank, int size);
Error too_many(const char* name, std::size_t count);
Error not_aligned(const char* name, DataType type);
Error overlap_error();

inline Result<DataType> check_type(tuttiDataType_t type) {
  if (static_cast<int>(type) < 0 || type >= tuttiNumTypes) return no_such_type(type);
  return static_cast<DataType>(type);
}

inline Status check_rank(const char* name, int rank, int size) {
  if (rank < 0 || rank >= size) return no_such_rank(name, rank, size);
  return {};
}

/// The bytes of `count` elements, of which there are `blocks` times as many in all.
inline Result<std::uint64_t> check_bytes(const char* name, std::size_t count, DataType type, std::uint64_t blocks) {
  std::uint64_t bytes = 0;
  if (__builtin_mul_overflow(count, size_of(type) * blocks, &bytes) || bytes > kMostBytes) return too_many(name, count);
  return count * size_of(type);
}

inline Status check_alignment(const char* name, const void* buffer, DataType type) {
  if ((reinterpret_cast<std::uintptr_t>(buffer) & (size_of(type) - 1)) != 0) return not_aligned(name, type);
  return {};
}

/// Blocks of one buffer that differ in length, as a caller gave them. Names are those of the arguments.
struct BlockArguments {
  const char* buffer_name = nullptr;
  const char* counts_name = nullptr;
  const char* displacements_name = nullptr;
  const void* data = nullptr;
  const std::size_t* counts = nullptr;
  const std::size_t* displacements = nullptr;  // null: one after the other
  std::size_t ranks = 0;                       // 1 for an own block, without displacements
};

/// Memory that a block takes.
struct Range {
  std::uintptr_t begin = 0;
  std::uintptr_t end = 0;
  std::size_t rank = 0;
  bool written = false;
};

/// Checks pointers, alignment and overflow, and appends the blocks that have elements to `ranges`.
Status check_blocks(const BlockArguments& blocks, DataType type, bool written, std::vector<Range>& ranges);

/// Nothing that is written may overlap anything else. Sorts `ranges`.
Status check_apart(std::vector<Range>& ranges);

/// Where the block of `rank` begins.
const std::byte* address_of_block(const BlockArguments& blocks, std::size_t rank, DataType type);

}  // namespace tutti::api
