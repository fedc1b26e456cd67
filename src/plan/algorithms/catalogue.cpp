#include "plan/algorithms/catalogue.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "plan/algorithms/algorithms.hpp"

namespace tutti::plan {
namespace {

using Build = void (*)(const Axis&, std::int32_t, PhaseBuilder&);

template <void (*kAlgorithm)(const Axis&, PhaseBuilder&)>
constexpr Build rootless = [](const Axis& axis, std::int32_t, PhaseBuilder& phase) { kAlgorithm(axis, phase); };

template <void (*kAlgorithm)(const Axis&, PhaseBuilder&)>
constexpr Build turned =
    [](const Axis& axis, std::int32_t, PhaseBuilder& phase) { kAlgorithm(axis.reversed(), phase); };

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
double digits(std::int32_t p, std::int32_t radix) {
  double count = 0;
  for (std::int64_t power = 1; power < p; power *= radix) ++count;
  return count;
}

// Radix - 1 at a time; no more than there are others.
double bruck_messages(std::int32_t p, std::int32_t radix) {
  return std::min(others(p), digits(p, radix) * (radix - 1));
}

// ---- Volumes that several algorithms share ----
Volume gather_in_log(std::int32_t p, std::int32_t) {
  return {.rounds = log2_of(p), .messages = log2_of(p), .gather = share(p), .reduced = share(p)};
}
Volume spread_in_log(std::int32_t p, std::int32_t) {
  return {.rounds = log2_of(p), .messages = log2_of(p), .spread = share(p)};
}
Volume gather_in_ring(std::int32_t p, std::int32_t) {
  return {.rounds = others(p), .messages = others(p), .gather = share(p), .reduced = share(p), .neighbours = true};
}
Volume spread_in_ring(std::int32_t p, std::int32_t) {
  return {.rounds = others(p), .messages = others(p), .spread = share(p), .neighbours = true};
}
// Its messages of a round are taken in their order: on shared cores about every other waits for another turn.
Volume gather_by_bruck(std::int32_t p, std::int32_t radix) {
  const double rounds = digits(p, radix);
  return {.rounds = rounds,
          .messages = bruck_messages(p, radix),
          .gather = share(p),
          .reduced = share(p),
          .waits = std::max(rounds, rounds * (radix - 1) / 2)};
}
Volume spread_by_bruck(std::int32_t p, std::int32_t radix) {
  const double rounds = digits(p, radix);
  return {.rounds = rounds,
          .messages = bruck_messages(p, radix),
          .spread = share(p),
          .waits = std::max(rounds, rounds * (radix - 1) / 2)};
}
// The root does all of it, and the others a p-1st each.
Volume rooted(std::int32_t p, Volume of_root) {
  of_root.rounds = 1;
  of_root.skew = p;
  of_root.waits = 0.5;
  of_root.one_way = true;
  return of_root;
}
// A rank has two children in one of the two trees and none in the other: this is the average. It waits in both.
Volume in_tree(std::int32_t p, std::int32_t) {
  const double depth = std::floor(std::log2(static_cast<double>(p)));
  const double once = p > 1 ? 1 : 0;
  return {
      .rounds = 2 * depth, .messages = 2 * once, .gather = once, .spread = once, .reduced = once, .waits = 4 * depth};
}

constexpr auto kAllReduce = Collective::all_reduce;
constexpr auto kReduce = Collective::reduce;
constexpr auto kBroadcast = Collective::broadcast;
constexpr auto kReduceScatter = Collective::reduce_scatter;
constexpr auto kAllGather = Collective::all_gather;
constexpr auto kGather = Collective::gather;
constexpr auto kScatter = Collective::scatter;
constexpr auto kAllToAll = Collective::all_to_all;
constexpr auto kBarrier = Collective::barrier;

constexpr std::int32_t kMany = 4096;  // for algorithms whose steps grow with the ranks

constexpr std::array kAlgorithms = {
    Algorithm{.name = "direct",
              .role = kReduceScatter,
              .reduces_once = true,
              .rank_order = true,
              .most_ranks = kMany,
              .build = rootless<direct_reduce_scatter>,
              .volume =
                  [](std::int32_t p, std::int32_t) {
                    return Volume{.rounds = 1,
                                  .messages = others(p),
                                  .gather = share(p),
                                  .reduced = share(p),
                                  .stored = p > 2 ? share(p) : 0};  // of two, one is the rank's own
                  }},
    Algorithm{.name = "recursive_halving",
              .role = kReduceScatter,
              .power_of_two = true,
              .commutative = true,
              .build = rootless<recursive_halving_reduce_scatter>,
              .volume = gather_in_log},
    Algorithm{.name = "circulant",
              .role = kReduceScatter,
              .commutative = true,
              .build = rootless<circulant_reduce_scatter>,
              .volume = gather_in_log},
    Algorithm{.name = "bruck",
              .role = kReduceScatter,
              .commutative = true,
              .build = rootless<bruck_reduce_scatter>,
              .volume = gather_by_bruck},
    Algorithm{.name = "swing",
              .role = kReduceScatter,
              .power_of_two = true,
              .commutative = true,
              .most_ranks = kMany,
              .build = rootless<swing_reduce_scatter>,
              .volume =
                  [](std::int32_t p, std::int32_t) {
                    return Volume{
                        .rounds = log2_of(p), .messages = others(p) / 2 + 1, .gather = share(p), .reduced = share(p)};
                  }},
    Algorithm{.name = "pat",
              .role = kReduceScatter,
              .commutative = true,
              .most_ranks = kMany,
              .build = rootless<pat_reduce_scatter>,
              .volume =
                  [](std::int32_t p, std::int32_t) {
                    return Volume{.rounds = log2_of(p), .messages = others(p), .gather = share(p), .reduced = share(p)};
                  }},
    Algorithm{.name = "ring",
              .role = kReduceScatter,
              .commutative = true,
              .most_ranks = kMany,
              .build = rootless<ring_reduce_scatter>,
              .volume = gather_in_ring},
    Algorithm{.name = "ring_reversed",
              .role = kReduceScatter,
              .commutative = true,
              .most_ranks = kMany,
              .build = turned<ring_reduce_scatter>,
              .volume = gather_in_ring},

    Algorithm{.name = "direct",
              .role = kAllGather,
              .most_ranks = kMany,
              .build = rootless<direct_all_gather>,
              .volume = [](std::int32_t p,
                           std::int32_t) { return Volume{.rounds = 1, .messages = others(p), .spread = share(p)}; }},
    Algorithm{.name = "recursive_doubling",
              .role = kAllGather,
              .power_of_two = true,
              .build = rootless<recursive_doubling_all_gather>,
              .volume = spread_in_log},
    Algorithm{
        .name = "circulant", .role = kAllGather, .build = rootless<circulant_all_gather>, .volume = spread_in_log},
    Algorithm{.name = "bruck", .role = kAllGather, .build = rootless<bruck_all_gather>, .volume = spread_by_bruck},
    Algorithm{.name = "swing",
              .role = kAllGather,
              .power_of_two = true,
              .most_ranks = kMany,
              .build = rootless<swing_all_gather>,
              .volume =
                  [](std::int32_t p, std::int32_t) {
                    return Volume{.rounds = log2_of(p), .messages = others(p) / 2 + 1, .spread = share(p)};
                  }},
    Algorithm{
        .name = "pat",
        .role = kAllGather,
        .most_ranks = kMany,
        .build = rootless<pat_all_gather>,
        .volume = [](std::int32_t p,
                     std::int32_t) { return Volume{.rounds = log2_of(p), .messages = others(p), .spread = share(p)}; }},
    Algorithm{.name = "ring",
              .role = kAllGather,
              .most_ranks = kMany,
              .build = rootless<ring_all_gather>,
              .volume = spread_in_ring},
    Algorithm{.name = "ring_reversed",
              .role = kAllGather,
              .most_ranks = kMany,
              .build = turned<ring_all_gather>,
              .volume = spread_in_ring},

    Algorithm{
        .name = "one_shot",
        .role = kAllReduce,
        .reduces_once = true,
        .rank_order = true,
        .most_ranks = 512,
        .build = rootless<one_shot_all_reduce>,
        .volume =
            [](std::int32_t p, std::int32_t) {
              return Volume{
                  .rounds = 1, .messages = others(p), .gather = others(p), .reduced = others(p), .stored = others(p)};
            }},
    Algorithm{.name = "recursive_doubling",
              .role = kAllReduce,
              .exchanges = true,
              .build = rootless<recursive_doubling_all_reduce>,
              .volume =
                  [](std::int32_t p, std::int32_t) {
                    const double rounds = doubling_rounds(p);
                    return Volume{.rounds = rounds,
                                  .messages = rounds,
                                  .gather = rounds,
                                  .reduced = rounds,
                                  .kept = p == 2 ? 1.0 : 0};  // what is still being sent must not be overwritten
                  }},
    Algorithm{
        .name = "tree", .role = kAllReduce, .commutative = true, .build = rootless<tree_all_reduce>, .volume = in_tree},
    Algorithm{.name = "twin_tree",
              .role = kAllReduce,
              .commutative = true,
              .build = rootless<twin_tree_all_reduce>,
              .volume = in_tree},

    Algorithm{.name = "linear",
              .role = kReduce,
              .reduces_once = true,
              .rank_order = true,
              .most_ranks = 512,
              .build = linear_reduce,
              .volume =
                  [](std::int32_t p, std::int32_t) {
                    return rooted(
                        p, {.messages = others(p), .gather = others(p), .reduced = others(p), .stored = others(p)});
                  }},
    Algorithm{.name = "binomial",
              .role = kReduce,
              .commutative = true,
              .build = binomial_reduce,
              .volume =
                  [](std::int32_t p, std::int32_t) {
                    return Volume{.rounds = log2_of(p),
                                  .messages = log2_of(p),
                                  .gather = log2_of(p),
                                  .reduced = log2_of(p),
                                  .one_way = true};
                  }},
    Algorithm{.name = "chain",
              .role = kReduce,
              .commutative = true,
              .build = chain_reduce,
              .volume =
                  [](std::int32_t p, std::int32_t) {
                    const double once = p > 1 ? 1 : 0;
                    return Volume{.rounds = others(p),
                                  .messages = once,
                                  .gather = once,
                                  .reduced = once,
                                  .neighbours = true,
                                  .chain = true,
                                  .one_way = p <= 2};
                  }},
    Algorithm{
        .name = "ordered_chain",
        .role = kReduce,
        .rank_order = true,
        .build = ordered_chain_reduce,
        .volume =
            [](std::int32_t p, std::int32_t) {
              const double once = p > 1 ? 1 : 0;
              return Volume{.rounds = once * p,
                            .messages = 2 * once,
                            .gather = 2 * once,
                            .reduced = once,
                            .neighbours = true,
                            .chain = true};
            }},
    Algorithm{
        .name = "linear",
        .role = kBroadcast,
        .most_ranks = 512,
        .build = linear_broadcast,
        .volume = [](std::int32_t p, std::int32_t) { return rooted(p, {.messages = others(p), .spread = others(p)}); }},
    Algorithm{
        .name = "binomial",
        .role = kBroadcast,
        .build = binomial_broadcast,
        .volume =
            [](std::int32_t p, std::int32_t) {
              return Volume{.rounds = log2_of(p), .messages = log2_of(p), .spread = log2_of(p), .one_way = true};
            }},
    Algorithm{
        .name = "chain",
        .role = kBroadcast,
        .build = chain_broadcast,
        .volume =
            [](std::int32_t p, std::int32_t) {
              const double once = p > 1 ? 1 : 0;
              return Volume{.rounds = others(p),
                            .messages = once,
                            .spread = once,
                            .neighbours = true,
                            .chain = true,
                            .one_way = p <= 2};
            }},
    Algorithm{
        .name = "linear",
        .role = kGather,
        .most_ranks = kMany,
        .build = linear_gather,
        .volume = [](std::int32_t p, std::int32_t) { return rooted(p, {.messages = others(p), .gather = share(p)}); }},
    Algorithm{
        .name = "binomial",
        .role = kGather,
        .uneven = false,
        .build = binomial_gather,
        .volume =
            [](std::int32_t p, std::int32_t) {
              return Volume{.rounds = log2_of(p), .messages = log2_of(p), .gather = share(p), .one_way = true};
            }},
    Algorithm{
        .name = "linear",
        .role = kScatter,
        .most_ranks = kMany,
        .build = linear_scatter,
        .volume = [](std::int32_t p, std::int32_t) { return rooted(p, {.messages = others(p), .spread = share(p)}); }},
    Algorithm{
        .name = "binomial",
        .role = kScatter,
        .uneven = false,
        .build = binomial_scatter,
        .volume =
            [](std::int32_t p, std::int32_t) {
              return Volume{.rounds = log2_of(p), .messages = log2_of(p), .spread = share(p), .one_way = true};
            }},

    Algorithm{.name = "direct",
              .role = kAllToAll,
              .build = rootless<direct_all_to_all>,
              .volume = [](std::int32_t p,
                           std::int32_t) { return Volume{.rounds = 1, .messages = others(p), .spread = share(p)}; }},
    Algorithm{
        .name = "pairwise",
        .role = kAllToAll,
        .build = rootless<pairwise_all_to_all>,
        .volume = [](std::int32_t p,
                     std::int32_t) { return Volume{.rounds = others(p), .messages = others(p), .spread = share(p)}; }},
    Algorithm{
        .name = "bruck",
        .role = kAllToAll,
        .uneven = false,
        .most_ranks = kMany,
        .build = rootless<bruck_all_to_all>,
        .volume =
            [](std::int32_t p, std::int32_t radix) {
              const double rounds = digits(p, radix);
              const double moved = rounds * (radix - 1) / radix;
              return Volume{
                  .rounds = rounds, .messages = bruck_messages(p, radix), .spread = moved, .copied = 2 * moved + 2};
            }},
    Algorithm{
        .name = "rail",  // its volume is that of its levels: see rail_volume
        .role = kAllToAll,
        .uneven = false,
        .volume =
            [](std::int32_t p, std::int32_t) {
              return Volume{.rounds = 1, .messages = others(p), .spread = share(p), .copied = 2};
            }},

    Algorithm{
        .name = "linear",
        .role = kBarrier,
        .most_ranks = 512,
        .build = rootless<linear_barrier>,
        .volume =
            [](std::int32_t p, std::int32_t) {
              Volume both = rooted(p, {.messages = 2 * others(p)});
              both.rounds = 2;
              both.waits = 1;
              return both;
            }},
    Algorithm{
        .name = "dissemination",
        .role = kBarrier,
        .build = rootless<dissemination_barrier>,
        .volume = [](std::int32_t p, std::int32_t) { return Volume{.rounds = log2_of(p), .messages = log2_of(p)}; }},
};

constexpr const Algorithm* known(Collective role, std::string_view name) {
  for (const Algorithm& algorithm : kAlgorithms) {
    if (algorithm.role == role && algorithm.name == name) return &algorithm;
  }
  return nullptr;
}

constexpr Method split(std::string_view name, Collective collective, const Algorithm* down, const Algorithm* up,
                       std::string_view wins) {
  return {.name = name, .collective = collective, .down = down, .up = up, .wins = wins, .has_radix = name == "bruck"};
}
constexpr Method both(std::string_view name, std::string_view wins) {
  return split(name, kAllReduce, known(kReduceScatter, name), known(kAllGather, name), wins);
}
constexpr Method down(std::string_view name, Collective collective, Method::Mode mode, std::string_view wins) {
  return {.name = name,
          .collective = collective,
          .down = known(collective, name),
          .wins = wins,
          .has_radix = name == "bruck",
          .mode = mode};
}
constexpr Method up(std::string_view name, Collective collective, Method::Mode mode, std::string_view wins) {
  return {.name = name,
          .collective = collective,
          .up = known(collective, name),
          .wins = wins,
          .has_radix = name == "bruck",
          .mode = mode};
}
constexpr Method led(std::string_view name, std::string_view wins, std::string_view back = {}) {
  return {.name = name,
          .collective = kAllReduce,
          .down = known(kReduce, name),
          .up = known(kBroadcast, back.empty() ? name : back),
          .wins = wins,
          .mode = Method::Mode::lead};
}
constexpr Method unsegmented(Method method) {
  method.segmented = false;
  return method;
}
constexpr Method paired(Method method) {
  method.paired = true;
  return method;
}
constexpr Method over_all_levels(Method method) {
  method.all_levels = true;
  method.segmented = false;
  return method;
}

constexpr auto kSplit = Method::Mode::split;
constexpr auto kWhole = Method::Mode::whole;
constexpr auto kLead = Method::Mode::lead;

constexpr std::array kMethods = {
    down("one_shot", kAllReduce, kWhole, "the smallest messages on few ranks"),
    split("two_shot", kAllReduce, known(kReduceScatter, "direct"), known(kAllGather, "direct"),
          "medium and large messages where messages are cheap; low precision"),
    down("recursive_doubling", kAllReduce, kWhole, "small messages"),
    split("rabenseifner", kAllReduce, known(kReduceScatter, "recursive_halving"),
          known(kAllGather, "recursive_doubling"), "medium and large messages on a power of two"),
    both("circulant", "medium messages on any number of ranks"),
    both("bruck", "medium messages; the radix trades rounds for messages at a time"),
    both("swing", "medium messages on tori with a power of two of ranks"),
    both("pat", "medium messages where far links are slow"),
    both("ring", "large messages over networks on few ranks"),
    both("ring_reversed", "the other direction of every link: in a second stripe beside ring"),
    paired(down("tree", kAllReduce, kWhole, "large messages on many ranks, beside its twin in a second stripe")),
    paired(down("twin_tree", kAllReduce, kWhole, "a second stripe beside tree")),
    led("binomial", "small messages between levels of uneven size"),
    led("chain", "large messages in many segments between levels of uneven size"),
    led("linear", "few ranks a level"),
    led("ordered_chain", "the same bits everywhere, on more ranks than can all talk to each other", "binomial"),

    down("direct", kReduceScatter, kSplit, "where messages are cheap; low precision"),
    down("recursive_halving", kReduceScatter, kSplit, "small and medium messages on a power of two"),
    down("circulant", kReduceScatter, kSplit, "small and medium messages on any number of ranks"),
    down("bruck", kReduceScatter, kSplit, "small messages; the radix trades rounds for messages at a time"),
    down("swing", kReduceScatter, kSplit, "tori with a power of two of ranks"),
    down("pat", kReduceScatter, kSplit, "small and medium messages where far links are slow"),
    down("ring", kReduceScatter, kSplit, "large messages over networks on few ranks"),
    down("ring_reversed", kReduceScatter, kSplit, "the other direction of every link: in a second stripe beside ring"),

    up("direct", kAllGather, kSplit, "where messages are cheap"),
    up("recursive_doubling", kAllGather, kSplit, "small and medium messages on a power of two"),
    up("circulant", kAllGather, kSplit, "small and medium messages on any number of ranks"),
    up("bruck", kAllGather, kSplit, "small messages; the radix trades rounds for messages at a time"),
    up("swing", kAllGather, kSplit, "tori with a power of two of ranks"),
    up("pat", kAllGather, kSplit, "small and medium messages where far links are slow"),
    up("ring", kAllGather, kSplit, "large messages over networks"),
    up("ring_reversed", kAllGather, kSplit, "the other direction of every link: in a second stripe beside ring"),

    up("linear", kBroadcast, kLead, "few ranks"),
    up("binomial", kBroadcast, kLead, "small messages"),
    up("chain", kBroadcast, kLead, "large messages"),
    split("scatter_circulant", kBroadcast, known(kScatter, "binomial"), known(kAllGather, "circulant"),
          "large messages on many ranks; all rails at once"),
    split("scatter_ring", kBroadcast, known(kScatter, "binomial"), known(kAllGather, "ring"),
          "large messages on few ranks"),
    split("scatter_direct", kBroadcast, known(kScatter, "linear"), known(kAllGather, "direct"),
          "large messages where messages are cheap; all rails at once"),

    down("linear", kReduce, kLead, "few ranks; low precision"),
    down("binomial", kReduce, kLead, "small messages"),
    down("chain", kReduce, kLead, "large messages"),
    down("ordered_chain", kReduce, kLead, "the same bits everywhere, on more ranks than a root can talk to"),
    split("circulant_gather", kReduce, known(kReduceScatter, "circulant"), known(kGather, "binomial"),
          "large messages on many ranks; all rails at once"),
    split("direct_gather", kReduce, known(kReduceScatter, "direct"), known(kGather, "linear"),
          "large messages where messages are cheap; all rails at once"),

    down("linear", kGather, kLead, "large blocks; blocks of lengths that only their sender and the root know"),
    down("binomial", kGather, kLead, "small blocks"),
    up("linear", kScatter, kLead, "large blocks; blocks of lengths that only their receiver and the root know"),
    up("binomial", kScatter, kLead, "small blocks"),

    unsegmented(down("direct", kAllToAll, kWhole, "medium and large blocks; uneven ones")),
    unsegmented(down("pairwise", kAllToAll, kWhole, "large blocks where many messages at once hurt")),
    unsegmented(down("bruck", kAllToAll, kWhole, "small blocks")),
    over_all_levels(down("rail", kAllToAll, kWhole, "small and medium blocks on many nodes")),

    unsegmented(down("linear", kBarrier, kWhole, "ranks that share cores")),
    unsegmented(down("dissemination", kBarrier, kWhole, "a core for each rank")),
};

}  // namespace

Volume rail_volume(const topology::Levels& levels) {
  Volume volume;
  for (int level = 0; level < levels.depth(); ++level) {
    ++volume.rounds;
    volume.messages += others(levels.width(level));
    volume.spread += share(levels.width(level));
    volume.copied += level + 1 < levels.depth() ? 2 : 0;
  }
  return volume;
}

std::span<const Algorithm> algorithms() {
  return kAlgorithms;
}

std::span<const Method> methods() {
  return kMethods;
}

const Algorithm* find_algorithm(Collective role, std::string_view name) {
  return known(role, name);
}

const Method* find_method(Collective collective, std::string_view name) {
  for (const Method& method : kMethods) {
    if (method.collective == collective && method.name == name) return &method;
  }
  return nullptr;
}

}  // namespace tutti::plan
