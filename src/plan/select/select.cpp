#include "plan/select/select.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace tutti::plan {
namespace {

constexpr std::uint32_t kMostSegments = 64;
constexpr double kLeastSegmentBytes = 64 * 1024;  // of one rank's part: below it, overheads eat what overlap gains

// Empty, or why `algorithm` may not be used for this call.
std::string refusal(const Algorithm& algorithm, const Query& query, std::int32_t ranks) {
  if (algorithm.power_of_two && !is_power_of_two(ranks)) return "needs a power of two of ranks";
  if (algorithm.commutative && !query.commutative) return "needs a commutative operator";
  if (query.own_lengths_only && !algorithm.single_hop) return "needs every rank's counts";
  if (query.deterministic && is_reduction(query.collective) && !algorithm.rank_order)
    return "reduces in an order of its own";
  return {};
}

// `bytes` is what is handled at a time: the vector, or a tile of it.
std::uint32_t most_segments(const Algorithm& algorithm, double bytes, std::int32_t ranks) {
  if (!algorithm.segmented) return 1;
  const double part = algorithm.cut_by_rank ? bytes / ranks : bytes;
  std::uint32_t segments = 1;
  while (segments < kMostSegments && part / (2.0 * segments) >= kLeastSegmentBytes) segments *= 2;
  return segments;
}

Candidate cheapest_segments(Plan plan, std::uint32_t forced_segments, const Query& query,
                            const topology::Layout& layout, const topology::Links& links) {
  const double bytes = total_bytes(query, plan.ranks);
  const auto priced = [&](std::uint32_t segments) {
    Plan cut = plan;
    cut.segments = segments;
    return Candidate{cut, predict(cut, bytes, query.type, layout, links), {}};
  };
  if (forced_segments != 0) return priced(plan.algorithm->segmented ? forced_segments : 1);
  Candidate best = priced(1);
  const std::uint32_t scratch = scratch_per_element(plan);
  const double tile = scratch == 0 ? bytes : std::min(bytes, static_cast<double>(query.staging.value) / scratch);
  for (std::uint32_t segments = 2; segments <= most_segments(*plan.algorithm, tile, plan.ranks); segments *= 2) {
    Candidate other = priced(segments);
    if (other.cost.total_us < best.cost.total_us) best = std::move(other);
  }
  return best;
}

}  // namespace

double total_bytes(const Query& query, std::int32_t ranks) {
  const double bytes = static_cast<double>(query.count) * static_cast<double>(size_of(query.type));
  return has_blocks(query.collective) ? bytes * ranks : bytes;
}

Result<Selection> select(const Query& query, const topology::Layout& layout, const topology::Links& links,
                         const ForcedAlgorithms& forced) {
  const auto* const wanted = forced.of(query.collective);
  Selection selection;
  for (const Algorithm& algorithm : algorithms()) {
    if (algorithm.collective != query.collective) continue;
    const Plan plan{.algorithm = &algorithm,
                    .ranks = layout.ranks(),
                    .root = query.root,
                    .widened = needs_widening(algorithm, query.type, query.op),
                    .divides = query.op == ReduceOp::avg && is_reduction(query.collective)};
    const bool is_wanted = wanted != nullptr && algorithm.name == wanted->name;
    Candidate candidate = cheapest_segments(plan, is_wanted ? wanted->segments : 0, query, layout, links);
    candidate.refused = refusal(algorithm, query, layout.ranks());
    if (is_wanted && !candidate.refused.empty()) {
      return Error{Code::unsupported, fmt::format("TUTTI_ALGO forces {} for {} on {} ranks, but it {}", algorithm.name,
                                                  to_string(query.collective), layout.ranks(), candidate.refused)};
    }
    if (wanted != nullptr && !is_wanted && candidate.refused.empty()) candidate.refused = "another one is forced";
    selection.candidates.push_back(std::move(candidate));
  }
  std::stable_sort(
      selection.candidates.begin(), selection.candidates.end(), [](const Candidate& a, const Candidate& b) {
        return std::pair(!a.refused.empty(), a.cost.total_us) < std::pair(!b.refused.empty(), b.cost.total_us);
      });
  const Candidate& best = selection.candidates.front();
  selection.plan = best.plan;
  selection.cost = best.cost;
  selection.reason = fmt::format("{}: predicted {:.1f} us, mostly {}{}", best.plan.algorithm->name, best.cost.total_us,
                                 best.cost.dominant(), wanted != nullptr ? " (forced)" : "");
  return selection;
}

}  // namespace tutti::plan
