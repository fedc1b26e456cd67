// Which plan a call gets: the cheapest candidate whose restrictions hold, unless one is forced.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "base/datatype.hpp"
#include "base/result.hpp"
#include "plan/cost/cost.hpp"
#include "plan/plan.hpp"
#include "plan/select/tuning.hpp"
#include "topology/fabric/fabric.hpp"

namespace tutti::plan {

/// TUTTI_ALGO: "all_reduce:ring;all_gather:circulant>ring", or "ring" for every collective that has a way of that text.
/// What follows a collective is a way: see parse_way. A trailing "/8" forces the number of segments:
/// "all_reduce:ring/8".
class ForcedAlgorithms {
 public:
  struct Choice {
    std::string way;
    std::uint32_t segments = 0;  // 0: as the cost says
  };

  /// Fails with invalid_argument on an unknown collective or algorithm, and names those that exist.
  static Result<ForcedAlgorithms> parse(std::string_view text);
  [[nodiscard]] const Choice* of(Collective collective) const;

 private:
  std::map<Collective, Choice> choices_;
};

/// A call, as far as the choice depends on it. Equal on all ranks.
struct Query {
  Collective collective{};
  std::uint64_t count = 0;  // elements: of the vector, or of one block
  DataType type = DataType::f32;
  ReduceOp op = ReduceOp::sum;
  bool commutative = true;
  bool deterministic = false;
  Rank root{};
  bool own_lengths_only = false;          // blocks differ in length, and a rank knows those that it sends and gets only
  Bytes staging{std::uint64_t{4} << 20};  // that a call may use beside the user's buffers: it bounds the tile
};

struct Candidate {
  Plan plan;
  Cost cost;
  double rank_us = 0;   // what plans are ranked by: see Selection
  std::string refused;  // why it may not be used; empty if it may
};

/// Plans are ranked by their price; where processors move the bytes, by the geometric mean of the prices in place and
/// not, in windows and not: ranks need not agree about these, and shall get one plan that is good in all of them.
struct Selection {
  Plan plan;
  Cost cost;
  Bound bound;
  std::string reason;                 // one line for people
  bool forced = false;                // TUTTI_ALGO names it
  bool tuned = false;                 // what was measured went before the model
  std::string brought;                // the name of a user's own plan that goes before this one; empty: there is none
  std::vector<Candidate> candidates;  // of each way its best number of segments; best first, the refused ones last
  std::uint64_t priced = 0;           // plans that were looked at
};

/// Candidates are algorithms on every level x orders of levels x levels taken together x stripes x segments.
/// What was measured here goes before the model where it may be used, and both behind what is forced; null: nothing
/// was. Pure: the same on every rank. Fails with unsupported when a forced algorithm may not be used here, and says
/// why.
Result<Selection> select(const Query& query, const topology::Fabric& fabric, const ForcedAlgorithms& forced,
                         const TunedSite* tuned = nullptr);

/// Bytes of the whole vector: what `predict` takes.
double total_bytes(const Query& query, std::int32_t ranks);

}  // namespace tutti::plan
