// Plans as text: what people bring, and what other tools read. docs/exchange.md describes the formats.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "plan/plan.hpp"
#include "plan/program.hpp"
#include "plan/select/tuning.hpp"

namespace tutti::plan {

/// What a text may ask for, so that no input costs unbounded memory or time.
struct ExchangeLimits {
  std::size_t bytes = std::size_t{32} << 20;  // of the text
  int depth = 16;                             // of nested values
  std::uint32_t ranks = 1024;                 // of explicit programs
  std::uint32_t chunks = 1U << 16;            // of a buffer
  std::uint32_t steps_a_rank = 1U << 14;      // that are run or verified
  std::uint32_t steps = 1U << 20;             // of all ranks
};

/// The programs of all ranks, in order of ranks. A value.
struct ProgramSet {
  std::string name;
  std::vector<Program> programs;
  bool operator==(const ProgramSet&) const = default;
};

/// The `plan` member of a tutti.plan/1 document: collective, way, levels, root, segments, stripes.
nlohmann::ordered_json plan_member(const Plan& plan);
/// A tutti.plan/1 document with nothing but the plan.
std::string write_plan(const Plan& plan);
/// Reads the plan of a tutti.plan/1 document. Fails with invalid_argument and names the place: "/plan/way: ...".
Result<Plan> read_plan(std::string_view text);

/// A tutti.program/1 document. `read_programs` gives the same programs again. What it accepts has every field in its
/// range, but need not make sense together: that is for `verify`.
std::string write_programs(const ProgramSet& set);
Result<ProgramSet> read_programs(std::string_view text);

/// Programs for calls that are not in place as MSCCL's XML, proven again as `read_brought` does. Fails with unsupported
/// where MSCCL has no words for them: rooted collectives but broadcasts from rank 0, barriers, widened programs, too
/// many chunks.
Result<std::string> write_msccl(const ProgramSet& set);

/// A tutti.tuning/1 document. `read_tuning` fails with invalid_argument and names the place: "/sites/0/choices/3/best".
std::string write_tuning(const TuningTable& table);
Result<TuningTable> read_tuning(std::string_view text);

}  // namespace tutti::plan
