#include "tools/plan/report.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/bytes.hpp"
#include "plan/way.hpp"
#include "tools/plan/grid.hpp"
#include "tools/text/figures.hpp"
#include "tools/text/table.hpp"

namespace tutti::explain {
namespace {

constexpr std::size_t kMostCandidates = 8;
constexpr std::size_t kMostRefused = 6;
constexpr std::uint32_t kMostRounds = 64;  // that are drawn rank by rank

std::string question(const Answer& answer) {
  const plan::Query& query = answer.query;
  std::string text{to_string(query.collective)};
  if (query.collective == plan::Collective::barrier) return text;
  text += fmt::format(" of {} bytes, {}", to_string(Bytes{static_cast<std::uint64_t>(answer.bytes)}),
                      to_string(query.type));
  if (is_reduction(query.collective)) text += fmt::format(", {}", to_string(query.op));
  if (has_root(query.collective)) text += fmt::format(", root {}", index(query.root));
  if (query.deterministic) text += ", deterministic";
  return text;
}

std::string world_of(const Answer& answer) {
  const topology::Fabric& fabric = answer.world.fabric;
  const std::string of = answer.world.description ? fmt::format(" of {}", answer.world.name) : std::string();
  return fmt::format("{} on {} ranks{}, {}: links {}{}\n{}{}", question(answer), fabric.ranks(), of,
                     fabric.levels->describe(), to_string(fabric.provenance),
                     answer.world.assumption.empty() ? std::string() : "; " + answer.world.assumption,
                     world::describe_links(fabric), world::describe_assumed(answer.world));
}

std::string terms(const plan::Cost& cost) {
  return fmt::format("latency {}, overhead {}, transfer {}, reduce {}", text::time(cost.latency_us),
                     text::time(cost.overhead_us), text::time(cost.transfer_us), text::time(cost.reduce_us));
}

const plan::Candidate* second_of(const plan::Selection& selection) {
  const auto& all = selection.candidates;
  return all.size() > 1 && all[1].refused.empty() ? &all[1] : nullptr;
}

// What it takes elsewhere than in two ordinary buffers.
std::string situations(const Answer& answer) {
  const auto us = [&](plan::Situation situation) {
    return text::time(
        plan::predict(answer.plan(), answer.bytes, answer.query.type, answer.world.fabric, situation).total_us);
  };
  return fmt::format("{} in place, {} in windows, {} in both; ways are ranked by all four", us({.in_place = true}),
                     us({.in_windows = true}), us({.in_place = true, .in_windows = true}));
}

std::string why(const Answer& answer) {
  const plan::Selection& selection = answer.selection;
  std::string text = fmt::format("{} dominates", selection.cost.dominant());
  if (const plan::Candidate* const second = second_of(selection)) {
    const double best_us = selection.candidates.front().rank_us;
    const double more = second->rank_us / best_us - 1;
    text += fmt::format("; the next best, {}, would take {} more ({}), mostly {}", way_of(second->plan),
                        text::time(second->rank_us - best_us), text::per_cent(more), second->cost.dominant());
  } else if (selection.candidates.size() > 1) {
    text += fmt::format("; no other way: {}", selection.candidates[1].refused);
  }
  return text;
}

std::string cut_of(int level) {
  return level == 0 ? "into and out of each rank" : fmt::format("into and out of each group of level {}", level - 1);
}

std::string choice(const Answer& answer) {
  const plan::Selection& selection = answer.selection;
  const plan::Plan& plan = selection.plan;
  std::vector<text::Row> rows{
      {"way", way_of(plan)},
      {"", fmt::format("{} segment{}, {} rounds{}{}", plan.segments, plan.segments == 1 ? "" : "s", rounds_of(plan),
                       plan.levels->depth() > 1 ? fmt::format(", over {}", plan.levels->describe())
                                                : ", over all ranks at once",
                       plan.widened ? ", widened partial results" : "")},
      {"predicted", fmt::format("{}: {}", text::time(selection.cost.total_us), terms(selection.cost))},
      {"bound", fmt::format("{}; {} of it is reached", text::time(selection.bound.total_us()),
                            text::per_cent(answer.fraction()))},
      {"", fmt::format("latency {}; worst cut {}, {}", text::time(selection.bound.latency_us),
                       text::time(selection.bound.bandwidth_us), cut_of(selection.bound.level))},
      {"why", why(answer)}};
  if (answer.world.fabric.moves_by_processors()) rows.insert(rows.begin() + 3, {"", situations(answer)});
  if (!answer.measured_at.empty()) {
    rows.push_back({"measured", selection.tuned ? selection.reason : "nothing for such calls"});
    rows.push_back({"", "at " + answer.measured_at});
  }
  if (answer.free) {
    rows.push_back({"price", fmt::format("deterministic costs {:.2f} times the free choice, {} in {}",
                                         selection.cost.total_us / answer.free->cost.total_us,
                                         way_of(answer.free->plan), text::time(answer.free->cost.total_us))});
  }
  rows.push_back({"planned", fmt::format("in {:.1f} ms, {} plans priced; the template has {} bytes", answer.planning_ms,
                                         selection.priced, template_bytes(plan))});
  return text::table(rows, "ll");
}

std::string candidates(const Answer& answer) {
  std::vector<text::Row> rows{
      {"", "way", "levels", "segments", "rounds", "predicted", "mostly", "of bound", "refused because"}};
  std::size_t shown = 0;
  std::size_t refused = 0;
  std::size_t hidden = 0;
  for (const plan::Candidate& candidate : answer.selection.candidates) {
    std::size_t& count = candidate.refused.empty() ? shown : refused;
    if (count >= (candidate.refused.empty() ? kMostCandidates : kMostRefused)) {
      ++hidden;
      continue;
    }
    ++count;
    rows.push_back({candidate.refused.empty() ? std::to_string(count) : "-", way_of(candidate.plan),
                    candidate.plan.levels->describe(), std::to_string(candidate.plan.segments),
                    std::to_string(rounds_of(candidate.plan)), text::time(candidate.cost.total_us),
                    candidate.cost.dominant(), text::per_cent(answer.fraction_of(candidate.cost)), candidate.refused});
  }
  std::string text = text::table(rows, "rllrrrlrl");
  if (hidden > 0) text += fmt::format("  ... and {} more (--json has them all)\n", hidden);
  return text;
}

std::string drawing(const Answer& answer) {
  const plan::Plan& plan = answer.plan();
  if (plan.ranks() == 1) return {};
  const auto legs = legs_of(plan, answer.bytes, answer.world.fabric);
  std::string text = "\nTiers, as the busiest rank sees them\n" + draw_legs(plan, legs);
  if (plan.ranks() <= kMostColumns && rounds_of(plan) <= kMostRounds)
    text += "\nRounds of one segment: whom each rank sends to\n" + draw_rounds(plan, legs);
  return text;
}

}  // namespace

std::string report(const Answer& answer) {
  return world_of(answer) + "\n" + choice(answer) + "\nCandidates\n" + candidates(answer) + drawing(answer);
}

}  // namespace tutti::explain
