#include "comm/agree.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "bootstrap/node.hpp"
#include "topology/fabric/described.hpp"
#include "topology/fabric/measured.hpp"

namespace tutti::comm {

Result<std::vector<std::byte>> own_word(const Config& config, const NicSurvey& survey, Agreement& agreement) {
  Facts own = own_facts(config);
  agreement.brought = TUTTI_TRY(read_plans(config.plans));
  own.plans = agreement.brought->fingerprint;
  agreement.described = TUTTI_TRY(read_fabric(config.fabric));
  own.fabric = agreement.described.fingerprint;
  if (agreement.described.description && !agreement.described.description->hosts.empty())
    own.host = bootstrap::host_name();
  agreement.measured = TUTTI_TRY(read_measured(config));
  own.tuning = agreement.measured.fingerprint;
  own.cached = agreement.measured.cached;
  own.nics = static_cast<std::uint8_t>(survey.nics.size());
  return encode(own);
}

Status take_in(bootstrap::Contributions said, Agreement& agreement) {
  agreement.facts = TUTTI_TRY(AllFacts::decode(std::move(said)));
  const AllFacts& facts = agreement.facts;
  TUTTI_TRY(check_agreement(facts));
  const std::string& first = facts.of(Rank{0}).cached;
  std::optional<Rank> other;
  for (std::size_t kind = 0; kind < facts.kinds().size(); ++kind) {
    if (facts.kinds()[kind].cached != first) other = std::min(facts.first_of(kind), other.value_or(Rank{INT32_MAX}));
  }
  if (!other) return {};
  agreement.measured.table = {};
  if (agreement.measured.ignored.empty())
    agreement.measured.ignored =
        fmt::format("ranks 0 and {} have different ones: name one in TUTTI_TUNING that all see", index(*other));
  return {};
}

namespace {

// What was measured at this site, for `choosing`, which knows the site and its levels.
Status take_measured(const MeasuredPlans& measured, Choosing& choosing, bool speaks, const Log& log) {
  const auto* const tuned = measured.table.find(choosing.site.fingerprint);
  if (speaks && !measured.ignored.empty())
    log.warn("comm", "what was measured is not used: {}; TUTTI_TUNING=off does without", measured.ignored);
  if (tuned == nullptr) {
    if (speaks && !measured.fingerprint.empty())
      log.warn("comm", "TUTTI_TUNING {} has nothing that was measured here ({}) and is not used: run tutti tune",
               measured.file, choosing.site.describe());
    return {};
  }
  if (tuned->links) {
    auto fabric = topology::with_measured(choosing.fabric, *tuned->links);
    if (!fabric && !measured.fingerprint.empty()) return fabric.error().within("TUTTI_TUNING: " + measured.file);
    if (!fabric) {
      log.warn("comm", "what was measured is not used: {}: {}", measured.file, fabric.error().text);
      return {};
    }
    choosing.fabric = std::move(fabric).value();
  }
  choosing.tuned = *tuned;
  log.info("comm", "tuning {} site {} links {} choices {}", measured.file, choosing.site.fingerprint,
           tuned->links ? "measured" : "as they were", tuned->choices.size());
  return {};
}

}  // namespace

Result<Choosing> choosing_of(const Agreement& agreement, const topology::Layout& layout, const Config& config,
                             Rank rank, const Log& log) {
  const auto& facts = agreement.facts;
  Choosing choosing;
  choosing.layout = layout;
  choosing.forced = TUTTI_TRY(plan::ForcedAlgorithms::parse(config.algorithm));
  choosing.brought = agreement.brought;
  for (const plan::Brought& one : choosing.brought->plans) {
    if (one.ranks != layout.ranks() && rank == Rank{0})
      log.warn("comm", "plan {} is for {} ranks and is not used by these {}: name one for {} in TUTTI_PLAN", one.name,
               one.ranks, layout.ranks(), layout.ranks());
  }
  choosing.deterministic = config.deterministic;
  choosing.staging = config.staging;
  choosing.links.cores = cores_of(facts, layout, fullest_node(layout));
  choosing.links.neighbours = neighbours_of(facts, layout, agreement.machines, fullest_node(layout));
  choosing.fabric = topology::fabric_of(layout, choosing.links);
  if (const auto& description = agreement.described.description) {
    topology::Job job{.layout = &choosing.layout, .nodes = {}, .links = choosing.links};
    job.nodes = TUTTI_TRY(places_of(facts, layout, *description));
    choosing.fabric = TUTTI_TRY(topology::fabric_of(*description, job));
    log.info("comm", "fabric {} levels {} numbers {}", agreement.described.fingerprint,
             choosing.fabric.levels->describe(), to_string(choosing.fabric.provenance));
  }
  choosing.site = plan::Site::of(*choosing.fabric.levels, layout.nodes(), facts.of(Rank{0}).transports, cpus_of(facts),
                                 choosing.links.cores);
  const bool speaks = rank == Rank{0} && layout.ranks() > 1;
  TUTTI_TRY(take_measured(agreement.measured, choosing, speaks, log));
  return choosing;
}

}  // namespace tutti::comm
