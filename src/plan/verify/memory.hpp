// A rank's buffers in which every chunk holds what it would be: which chunk of the vector, and whose contributions.
// Chunks next to each other that hold alike are one run, so that time and memory do not go with their number.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "plan/program.hpp"
#include "plan/range_map.hpp"
#include "plan/verify/races.hpp"

namespace tutti::plan {

/// What a run of chunks holds. In collectives that only move data the chunk's identity says it all.
template <typename Contributions>
struct Value {
  bool written = false;
  std::int64_t shift = 0;  // the chunk's identity less its place
  Contributions contributions{};
  bool operator==(const Value&) const = default;
};

template <typename Contributions>
struct Piece {
  std::uint32_t count = 0;
  std::int64_t identity = 0;  // of its first chunk
  Contributions contributions{};
};

template <typename Contributions>
class Memory {
 public:
  using Message = std::vector<Piece<Contributions>>;

  explicit Memory(const Program& program, bool in_place) : in_place_(in_place) { fill(program); }

  /// Replaces `message`, whose memory is used again.
  Status read(Message& message, Buffer buffer, std::uint32_t first, std::uint32_t chunks, std::uint32_t stride = 1) {
    message.clear();
    for (std::uint32_t i = 0; i < (stride == 1 ? 1 : chunks); ++i)
      TUTTI_TRY(append(buffer, first + i * stride, stride == 1 ? chunks : 1, message));
    return {};
  }

  void write(Buffer buffer, std::uint32_t first, const Message& message, std::uint32_t stride = 1) {
    std::uint32_t at = first;
    for (const auto& piece : message) {
      for (std::uint32_t done = 0; done < piece.count;) {
        const std::uint32_t count = stride == 1 ? piece.count : 1;
        assign(buffer, at, count, piece.identity + done, piece.contributions);
        at += stride == 1 ? count : stride;
        done += count;
      }
    }
  }

  /// Piece by piece left op right, into a message that is neither.
  static Status combine(Message& result, const Message& left, const Message& right) {
    result.clear();
    std::size_t i = 0;
    std::size_t j = 0;
    std::uint32_t used_left = 0;
    std::uint32_t used_right = 0;
    while (i < left.size() && j < right.size()) {
      const std::int64_t identity = left[i].identity + used_left;
      if (identity != right[j].identity + used_right)
        return wrong(fmt::format("chunk {} is reduced with chunk {}", identity, right[j].identity + used_right));
      const std::uint32_t count = std::min(left[i].count - used_left, right[j].count - used_right);
      result.push_back(
          {count, identity, TUTTI_TRY(Contributions::combine(left[i].contributions, right[j].contributions))});
      used_left += count;
      used_right += count;
      if (used_left == left[i].count) ++i, used_left = 0;
      if (used_right == right[j].count) ++j, used_right = 0;
    }
    return {};
  }

  /// Whether the output is what the collective promises to this rank. `in_order`: contributions keep the order of
  /// ranks.
  Status check_result(const Program& program, const Contributions& all, bool in_order) {
    for (const auto& [first, count] : promised(program)) {
      Status status;
      memory(Buffer::out).look(first, first + count, [&](std::uint32_t begin, std::uint32_t end, const auto& value) {
        if (!status) return;
        for (std::uint32_t chunk = begin; chunk < end; ++chunk) {
          status = check_chunk(program, chunk, value, all, in_order);
          if (!status || !differs_by_chunk(program)) return;
        }
      });
      TUTTI_TRY(std::move(status));
    }
    return {};
  }

 private:
  static Error wrong(std::string text) { return {Code::invalid_argument, std::move(text)}; }
  // Whether what is expected of a chunk goes with its number beyond its identity.
  static bool differs_by_chunk(const Program& program) { return program.collective == Collective::all_to_all; }

  RangeMap<Value<Contributions>>& memory(Buffer buffer) {
    return memories_[static_cast<std::size_t>(in_place_ && buffer == Buffer::in ? Buffer::out : buffer)];
  }

  void assign(Buffer buffer, std::uint32_t first, std::uint32_t count, std::int64_t identity,
              const Contributions& contributions) {
    memory(buffer).assign(first, first + count, {true, identity - first, contributions});
  }

  Status append(Buffer buffer, std::uint32_t first, std::uint32_t chunks, Message& message) {
    bool unwritten = false;
    std::uint32_t where = first;
    memory(buffer).look(first, first + chunks, [&](std::uint32_t begin, std::uint32_t end, const auto& value) {
      if (!value.written && !unwritten) where = begin;
      unwritten = unwritten || !value.written;
      message.push_back({end - begin, value.shift + begin, value.contributions});
    });
    if (unwritten) return wrong(fmt::format("reads {}[{}], which nobody has written", to_string(buffer), where));
    return {};
  }

  // Runs of `out` in which this rank is promised something.
  static std::vector<std::pair<std::uint32_t, std::uint32_t>> promised(const Program& program) {
    const bool rooted = program.collective == Collective::reduce || program.collective == Collective::gather;
    if (program.collective == Collective::barrier || (rooted && program.self != program.root)) return {};
    if (!out_is_own_block(program.collective)) return {{0, program.chunks * program.segments}};
    std::vector<std::pair<std::uint32_t, std::uint32_t>> own;
    for (const std::uint32_t chunk : own_chunks(program)) {
      for (std::uint32_t segment = 0; segment < program.segments; ++segment)
        own.emplace_back(segment * program.chunks + chunk, 1);
    }
    return own;
  }

  static Status check_chunk(const Program& program, std::uint32_t chunk, const Value<Contributions>& value,
                            const Contributions& all, bool in_order) {
    const auto self = static_cast<std::int64_t>(index(program.self));
    const std::int64_t p = program.ranks;
    const std::int64_t identity =
        program.collective == Collective::all_to_all ? chunk / p * p * p + chunk % p * p + self : std::int64_t{chunk};
    const auto ends_with = [&](std::string_view what) {
      return wrong(fmt::format("rank {} ends with {} in out[{}]", self, what, chunk));
    };
    if (!value.written) return ends_with("nothing");
    if (value.shift + chunk != identity) return ends_with(fmt::format("chunk {}", value.shift + chunk));
    if (is_reduction(program.collective) && !value.contributions.is_complete(all, in_order))
      return ends_with(fmt::format("the contributions of {}", value.contributions.describe()));
    return {};
  }

  void fill(const Program& program) {
    const std::uint32_t everything = program.chunks * program.segments;
    const Contributions own = Contributions::of(is_reduction(program.collective) ? index(program.self) : 0);
    switch (program.collective) {
      case Collective::all_reduce:
      case Collective::reduce:
      case Collective::reduce_scatter:
        assign(Buffer::in, 0, everything, 0, own);
        break;
      case Collective::broadcast:
      case Collective::scatter:
        if (program.self == program.root) assign(Buffer::in, 0, everything, 0, own);
        break;
      case Collective::all_to_all:  // a chunk's identity tells where it comes from, too
        for (std::uint32_t first = 0; first < everything; first += program.ranks)
          assign(Buffer::in, first, program.ranks, (std::int64_t{first} + index(program.self)) * program.ranks, own);
        break;
      case Collective::all_gather:
      case Collective::gather:
        for (const std::uint32_t chunk : own_chunks(program)) {
          for (std::uint32_t segment = 0; segment < program.segments; ++segment)
            assign(Buffer::in, segment * program.chunks + chunk, 1, segment * program.chunks + chunk, own);
        }
        break;
      case Collective::barrier:
        break;
    }
  }

  bool in_place_;
  std::array<RangeMap<Value<Contributions>>, 7> memories_{
      RangeMap<Value<Contributions>>({}), RangeMap<Value<Contributions>>({}), RangeMap<Value<Contributions>>({}),
      RangeMap<Value<Contributions>>({}), RangeMap<Value<Contributions>>({}), RangeMap<Value<Contributions>>({}),
      RangeMap<Value<Contributions>>({})};
};

}  // namespace tutti::plan
