// One call on a communicator, as a value.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/clock.hpp"
#include "base/datatype.hpp"
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

/// `count` is that of the vector, or of one block for reduce-scatter and all-gather.
struct CollectiveCall {
  plan::Collective collective{};
  const std::byte* in = nullptr;
  std::byte* out = nullptr;
  std::uint64_t count = 0;
  DataType type = DataType::f32;
  Operator op;
  Rank root{};
  std::optional<Duration> patience = std::nullopt;  // instead of the communicator's timeout
};

/// Sends and receives that progress together.
struct MessageCall {
  std::vector<engine::Message> messages;
};

using Call = std::variant<CollectiveCall, MessageCall>;

/// "all_reduce of 1024 float, sum".
std::string describe(const Call& call);

/// The same at all ranks that call the same collective with the same plan as their `sequence`-th, and at no others.
std::uint32_t fingerprint(const CollectiveCall& call, std::uint64_t sequence, std::string_view plan);

}  // namespace tutti::comm
