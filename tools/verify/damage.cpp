#include "tools/verify/damage.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <mutex>
#include <numeric>

#include "plan/verify/verify.hpp"
#include "plan/way.hpp"
#include "tools/text/figures.hpp"
#include "tools/text/table.hpp"
#include "tools/verify/proof.hpp"
#include "tools/verify/team.hpp"

namespace tutti::prove {
namespace {

using plan::Collective;

struct Victim {
  Collective collective;
  const char* way;
  const char* levels;
};
constexpr Victim kVictims[] = {{Collective::all_reduce, "ring", "5"},
                               {Collective::all_reduce, "circulant", "7"},
                               {Collective::all_reduce, "one_shot", "5"},
                               {Collective::all_reduce, "two_shot", "4"},
                               {Collective::all_reduce, "recursive_doubling", "6"},
                               {Collective::all_reduce, "rabenseifner", "8"},
                               {Collective::all_reduce, "swing", "8"},
                               {Collective::all_reduce, "double_tree", "9"},
                               {Collective::all_reduce, "circulant>ring", "3+5"},
                               {Collective::all_reduce, "binomial>circulant", "1+2+3+4"},
                               {Collective::all_reduce, "2*ring>ring|ring@1>ring@0", "4x3"},
                               {Collective::all_reduce, "circulant>ring>recursive_doubling", "2x3x2"},
                               {Collective::reduce_scatter, "pat", "6"},
                               {Collective::reduce_scatter, "direct>circulant", "3x2"},
                               {Collective::all_gather, "bruck(3)", "10"},
                               {Collective::all_gather, "circulant>ring", "3+5"},
                               {Collective::broadcast, "scatter_circulant", "6"},
                               {Collective::broadcast, "binomial>chain", "3+1+2"},
                               {Collective::reduce, "binomial", "7"},
                               {Collective::reduce, "circulant_gather", "6"},
                               {Collective::gather, "binomial", "6"},
                               {Collective::scatter, "binomial", "6"},
                               {Collective::all_to_all, "bruck", "5"},
                               {Collective::all_to_all, "rail", "3x2"},
                               {Collective::barrier, "dissemination", "6"}};

void damage_plan(const Victim& victim, int times, std::mt19937_64 random, DamageReport& report, std::mutex& lock) {
  auto plan = plan::parse_way(victim.way, victim.collective, make_shape(victim.levels).levels).value();
  if (victim.collective == Collective::all_reduce) plan.segments = 2;
  std::vector<plan::Program> right;
  for (std::int32_t rank = 0; rank < plan.ranks(); ++rank) right.push_back(lower(plan, Rank{rank}, false));
  for (std::size_t kind = 0; kind < plan::kMutations; ++kind) {
    for (int i = 0; i < times; ++i) {
      auto programs = right;
      const auto what = plan::mutate(static_cast<plan::Mutation>(kind), programs, random);
      if (what.empty()) continue;
      const auto status = plan::verify(programs, {.in_rank_order = keeps_rank_order(plan)});
      const std::lock_guard guard(lock);
      ++report.kinds.at(kind).done;
      if (!status) ++report.kinds.at(kind).caught;
      if (status) report.uncaught.push_back(fmt::format("{}: {}", describe(plan), what));
    }
  }
}

}  // namespace

int DamageReport::done() const {
  return std::accumulate(kinds.begin(), kinds.end(), 0, [](int sum, const Kind& kind) { return sum + kind.done; });
}
int DamageReport::caught() const {
  return std::accumulate(kinds.begin(), kinds.end(), 0, [](int sum, const Kind& kind) { return sum + kind.caught; });
}

DamageReport damage_plans(int times, std::uint64_t seed) {
  DamageReport report;
  report.plans = static_cast<int>(std::size(kVictims));
  std::mutex lock;
  share_out(std::size(kVictims), [&](std::size_t i) {
    damage_plan(kVictims[i], times, std::mt19937_64(seed + i), report, lock);  // NOLINT: the index is in range
  });
  std::ranges::sort(report.uncaught);
  return report;
}

std::string report(const DamageReport& damage) {
  std::vector<text::Row> rows{{"damage", "done", "caught"}};
  for (std::size_t kind = 0; kind < plan::kMutations; ++kind) {
    rows.push_back({std::string(to_string(static_cast<plan::Mutation>(kind))),
                    std::to_string(damage.kinds.at(kind).done), std::to_string(damage.kinds.at(kind).caught)});
  }
  std::string text = text::table(rows, "lrr");
  for (const std::string& what : damage.uncaught) text += "not caught: " + what + "\n";
  return text +
         fmt::format("{} of {} mutations of {} plans are caught: {}\n", damage.caught(), damage.done(), damage.plans,
                     text::per_cent(damage.done() == 0 ? 1 : static_cast<double>(damage.caught()) / damage.done()));
}

nlohmann::ordered_json document_of(const DamageReport& damage) {
  auto kinds = nlohmann::ordered_json::array();
  for (std::size_t kind = 0; kind < plan::kMutations; ++kind) {
    kinds.push_back({{"kind", to_string(static_cast<plan::Mutation>(kind))},
                     {"done", damage.kinds.at(kind).done},
                     {"caught", damage.kinds.at(kind).caught}});
  }
  return {
      {"done", damage.done()}, {"caught", damage.caught()}, {"kinds", std::move(kinds)}, {"uncaught", damage.uncaught}};
}

}  // namespace tutti::prove
