// One call on a communicator, as a value.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "base/clock.hpp"
#include "base/datatype.hpp"
#include "engine/activity.hpp"
#include "engine/engine.hpp"
#include "plan/collective.hpp"

namespace tutti::comm {

/// A reduction operator: built in, or made by a user.
struct Operator {
  ReduceOp op = ReduceOp::sum;
  double scalar = 1;  // premul_sum
  engine::UserFunction user;
  bool commutative = true;
};

/// What makes a call a V-variant: its blocks differ in length.
struct UnevenBlocks {
  engine::Blocks in;
  engine::Blocks out;
  std::shared_ptr<const std::vector<std::size_t>> kept =
      nullptr;  // holds what the spans show, if they are not the caller's
};

/// `count` is that of the vector, or of one block for collectives of blocks; of a V-variant, of the longest block that
/// this rank knows.
struct CollectiveCall {
  plan::Collective collective{};
  const std::byte* in = nullptr;
  std::byte* out = nullptr;
  std::uint64_t count = 0;
  DataType type = DataType::f32;
  Operator op;
  Rank root{};
  std::optional<Duration> patience = std::nullopt;  // instead of the communicator's timeout
  std::optional<UnevenBlocks> uneven = std::nullopt;

  /// Whether every rank knows the lengths of all blocks; else only those that it sends and gets.
  [[nodiscard]] bool shares_lengths() const {
    return !uneven || collective == plan::Collective::reduce_scatter || collective == plan::Collective::all_gather;
  }
};

/// Sends and receives that progress together.
struct MessageCall {
  std::vector<engine::Message> messages;
};

/// Something that posts to the paths itself. A communicator whose calls are activities makes no others.
struct ActivityCall {
  std::shared_ptr<engine::Activity> activity;
};

using Call = std::variant<CollectiveCall, MessageCall, ActivityCall>;

/// Copies the counts and displacements of a V-variant, so that the call outlives its caller's arrays.
void keep_arrays(CollectiveCall& call);

/// Whether the buffers are the same memory, in the way in which this collective allows it.
bool is_in_place(const CollectiveCall& call, Rank self);

/// The lengths of all blocks, where every rank knows them.
std::span<const std::size_t> shared_lengths(const CollectiveCall& call);

/// "all_reduce of 1024 float, sum".
std::string describe(const Call& call);

/// The same at all ranks that call the same collective with the same plan, and at no others.
std::uint64_t signature(const CollectiveCall& call, std::string_view plan, Rank self);

/// The fingerprint of such a call as the `sequence`-th of a rank.
constexpr std::uint32_t in_sequence(std::uint64_t signature, std::uint64_t sequence) {
  std::uint64_t mixed = signature ^ sequence * 0x9e3779b97f4a7c15;
  mixed = (mixed ^ mixed >> 32) * 0xd6e8feb86659fd93;  // a change of any bit reaches all of the upper half
  return static_cast<std::uint32_t>(mixed >> 32);
}

}  // namespace tutti::comm
