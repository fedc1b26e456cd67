#include "api/checks.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "api/edge.hpp"

namespace tutti::api {
namespace {

Error too_much(const std::string& what) {
  return {Code::invalid_argument, fmt::format("{}: that is more than 2^60 bytes", what)};
}

}  // namespace

Error no_such_type(tuttiDataType_t type) {
  return {Code::invalid_argument, fmt::format("datatype is {}: there is no such type", static_cast<int>(type))};
}

Error no_such_rank(const char* name, int rank, int size) {
  return {Code::invalid_argument, fmt::format("{} is {}: it must be between 0 and {}", name, rank, size - 1)};
}

Error too_many(const char* name, std::size_t count) {
  return too_much(fmt::format("{} is {}", name, count));
}

Error not_aligned(const char* name, DataType type) {
  return {Code::invalid_argument, fmt::format("{} is not aligned to an element of {}", name, to_string(type))};
}

Error overlap_error() {
  return {Code::invalid_argument, "sendbuff and recvbuff overlap, and not as this call's in-place form does"};
}

Status check_blocks(const BlockArguments& blocks, DataType type, bool written, std::vector<Range>& ranges) {
  if (blocks.counts == nullptr) return null_argument(blocks.counts_name);
  const std::uint64_t most = kMostBytes / size_of(type);
  std::uint64_t next = 0;
  bool any = false;
  for (std::size_t rank = 0; rank < blocks.ranks; ++rank) {
    const std::uint64_t count = blocks.counts[rank];
    if (count == 0) continue;
    const std::uint64_t first = blocks.displacements == nullptr ? next : blocks.displacements[rank];
    if (count > most) return too_much(fmt::format("{}[{}] is {}", blocks.counts_name, rank, count));
    if (first > most - count) {
      if (blocks.displacements == nullptr) return too_much(fmt::format("the sum of {}", blocks.counts_name));
      return too_much(fmt::format("{}[{}] is {}", blocks.displacements_name, rank, first));
    }
    const auto begin = reinterpret_cast<std::uintptr_t>(blocks.data) + first * size_of(type);
    ranges.push_back({begin, begin + count * size_of(type), rank, written});
    next += count;
    any = true;
  }
  if (!any) return {};
  if (blocks.data == nullptr) return null_argument(blocks.buffer_name);
  return check_alignment(blocks.buffer_name, blocks.data, type);
}

Status check_apart(std::vector<Range>& ranges) {
  const auto earlier = [](const Range& a, const Range& b) { return a.begin < b.begin; };
  if (!std::is_sorted(ranges.begin(), ranges.end(), earlier)) std::sort(ranges.begin(), ranges.end(), earlier);
  const Range* last_written = nullptr;  // of those so far, the one that ends last
  const Range* last_read = nullptr;
  for (const Range& range : ranges) {
    if (last_written != nullptr && range.begin < last_written->end) {
      if (!range.written) return overlap_error();
      return Error{Code::invalid_argument,
                   fmt::format("the blocks of ranks {} and {} overlap in recvbuff",
                               std::min(range.rank, last_written->rank), std::max(range.rank, last_written->rank))};
    }
    if (range.written && last_read != nullptr && range.begin < last_read->end) return overlap_error();
    const Range*& last = range.written ? last_written : last_read;
    if (last == nullptr || range.end > last->end) last = &range;
  }
  return {};
}

const std::byte* address_of_block(const BlockArguments& blocks, std::size_t rank, DataType type) {
  std::uint64_t first = 0;
  if (blocks.displacements != nullptr) {
    first = blocks.displacements[rank];
  } else {
    for (std::size_t before = 0; before < rank; ++before) first += blocks.counts[before];
  }
  return static_cast<const std::byte*>(blocks.data) + first * size_of(type);
}

}  // namespace tutti::api
