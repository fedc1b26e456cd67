// Between MSCCL's steps and Tutti's: operations on chunks whose places are known.
#pragma once

#include <cstdint>
#include <vector>

#include "base/result.hpp"
#include "plan/exchange/msccl.hpp"

namespace tutti::plan::msccl {

/// Where a chunk lies, and which chunk of the vector it is as long as.
struct Place {
  Buffer buffer = Buffer::none;
  std::uint32_t index = 0;
  std::uint32_t chunk = 0;  // `index`, unless it is a slot
  bool operator==(const Place&) const = default;
};
using Places = std::vector<Place>;

struct After {
  std::uint32_t op = 0;
  bool when_posted = false;
};

struct Op {
  Verb verb = Verb::wait;
  std::uint8_t flags = 0;
  std::int32_t peer = 0;
  Places src;
  Places dst;
  Places other;             // reduce: the slot that is reduced with src
  bool one_by_one = false;  // its chunks do not follow each other at both ends
  bool ours = false;        // no step of the algorithm: it moves a chunk to where Tutti wants it
  std::vector<After> after;
};

/// What one rank does, in an order in which it can be done.
struct Walk {
  std::vector<Op> ops;
  std::uint32_t slots = 0;
};

/// Does the steps of all ranks on chunks that know where they are.
Result<std::vector<Walk>> walk(const Algo& algo, Form form);

/// How chunks of an algorithm are numbered in Tutti: part j of block r is j * ranks + r.
struct Numbering {
  Numbering(const Algo& algo)  // NOLINT: implicit on purpose
      : blocks(has_blocks(algo.collective)),
        ranks(algo.ranks()),
        chunks(algo.chunks),
        parts(blocks ? chunks / ranks : 1) {}

  /// Of place `at` in an array of all blocks, and in one of the rank's own block.
  [[nodiscard]] std::uint32_t of_all(std::uint32_t at) const { return blocks ? at % parts * ranks + at / parts : at; }
  [[nodiscard]] std::uint32_t of_own(std::uint32_t at, std::uint32_t self) const { return at * ranks + self; }
  /// Whether two chunks have the same length in every call.
  [[nodiscard]] bool alike(std::uint32_t a, std::uint32_t b) const { return blocks ? a / ranks == b / ranks : a == b; }
  [[nodiscard]] bool follows(std::uint32_t a, std::uint32_t b) const {
    return b == a + 1 && (!blocks || a / ranks == b / ranks);
  }

  bool blocks;
  std::uint32_t ranks;
  std::uint32_t chunks;  // in all
  std::uint32_t parts;   // of a block: Tutti's segments
};

}  // namespace tutti::plan::msccl
