// MSCCL's XML: <algo><gpu><tb><step>. A *threadblock* (tb) does its steps one after the other, sends to one peer and
// receives from one, on a channel; a step may wait for a step of another threadblock.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "plan/program.hpp"

namespace tutti::plan::msccl {

enum class Type : std::uint8_t {
  send,
  recv,
  recv_copy_send,
  recv_reduce_send,
  recv_reduce_copy,
  recv_reduce_copy_send,
  copy,
  reduce,
  nop
};

enum class Array : std::uint8_t { input, output, scratch };

struct Slice {
  Array array{};
  std::uint32_t first = 0;
};

struct XmlStep {
  Type type{};
  Slice src;
  Slice dst;
  std::uint32_t count = 1;
  std::int32_t needs_block = -1;  // the step of another threadblock that it waits for
  std::int32_t needs_step = -1;
};

struct Block {
  std::int32_t send = -1;  // peer
  std::int32_t recv = -1;
  std::int32_t channel = 0;
  std::vector<XmlStep> steps;
};

struct Gpu {
  std::array<std::uint32_t, 3> chunks{};  // of each array
  std::vector<Block> blocks;
};

struct Algo {
  std::string name;
  Collective collective{};
  bool in_place = false;          // written for calls whose input and output are the same memory
  std::uint64_t least_bytes = 0;  // of calls that it is meant for
  std::uint64_t most_bytes = 0;   // 0: any
  std::uint32_t chunks = 1;       // of the vector, or of all blocks together
  std::vector<Gpu> gpus;

  [[nodiscard]] std::uint32_t ranks() const { return static_cast<std::uint32_t>(gpus.size()); }
};

/// Fails with invalid_argument and says where: "line 12: gpu 3 tb 1 step 4: ...".
Result<Algo> parse(std::string_view text);

/// How the programs use memory.
enum class Form : std::uint8_t {
  direct,    // input and output are different memory
  in_place,  // they are the same
  staged,    // partial results lie in scratch memory: for types and operators that convert them on the way in and out
};

/// The programs of all ranks. They do what the steps say, in any correct order that their dependencies allow; whether
/// that is what the collective promises is for `verify`. Fails with invalid_argument where the steps wait for each
/// other or use what is not there, and with unsupported where Tutti has no word for them.
Result<std::vector<Program>> lower(const Algo& algo, Form form);

}  // namespace tutti::plan::msccl
