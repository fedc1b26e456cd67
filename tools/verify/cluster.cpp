#include "tools/verify/cluster.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>

#include "base/bytes.hpp"
#include "plan/select/select.hpp"
#include "plan/verify/verify.hpp"
#include "tools/text/figures.hpp"
#include "tools/text/table.hpp"
#include "tools/verify/team.hpp"

namespace tutti::prove {
namespace {

using plan::Collective;

constexpr std::uint64_t kMostSteps = std::uint64_t{15} << 20;  // of all ranks: what a few GiB hold
constexpr std::size_t kRanksAtOnce = 256;                      // a thread lowers so many before it takes more

struct Call {
  Collective collective;
  std::uint64_t bytes;
};
// The dearest first: no thread is left with one at the end.
constexpr Call kCalls[] = {{Collective::all_reduce, std::uint64_t{1} << 30},
                           {Collective::all_reduce, 8},
                           {Collective::reduce_scatter, std::uint64_t{1} << 30},
                           {Collective::all_gather, std::uint64_t{1} << 30},
                           {Collective::broadcast, std::uint64_t{1} << 20},
                           {Collective::reduce, std::uint64_t{1} << 20},
                           {Collective::barrier, 0},
                           {Collective::all_to_all, std::uint64_t{1} << 30}};

std::uint64_t steps_of(const plan::Plan& plan) {
  return std::uint64_t{lower(plan, Rank{plan.ranks() / 2}, false).size()} * static_cast<std::uint64_t>(plan.ranks());
}

std::string name_of(const Call& call) {
  return call.bytes == 0 ? std::string(to_string(call.collective))
                         : fmt::format("{} {}", to_string(call.collective), to_string(Bytes{call.bytes}));
}

ClusterProof prove_call(const Call& call, const topology::Fabric& fabric, const Shape& shape, Outcome& outcome) {
  ClusterProof proof;
  proof.call = name_of(call);
  plan::Query query{.collective = call.collective, .count = call.bytes / 4};
  if (has_blocks(call.collective))
    query.count = std::max<std::uint64_t>(1, query.count / static_cast<std::uint64_t>(fabric.ranks()));
  const auto selection = plan::select(query, fabric, {});
  if (!selection) {
    proof.skipped = selection.error().text;
    return proof;
  }
  plan::Plan plan = selection->plan;
  proof.way = way_of(plan);
  proof.rounds = rounds_of(plan);
  proof.segments = plan.segments;
  const auto ranks = static_cast<std::uint64_t>(fabric.ranks());
  if (call.collective == Collective::all_to_all && ranks * ranks > kMostSteps) {
    proof.skipped = fmt::format("{} blocks are too many to follow", ranks * ranks);
    return proof;
  }
  // Segments are alike and use slices of their own; that they do not disturb each other is proven on small worlds.
  plan.segments = 1;
  const std::uint64_t steps = steps_of(plan);
  while (plan.segments * 2 <= proof.segments && steps * plan.segments * 2 <= kMostSteps) plan.segments *= 2;
  if (steps > 2 * kMostSteps) {
    proof.skipped = fmt::format("{} steps are too many to follow", steps);
    return proof;
  }
  proof.proven_segments = plan.segments;
  const auto begin = std::chrono::steady_clock::now();
  const auto proven = prove_at_scale(plan, {}, proof.steps);
  proof.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  outcome.count(1);
  if (proven) return proof;
  proof.error = proven.error().text;
  outcome.fail({describe(plan), proof.error, command_of(plan, shape, {})});
  return proof;
}

}  // namespace

Status prove_at_scale(const plan::Plan& plan, const Variant& variant, std::uint64_t& steps) {
  const auto ranks = static_cast<std::size_t>(plan.ranks());
  std::vector<plan::Program> programs(ranks);
  share_out((ranks + kRanksAtOnce - 1) / kRanksAtOnce, [&](std::size_t part) {
    for (std::size_t rank = part * kRanksAtOnce; rank < std::min(ranks, (part + 1) * kRanksAtOnce); ++rank)
      programs[rank] = lower(plan, to_rank(static_cast<std::int64_t>(rank)), variant.in_place);
  });
  for (const plan::Program& program : programs) steps += program.size();
  return plan::verify(programs, {.in_place = variant.in_place, .in_rank_order = keeps_rank_order(plan)});
}

std::vector<ClusterProof> prove_cluster(const world::World& world, const std::string& levels, Outcome& outcome) {
  const Shape shape{levels, world.fabric.levels};
  std::vector<ClusterProof> proofs(std::size(kCalls));
  std::atomic<std::size_t> done{0};
  share_out(proofs.size(), [&](std::size_t i) {
    proofs[i] = prove_call(kCalls[i], world.fabric, shape, outcome);  // NOLINT: the index is in range
    outcome.progress(++done, proofs.size());
  });
  return proofs;
}

std::string report(const std::vector<ClusterProof>& proofs) {
  std::vector<text::Row> rows{{"call", "way", "segments", "rounds", "steps", "proof", ""}};
  for (const ClusterProof& proof : proofs) {
    const std::string segments = proof.segments == proof.proven_segments
                                     ? std::to_string(proof.segments)
                                     : fmt::format("{} of {}", proof.proven_segments, proof.segments);
    const std::string verdict = !proof.skipped.empty() ? "not tried: " + proof.skipped
                                : proof.error.empty()  ? "holds"
                                                       : "wrong";
    rows.push_back({proof.call, proof.way, segments, std::to_string(proof.rounds),
                    fmt::format("{:.1f} M", static_cast<double>(proof.steps) / 1e6), text::time(proof.seconds * 1e6),
                    verdict});
  }
  return text::table(rows, "llrrrrl");
}

nlohmann::ordered_json document_of(const std::vector<ClusterProof>& proofs) {
  auto all = nlohmann::ordered_json::array();
  for (const ClusterProof& proof : proofs) {
    nlohmann::ordered_json one = {
        {"call", proof.call},         {"way", proof.way},
        {"segments", proof.segments}, {"proven_segments", proof.proven_segments},
        {"rounds", proof.rounds},     {"steps", proof.steps},
        {"seconds", proof.seconds},   {"holds", proof.error.empty() && proof.skipped.empty()}};
    if (!proof.skipped.empty()) one["not_tried"] = proof.skipped;
    all.push_back(std::move(one));
  }
  return all;
}

}  // namespace tutti::prove
