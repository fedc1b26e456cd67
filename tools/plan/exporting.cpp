#include "tools/plan/exporting.hpp"

#include <fmt/format.h>

#include "base/text_file.hpp"
#include "plan/exchange/exchange.hpp"
#include "plan/exchange/goal.hpp"
#include "plan/way.hpp"

namespace tutti::explain {
namespace {

Error unsupported(std::string text) {
  return {Code::unsupported, std::move(text)};
}

// Files with the steps of all ranks are for calls that convert nothing: who reads one converts where it must.
Result<plan::ProgramSet> programs_of(const Answer& answer, const Export& wanted) {
  plan::Plan plan = answer.plan();
  plan.widened = false;
  plan.divides = false;
  const plan::ExchangeLimits limits;
  if (static_cast<std::uint32_t>(plan.ranks()) > limits.ranks)
    return unsupported(fmt::format("the steps of {} ranks are too many for such a file: at most {} ranks", plan.ranks(),
                                   limits.ranks));
  plan::ProgramSet set{.name = way_of(plan), .programs = {}};
  std::uint64_t steps = 0;
  for (std::int32_t rank = 0; rank < plan.ranks(); ++rank) {
    set.programs.push_back(lower(plan, Rank{rank}, wanted.in_place));
    steps += set.programs.back().size();
    if (steps > limits.steps || set.programs.back().size() > limits.steps_a_rank)
      return unsupported(
          fmt::format("more than {} steps of a rank, or {} of all, are too many for such a file: take "
                      "fewer segments, as in --algo '{}/1'",
                      limits.steps_a_rank, limits.steps, way_of(plan)));
  }
  return set;
}

Status export_goal(const Answer& answer, const Export& wanted) {
  const plan::GoalCall call{.count = answer.query.count,
                            .type = answer.query.type,
                            .copy_GBps = answer.world.fabric.copy_GBps,
                            .reduce_GBps = answer.world.fabric.reduce_GBps,
                            .most_steps = wanted.most_steps};
  return write_text(wanted.file, [&](const TextSink& sink) { return plan::write_goal(answer.plan(), call, sink); });
}

Result<std::string> text_of(const Answer& answer, const Export& wanted) {
  if (wanted.file.ends_with(".xml")) return plan::write_msccl(TUTTI_TRY(programs_of(answer, wanted)));
  if (!wanted.programs) return plan::write_plan(answer.plan());
  std::string text = plan::write_programs(TUTTI_TRY(programs_of(answer, wanted)));
  if (text.size() > plan::ExchangeLimits{}.bytes)
    return unsupported(fmt::format("{} bytes are too many for such a file", text.size()));
  return text;
}

}  // namespace

Status export_plan(const Answer& answer, const Export& wanted) {
  const bool goal = wanted.file.ends_with(".goal");
  const bool xml = wanted.file.ends_with(".xml");
  const bool json = wanted.file.ends_with(".json");
  if (!goal && !xml && !json)
    return Error{Code::invalid_argument, fmt::format("{} must end in .json, .xml or .goal", wanted.file)};
  if (wanted.programs && !json) return Error{Code::invalid_argument, "--program is for files that end in .json"};
  if (wanted.in_place && !wanted.programs)
    return Error{Code::invalid_argument, "--in-place is for --program: other files serve both kinds of calls"};
  if (goal) return export_goal(answer, wanted);
  return write_text(wanted.file, TUTTI_TRY(text_of(answer, wanted)));
}

}  // namespace tutti::explain
