// A plan: what a collective does, for any number of ranks, as a template that all ranks share. `lower` turns it into
// one rank's program.
//
// Words: a plan cuts the vector into *stripes* that move at the same time. A stripe goes *down* through *tiers*, each
// of which handles one level of the fabric with one method, and *up* again in the opposite order.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "base/datatype.hpp"
#include "base/result.hpp"
#include "plan/algorithms/catalogue.hpp"
#include "plan/cut.hpp"
#include "plan/program.hpp"
#include "topology/fabric/levels.hpp"

namespace tutti::plan {

/// One level of a stripe.
struct Tier {
  const Method* method = nullptr;
  std::uint8_t level = 0;
  std::uint8_t radix = 2;  // of methods that have one
  bool operator==(const Tier&) const = default;
};

/// A share of the vector and its way. After a tier that splits, what follows handles the rank's own part only; after
/// one that leads, one rank of each group goes on alone.
struct Stripe {
  std::uint32_t weight = 1;  // shares are weights over the sum of weights
  std::uint8_t depth = 0;
  std::array<Tier, topology::Levels::kMost> list{};

  [[nodiscard]] std::span<const Tier> tiers() const { return std::span(list).first(depth); }
  void push(Tier tier) { list.at(depth++) = tier; }
  bool operator==(const Stripe&) const = default;
};

/// A value. Every rank of a communicator holds the same.
struct Plan {
  static constexpr int kMostStripes = Cut::kMostParts;

  Collective collective{};
  std::shared_ptr<const topology::Levels> levels;
  Rank root{};
  std::uint32_t segments = 1;
  std::uint8_t ways = 0;  // stripes
  std::array<Stripe, kMostStripes> list{};
  bool widened = false;  // partial results in the accumulator's type
  bool divides = false;  // an average

  [[nodiscard]] std::int32_t ranks() const { return levels->ranks(); }
  [[nodiscard]] std::span<const Stripe> stripes() const { return std::span(list).first(ways); }
  void push(const Stripe& stripe) { list.at(ways++) = stripe; }
  bool operator==(const Plan& other) const;
};
static_assert(sizeof(Plan) <= 4096, "a template is at most 4 KiB at any world size");

/// A plan of one stripe with one tier over all ranks at once, to be named as in TUTTI_ALGO; null levels: `ranks` ranks.
Plan flat_plan(const Method& method, std::int32_t ranks);

/// Bytes of the template with the description of its levels.
std::size_t template_bytes(const Plan& plan);

/// How the plan cuts the vector.
Cut cut_of(const Plan& plan);

/// Whether blocks are gathered in scratch memory, where those that travel together lie together: their order by levels
/// is not the order of ranks.
bool is_packed(const Plan& plan, const Cut& cut);

/// Rounds from the first message of a segment to its last.
std::uint32_t rounds_of(const Plan& plan);

/// Elements of scratch memory that the fullest rank needs for each element of the vector. A call whose scratch would
/// not fit is run in tiles, and all ranks must cut the same tiles.
std::uint32_t scratch_per_element(const Plan& plan);

/// Empty, or why the plan makes no sense: a method that needs a power of two, levels that are ragged.
/// `of_any_length`: methods whose programs are far too long for so many ranks make sense, too: to see how long they
/// take.
std::string refusal(const Plan& plan, bool of_any_length = false);

/// The program of one rank. In time and memory proportional to its steps (and to log of them). The plan must not be
/// refused.
Program lower(const Plan& plan, Rank self, bool in_place);

/// "circulant", "direct@0>ring@1", "3*ring@0>ring@1|ring@1>ring@0": what `parse_way` reads.
std::string way_of(const Plan& plan);

/// "all_reduce circulant: 8 ranks, 4 segments, f32 partial results".
std::string describe(const Plan& plan);

/// Whether partial results of this call must travel widened under this plan: low precision that is not reduced at
/// once, and pre-multiplied sums.
bool needs_widening(const Plan& plan, DataType type, ReduceOp op);

}  // namespace tutti::plan
