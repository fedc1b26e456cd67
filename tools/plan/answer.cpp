#include "tools/plan/answer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

namespace tutti::explain {
namespace {

// The library names the variable that forces a way; here it was an option.
Error of_option(Error error) {
  constexpr std::string_view kVariable = "TUTTI_ALGO";
  if (const auto at = error.text.find(kVariable); at != std::string::npos)
    error.text.replace(at, kVariable.size(), "--algo");
  return error;
}

}  // namespace

double Answer::fraction_of(const plan::Cost& cost) const {
  return cost.total_us > 0 ? std::min(1.0, selection.bound.total_us() / cost.total_us) : 1;
}

Result<Answer> find_answer(const Question& question) {
  Answer answer;
  world::ClusterWords cluster = question.cluster;
  cluster.tuning = question.tuning;
  answer.world = TUTTI_TRY(world::make_world(cluster));
  answer.query = TUTTI_TRY(world::make_query(question.call, answer.world.fabric.ranks()));
  const auto forced = TUTTI_TRY(world::parse_forced(question.algo, answer.query.collective));
  answer.bytes = plan::total_bytes(answer.query, answer.world.fabric.ranks());
  const plan::TunedSite* const tuned = answer.world.tuned ? &*answer.world.tuned : nullptr;
  if (tuned != nullptr) answer.measured_at = tuned->site.describe();
  const auto begin = std::chrono::steady_clock::now();
  auto selection = plan::select(answer.query, answer.world.fabric, forced, tuned);
  answer.planning_ms = std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin).count();
  if (!selection) return of_option(std::move(selection).error());
  answer.selection = std::move(*selection);
  if (!answer.query.deterministic) return answer;
  plan::Query query = answer.query;
  query.deterministic = false;
  const auto others = TUTTI_TRY(plan::select(query, answer.world.fabric, {}));
  answer.free = others.candidates.front();
  return answer;
}

}  // namespace tutti::explain
