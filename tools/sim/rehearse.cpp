#include "tools/sim/rehearse.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <optional>

#include "base/bytes.hpp"
#include "base/text_file.hpp"
#include "plan/exchange/exchange.hpp"
#include "plan/way.hpp"

namespace tutti::predict {
namespace {

using plan::Collective;

double bus_factor(Collective collective, double ranks) {
  switch (collective) {
    case Collective::all_reduce:
      return 2 * (ranks - 1) / ranks;
    case Collective::reduce:
    case Collective::broadcast:
    case Collective::barrier:
      return 1;
    default:
      return (ranks - 1) / ranks;
  }
}

class Rehearser {
 public:
  Rehearser(const Question& question, Rehearsal& rehearsal, const Report& report)
      : question_(question), setting_(rehearsal.setting), rehearsal_(rehearsal), report_(report) {}

  Status run() {
    TUTTI_TRY(read_plan_file());
    if (setting_.sizes.empty()) return add_row({});
    for (const std::uint64_t size : setting_.sizes) TUTTI_TRY(add_row(std::to_string(size)));
    return {};
  }

 private:
  struct Timed {
    std::vector<double> times_us;  // sorted
    sim::Outcome outcome;
    std::uint32_t segments = 1;

    [[nodiscard]] double quantile(double part) const {
      const double place = std::ceil(part * static_cast<double>(times_us.size())) - 1;
      return times_us[static_cast<std::size_t>(std::max(0.0, place))];
    }
  };

  Status read_plan_file() {
    if (question_.plan_file.empty()) return {};
    if (!question_.algo.empty()) return Error{Code::invalid_argument, "--plan and --algorithm both say what to do"};
    auto read = plan::read_plan(TUTTI_TRY(read_text(question_.plan_file, plan::ExchangeLimits{}.bytes)));
    if (!read) return std::move(read).error().within(question_.plan_file);
    if (read->ranks() != setting_.fabric.ranks())
      return Error{Code::invalid_argument, fmt::format("{} is a plan for {} ranks, but there are {}",
                                                       question_.plan_file, read->ranks(), setting_.fabric.ranks())};
    brought_ = std::move(*read);
    return {};
  }

  Status add_row(const std::string& size) {
    world::CallWords words = question_.call;
    words.bytes = size;
    const plan::Query query = TUTTI_TRY(world::make_query(words, setting_.fabric.ranks()));
    rehearsal_.query = query;
    const double bytes = plan::total_bytes(query, setting_.fabric.ranks());
    doing_ = fmt::format("{} {}", to_string(query.collective), to_string(Bytes{static_cast<std::uint64_t>(bytes)}));
    const bool last = setting_.sizes.empty() || size == std::to_string(setting_.sizes.back());
    const sim::Network network = TUTTI_TRY(network_of(setting_.fabric, setting_.what_if, question_.chance.seed));
    Row row;
    row.bytes = static_cast<std::uint64_t>(bytes);
    const auto begin = std::chrono::steady_clock::now();
    std::vector<plan::Plan> plans = TUTTI_TRY(plans_for(query, network));
    row.planning_ms = std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin).count();
    Timed best = TUTTI_TRY(simulate_all(plans.front(), query, network, last));
    row.plan = plans.front();
    for (std::size_t i = 1; i < plans.size(); ++i) {
      Timed other = TUTTI_TRY(simulate_all(plans[i], query, network, last));
      if (other.quantile(0.5) >= best.quantile(0.5)) continue;
      best = std::move(other);
      row.plan = plans[i];
      row.replanned = true;
    }
    if (best.segments != row.plan.segments) row.wanted_segments = row.plan.segments;
    row.plan.segments = best.segments;
    row.rounds = rounds_of(row.plan);
    row.predicted_us = plan::predict(row.plan, bytes, query.type, setting_.fabric, situation()).total_us;
    row.bound_us = bound_of(query.collective, bytes, setting_.fabric).total_us();
    row.time_us = best.quantile(0.5);
    row.p99_us = best.quantile(0.99);
    row.outcome = std::move(best.outcome);
    row.algbw_GBps = row.time_us > 0 ? bytes / row.time_us * 1e-3 : 0;
    row.busbw_GBps = row.algbw_GBps * bus_factor(query.collective, setting_.fabric.ranks());
    if (setting_.fails) row.healthy_us = TUTTI_TRY(healthy_time(words));
    rehearsal_.rows.push_back(std::move(row));
    return {};
  }

  [[nodiscard]] Result<sim::Network> network_of(const topology::Fabric& fabric, const sim::WhatIf& what_if,
                                                std::uint64_t seed) const {
    return sim::Network::make(fabric, setting_.shape, {.what_if = what_if, .routing = setting_.routing, .seed = seed});
  }

  Result<double> healthy_time(const world::CallWords& words) {
    const topology::Fabric& fabric = setting_.world.fabric;
    const plan::Query query = TUTTI_TRY(world::make_query(words, fabric.ranks()));
    const sim::Network network = TUTTI_TRY(network_of(fabric, {}, question_.chance.seed));
    const plan::Plan plan = TUTTI_TRY(plan_for(query, fabric));
    return TUTTI_TRY(simulate_all(plan, query, network, false)).quantile(0.5);
  }

  Result<plan::Plan> plan_for(const plan::Query& query, const topology::Fabric& fabric) {
    if (brought_ && brought_->ranks() == fabric.ranks()) {
      if (brought_->collective != query.collective)
        return Error{Code::invalid_argument, fmt::format("{} is a plan for {}, not for {}", question_.plan_file,
                                                         to_string(brought_->collective), to_string(query.collective))};
      return *brought_;
    }
    if (!question_.algo.empty()) return forced_plan(query, fabric);
    return TUTTI_TRY(plan::select(query, fabric, {})).plan;
  }

  // What is forced may be of any length, so that one can see what the planner spares us.
  Result<plan::Plan> forced_plan(const plan::Query& query, const topology::Fabric& fabric) {
    const auto forced = TUTTI_TRY(world::parse_forced(question_.algo, query.collective));
    const auto* const wanted = forced.of(query.collective);
    auto selection = plan::select(query, fabric, forced);
    if (selection) return selection->plan;
    plan::Plan plan = TUTTI_TRY(parse_way(wanted->way, query.collective, fabric.levels));
    plan.root = query.root;
    plan.widened = needs_widening(plan, query.type, query.op);
    plan.segments = std::max(1U, wanted->segments);
    if (auto why = refusal(plan, true); !why.empty())
      return Error{Code::unsupported, fmt::format("--algorithm {}: {}", question_.algo, why)};
    return plan;
  }

  // The plan for the fabric as it was and, where something is broken, those for what is left of it: with less
  // bandwidth, and as if every rank had to share its NIC as some must.
  Result<std::vector<plan::Plan>> plans_for(const plan::Query& query, const sim::Network& network) {
    std::vector<plan::Plan> plans;
    const bool same_ranks = setting_.fabric.ranks() == setting_.world.fabric.ranks();
    plans.push_back(TUTTI_TRY(plan_for(query, same_ranks ? setting_.world.fabric : network.fabric())));
    if (!setting_.fails || !question_.algo.empty() || brought_) return plans;
    const auto add = [&](plan::Plan plan) {
      if (std::ranges::none_of(plans, [&](const plan::Plan& known) { return known == plan; }))
        plans.push_back(std::move(plan));
    };
    add(TUTTI_TRY(plan_for(query, network.fabric())));
    const sim::WhatIf& lost = setting_.what_if;
    if (lost.nics.empty() && lost.rails.empty() && lost.leaves.empty()) return plans;
    topology::Fabric crowded = network.fabric();
    for (int level = setting_.shape.node_levels; level < crowded.levels->depth(); ++level)
      crowded.links[static_cast<std::size_t>(level)].bandwidth_GBps /= 2;
    add(TUTTI_TRY(plan_for(query, crowded)));
    return plans;
  }

  Result<Timed> simulate_all(plan::Plan plan, const plan::Query& query, const sim::Network& network, bool closely) {
    Timed timed;
    const bool by_chance = setting_.routing == sim::Routing::ecmp || !question_.chance.is_none();
    const std::int64_t samples = by_chance ? question_.samples : 1;
    for (std::int64_t sample = 0; sample < samples; ++sample) {
      const bool last = sample + 1 == samples;
      sim::SimulateOptions options{
          .tier = question_.unfolded || !question_.chance.is_none() ? sim::Tier::unfolded : sim::Tier::folded,
          .chance = question_.chance,
          .spans = closely && last && question_.spans,
          .use = closely && last && question_.use};
      options.chance.seed = question_.chance.seed + static_cast<std::uint64_t>(sample);
      options.progress = [&](double part) {
        report_(doing_, (static_cast<double>(sample) + part) / static_cast<double>(samples));
      };
      if (sample > 0 && setting_.routing == sim::Routing::ecmp) {
        const sim::Network other = TUTTI_TRY(network_of(setting_.fabric, setting_.what_if, options.chance.seed));
        timed.outcome = TUTTI_TRY(simulate_one(plan, query, other, options));
      } else {
        timed.outcome = TUTTI_TRY(simulate_one(plan, query, network, options));
      }
      timed.times_us.push_back(timed.outcome.time_us);
    }
    timed.segments = plan.segments;
    std::ranges::sort(timed.times_us);
    return timed;
  }

  [[nodiscard]] plan::Situation situation() const {
    return {.in_place = question_.in_place, .in_windows = question_.in_windows};
  }

  // With fewer segments where all of them would be too many steps.
  Result<sim::Outcome> simulate_one(plan::Plan& plan, const plan::Query& query, const sim::Network& network,
                                    const sim::SimulateOptions& options) const {
    const double wide = plan.widened ? static_cast<double>(size_of(accumulator_of(query.type))) /
                                           static_cast<double>(size_of(query.type))
                                     : 1;
    const sim::Call call{.bytes = plan::total_bytes(query, network.ranks()),
                         .wide = wide,
                         .reduce_GBps = network.fabric().reduce_GBps,
                         .copy_GBps = network.fabric().copy_GBps,
                         .situation = situation()};
    while (true) {
      auto outcome = simulate(plan, call, network, options);
      if (outcome || outcome.error().code != Code::unsupported || plan.segments == 1) return outcome;
      plan.segments /= 2;
    }
  }

  const Question& question_;
  const Setting& setting_;
  Rehearsal& rehearsal_;
  const Report& report_;
  std::optional<plan::Plan> brought_;
  std::string doing_;
};

}  // namespace

Result<Rehearsal> rehearse(const Question& question, Setting setting, const Report& report) {
  Rehearsal rehearsal;
  rehearsal.setting = std::move(setting);
  TUTTI_TRY(Rehearser(question, rehearsal, report).run());
  return rehearsal;
}

Result<Rehearsal> rehearse(const Question& question, const Report& report) {
  return rehearse(question, TUTTI_TRY(make_setting(question)), report);
}

}  // namespace tutti::predict
