// A plan that a user brought, ready to be used for calls: read, and proven for every form in which it is used.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "plan/plan.hpp"
#include "plan/program.hpp"
#include "plan/select/select.hpp"

namespace tutti::plan {

/// A value. Either a template, or programs for one number of ranks.
struct Brought {
  std::string name;
  Collective collective{};
  std::int32_t ranks = 1;
  Rank root{};
  std::uint64_t least_bytes = 0;  // of calls that it is for, as nccl-tests counts them
  std::uint64_t most_bytes = 0;   // 0: any
  std::optional<Plan> plan;
  /// Programs that were proven for one kind of call; or none, and why.
  struct Form {
    std::vector<Program> programs;
    std::string why_not;
  };
  Form separate;                  // input and output are different memory
  Form in_place;                  // they are the same memory
  Form staged;                    // for types and operators that are converted on the way in and out
  bool keeps_rank_order = false;  // for operators that do not commute
};

/// tutti.plan/1, tutti.program/1 or MSCCL's XML. Fails with invalid_argument when it is none of them, or does not do
/// what its collective promises: deadlocks, races and wrong results are named with rank, step and slice.
Result<Brought> read_brought(std::string_view text);

struct BroughtUse {
  const std::vector<Program>* programs = nullptr;  // null: not for this call
  bool widened = false;                            // the programs are to be run widened
  std::string why_not;
};

/// The programs for a call, or why there are none. Of templates see `refusal`.
BroughtUse use_for(const Brought& brought, const Query& query, bool in_place);

/// A hash of the text that all ranks must share.
std::uint64_t hash_of(std::string_view text);

}  // namespace tutti::plan
