#include "plan/algorithms/catalogue.hpp"

#include <array>

#include "plan/algorithms/algorithms.hpp"

namespace tutti::plan {
namespace {

using Build = void (*)(const Axis&, std::int32_t, PhaseBuilder&);

template <void (*kAlgorithm)(const Axis&, PhaseBuilder&)>
constexpr Build rootless = [](const Axis& axis, std::int32_t, PhaseBuilder& phase) { kAlgorithm(axis, phase); };

double log2_of(std::int32_t p) {
  return ceil_log2(p);
}
double share(std::int32_t p) {
  return static_cast<double>(p - 1) / p;
}
double others(std::int32_t p) {
  return p - 1;
}
double doubling_rounds(std::int32_t p) {
  return is_power_of_two(p) ? log2_of(p) : log2_of(p) + 1;
}

constexpr auto kAllReduce = Collective::all_reduce;
constexpr auto kReduce = Collective::reduce;
constexpr auto kBroadcast = Collective::broadcast;
constexpr auto kReduceScatter = Collective::reduce_scatter;
constexpr auto kAllGather = Collective::all_gather;
constexpr auto kAllToAll = Collective::all_to_all;

constexpr std::array kAll = {
    Algorithm{.name = "one_shot",
              .collective = kAllReduce,
              .cut_by_rank = false,
              .reduces_once = true,
              .rank_order = true,
              .build = rootless<one_shot_all_reduce>,
              .volume =
                  [](std::int32_t p) {
                    return Volume{1, others(p), others(p), 0, others(p)};
                  },
              .wins = "the smallest messages on few ranks"},
    Algorithm{.name = "two_shot",
              .collective = kAllReduce,
              .reduces_once = true,
              .rank_order = true,
              .build = rootless<two_shot_all_reduce>,
              .volume =
                  [](std::int32_t p) {
                    return Volume{2, 2 * others(p), share(p), share(p), share(p)};
                  },
              .wins = "medium and large messages where messages are cheap; low precision"},
    Algorithm{.name = "recursive_doubling",
              .collective = kAllReduce,
              .cut_by_rank = false,
              .exchanges = true,
              .build = rootless<recursive_doubling_all_reduce>,
              .volume =
                  [](std::int32_t p) {
                    const double r = doubling_rounds(p);
                    return Volume{r, r, r, 0, r};
                  },
              .wins = "small messages"},
    Algorithm{.name = "circulant",
              .collective = kAllReduce,
              .commutative = true,
              .build = rootless<circulant_all_reduce>,
              .volume =
                  [](std::int32_t p) {
                    return Volume{2 * log2_of(p), 2 * log2_of(p), share(p), share(p), share(p)};
                  },
              .wins = "medium messages on any number of ranks"},
    Algorithm{
        .name = "ring",
        .collective = kAllReduce,
        .commutative = true,
        .build = rootless<ring_all_reduce>,
        .volume =
            [](std::int32_t p) { return Volume{2 * others(p), 2 * others(p), share(p), share(p), share(p), true}; },
        .wins = "large messages over networks on few ranks"},

    Algorithm{.name = "direct",
              .collective = kReduceScatter,
              .reduces_once = true,
              .rank_order = true,
              .build = rootless<direct_reduce_scatter>,
              .volume =
                  [](std::int32_t p) {
                    return Volume{1, others(p), share(p), 0, share(p)};
                  },
              .wins = "where messages are cheap; low precision"},
    Algorithm{.name = "recursive_halving",
              .collective = kReduceScatter,
              .power_of_two = true,
              .commutative = true,
              .build = rootless<recursive_halving_reduce_scatter>,
              .volume =
                  [](std::int32_t p) {
                    return Volume{log2_of(p), log2_of(p), share(p), 0, share(p)};
                  },
              .wins = "small and medium messages on a power of two"},
    Algorithm{.name = "circulant",
              .collective = kReduceScatter,
              .commutative = true,
              .build = rootless<circulant_reduce_scatter>,
              .volume =
                  [](std::int32_t p) {
                    return Volume{log2_of(p), log2_of(p), share(p), 0, share(p)};
                  },
              .wins = "small and medium messages on any number of ranks"},
    Algorithm{.name = "ring",
              .collective = kReduceScatter,
              .commutative = true,
              .build = rootless<ring_reduce_scatter>,
              .volume = [](std::int32_t p) { return Volume{others(p), others(p), share(p), 0, share(p), true}; },
              .wins = "large messages over networks on few ranks"},

    Algorithm{.name = "direct",
              .collective = kAllGather,
              .build = rootless<direct_all_gather>,
              .volume =
                  [](std::int32_t p) {
                    return Volume{1, others(p), 0, share(p), 0};
                  },
              .wins = "where messages are cheap"},
    Algorithm{.name = "recursive_doubling",
              .collective = kAllGather,
              .power_of_two = true,
              .build = rootless<recursive_doubling_all_gather>,
              .volume =
                  [](std::int32_t p) {
                    return Volume{log2_of(p), log2_of(p), 0, share(p), 0};
                  },
              .wins = "small and medium messages on a power of two"},
    Algorithm{.name = "circulant",
              .collective = kAllGather,
              .build = rootless<circulant_all_gather>,
              .volume =
                  [](std::int32_t p) {
                    return Volume{log2_of(p), log2_of(p), 0, share(p), 0};
                  },
              .wins = "small and medium messages on any number of ranks"},
    Algorithm{.name = "ring",
              .collective = kAllGather,
              .build = rootless<ring_all_gather>,
              .volume = [](std::int32_t p) { return Volume{others(p), others(p), 0, share(p), 0, true}; },
              .wins = "large messages over networks"},

    Algorithm{.name = "direct",
              .collective = kBroadcast,
              .cut_by_rank = false,
              .build = direct_broadcast,
              .volume =
                  [](std::int32_t p) {
                    return Volume{1, others(p), 0, others(p), 0};
                  },
              .wins = "few ranks"},
    Algorithm{.name = "binomial",
              .collective = kBroadcast,
              .cut_by_rank = false,
              .build = binomial_broadcast,
              .volume =
                  [](std::int32_t p) {
                    return Volume{log2_of(p), log2_of(p), 0, log2_of(p), 0};
                  },
              .wins = "small messages"},
    Algorithm{.name = "chain",
              .collective = kBroadcast,
              .cut_by_rank = false,
              .build = chain_broadcast,
              .volume = [](std::int32_t p) { return Volume{others(p), 1, 0, 1, 0, true, true}; },
              .wins = "large messages"},

    Algorithm{.name = "direct",
              .collective = kReduce,
              .cut_by_rank = false,
              .reduces_once = true,
              .rank_order = true,
              .build = direct_reduce,
              .volume =
                  [](std::int32_t p) {
                    return Volume{1, others(p), others(p), 0, others(p)};
                  },
              .wins = "few ranks; low precision"},
    Algorithm{.name = "binomial",
              .collective = kReduce,
              .cut_by_rank = false,
              .commutative = true,
              .build = binomial_reduce,
              .volume =
                  [](std::int32_t p) {
                    return Volume{log2_of(p), log2_of(p), log2_of(p), 0, log2_of(p)};
                  },
              .wins = "small messages"},
    Algorithm{.name = "chain",
              .collective = kReduce,
              .cut_by_rank = false,
              .commutative = true,
              .build = chain_reduce,
              .volume = [](std::int32_t p) { return Volume{others(p), 1, 1, 0, 1, true, true}; },
              .wins = "large messages"},

    Algorithm{
        .name = "direct",
        .collective = Collective::gather,
        .segmented = false,
        .single_hop = true,
        .build = direct_gather,
        .volume =
            [](std::int32_t p) {
              return Volume{1, others(p), 0, share(p), 0};
            },
        .wins = "large blocks; few ranks"},
    Algorithm{
        .name = "direct",
        .collective = Collective::scatter,
        .segmented = false,
        .single_hop = true,
        .build = direct_scatter,
        .volume =
            [](std::int32_t p) {
              return Volume{1, others(p), 0, share(p), 0};
            },
        .wins = "large blocks; few ranks"},
    Algorithm{
        .name = "direct",
        .collective = kAllToAll,
        .segmented = false,
        .single_hop = true,
        .build = rootless<direct_all_to_all>,
        .volume =
            [](std::int32_t p) {
              return Volume{1, others(p), 0, share(p), 0};
            },
        .wins = "where messages are cheap"},
    Algorithm{
        .name = "pairwise",
        .collective = kAllToAll,
        .segmented = false,
        .single_hop = true,
        .build = rootless<pairwise_all_to_all>,
        .volume =
            [](std::int32_t p) {
              return Volume{others(p), others(p), 0, share(p), 0};
            },
        .wins = "where many messages at once crowd a receiver"},

    Algorithm{
        .name = "dissemination",
        .collective = Collective::barrier,
        .cut_by_rank = false,
        .segmented = false,
        .build = rootless<dissemination_barrier>,
        .volume =
            [](std::int32_t p) {
              return Volume{log2_of(p), log2_of(p), 0, 0, 0};
            },
        .wins = "always"},
};

}  // namespace

std::span<const Algorithm> algorithms() {
  return kAll;
}

const Algorithm* find_algorithm(Collective collective, std::string_view name) {
  for (const Algorithm& algorithm : kAll) {
    if (algorithm.collective == collective && algorithm.name == name) return &algorithm;
  }
  return nullptr;
}

}  // namespace tutti::plan
