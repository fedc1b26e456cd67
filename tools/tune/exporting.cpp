#include "tools/tune/exporting.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <string_view>
#include <utility>
#include <vector>

#include "plan/select/select.hpp"

namespace tutti::tune {
namespace {

using plan::Collective;

constexpr std::uint64_t kLeastBytes = 8;
constexpr std::uint64_t kMostBytes = std::uint64_t{8} << 30;

bool takes_few_rounds(const plan::Selection& selection) {
  return std::cmp_less(rounds_of(selection.plan), selection.plan.ranks() - 1);
}

// Whether ranks handle parts of the vector, or the whole in every round.
bool splits(const plan::Selection& selection) {
  return std::ranges::any_of(selection.plan.stripes(), [](const plan::Stripe& stripe) {
    return std::ranges::any_of(stripe.tiers(),
                               [](const plan::Tier& tier) { return tier.method->mode == plan::Method::Mode::split; });
  });
}

// Sizes for which the choice has the same name elsewhere; the first begins at 0, the last has no end.
struct Range {
  std::uint64_t least = 0;
  std::uint64_t most = 0;
  std::string name;
};
using Naming = std::function<std::string(const plan::Selection&)>;

Result<std::vector<Range>> ranges_of(Collective collective, const topology::Fabric& fabric, const Naming& name) {
  std::vector<std::uint64_t> sizes;
  for (std::uint64_t bytes = kLeastBytes; bytes <= kMostBytes; bytes *= 2) sizes.push_back(bytes);
  const auto reach = plan::ranges_of(sizes);
  const std::uint64_t blocks = has_blocks(collective) ? static_cast<std::uint64_t>(fabric.ranks()) : 1;
  std::vector<Range> ranges;
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    plan::Query query;
    query.collective = collective;
    query.count = std::max<std::uint64_t>(1, sizes[i] / sizeof(float) / blocks);
    const auto selection = TUTTI_TRY(plan::select(query, fabric, {}));
    std::string its = name(selection);
    if (!ranges.empty() && ranges.back().name == its) {
      ranges.back().most = reach[i].most;
    } else {
      ranges.push_back({i == 0 ? 0 : reach[i].least, reach[i].most, std::move(its)});
    }
  }
  return ranges;
}

}  // namespace

Result<std::string> nccl_table(const plan::Site& site, const topology::Fabric& fabric) {
  struct Word {
    Collective collective;
    const char* name;
    const char* in_few_rounds;
  };
  constexpr Word kWords[] = {{Collective::all_reduce, "allreduce", "tree"},
                             {Collective::all_gather, "allgather", "pat"},
                             {Collective::reduce_scatter, "reducescatter", "pat"},
                             {Collective::broadcast, "broadcast", "ring"},
                             {Collective::reduce, "reduce", "ring"}};
  std::string text = fmt::format(
      "# tutti tune: {}\n"
      "# For NCCL's example tuner plug-in: NCCL_TUNER_CONFIG_FILE=this file. What was measured is host memory: on\n"
      "# accelerators it is where to begin.\n"
      "# collective,min_bytes,max_bytes,algorithm,protocol,channels,nNodes,nRanks,numPipeOps,regBuff\n",
      site.describe());
  for (const Word& word : kWords) {
    const auto ranges = TUTTI_TRY(ranges_of(word.collective, fabric, [&](const plan::Selection& selection) {
      const std::string_view dominant = selection.cost.dominant();
      const bool waits = dominant == "latency" || dominant == "overhead";
      // PAT has no other protocol than Simple.
      const std::string_view algorithm = takes_few_rounds(selection) ? word.in_few_rounds : "ring";
      return fmt::format("{},{}", algorithm, waits && algorithm != "pat" ? "ll" : "simple");
    }));
    for (const Range& range : ranges)
      text += fmt::format("{},{},{},{},-1,{},{},-1,-1\n", word.name, range.least, range.most, range.name, site.nodes,
                          site.ranks);
  }
  return text;
}

Result<std::string> ucc_scores(const topology::Fabric& fabric) {
  struct Word {
    Collective collective;
    const char* name;
    Naming algorithm;
  };
  const auto by_parts = [](const char* whole, const char* parts) -> Naming {
    return [=](const plan::Selection& selection) { return splits(selection) ? parts : whole; };
  };
  const auto by_rounds = [](const char* few, const char* many) -> Naming {
    return [=](const plan::Selection& selection) { return takes_few_rounds(selection) ? few : many; };
  };
  const Word words[] = {{Collective::all_reduce, "allreduce", by_parts("knomial", "sra_knomial")},
                        {Collective::all_gather, "allgather", by_rounds("knomial", "ring")},
                        {Collective::reduce_scatter, "reduce_scatter", by_rounds("knomial", "ring")},
                        {Collective::broadcast, "bcast", by_parts("knomial", "sag_knomial")},
                        {Collective::all_to_all, "alltoall", by_rounds("bruck", "pairwise")}};
  std::string scores;
  for (const Word& word : words) {
    const auto ranges = TUTTI_TRY(ranges_of(word.collective, fabric, word.algorithm));
    for (const Range& range : ranges) {
      const std::string end = &range == &ranges.back() ? "inf" : std::to_string(range.most + 1);
      scores += fmt::format("{}{}:{}-{}:@{}", scores.empty() ? "" : "#", word.name, range.least, end, range.name);
    }
  }
  return scores;
}

}  // namespace tutti::tune
