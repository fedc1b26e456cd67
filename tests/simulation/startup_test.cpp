// A job of thousands of ranks starts in one process: the real meeting protocol over a virtual network, the
// communicators, and their first call. Counts are what is proven; times are printed, and are those of all ranks
// together on one core.
#include <gtest/gtest.h>
#include <malloc.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <map>
#include <memory>
#include <set>
#include <utility>
#include <vector>

#include "plan/select/select.hpp"
#include "virtual_job.hpp"

namespace tutti {
namespace {

constexpr std::int32_t kOnNode = 8;

double seconds_since(std::chrono::steady_clock::time_point begin) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

// Of all ranks, up to some moment.
struct Costs {
  std::size_t most_messages = 0;  // of the busiest rank
  std::size_t most_links = 0;     // at once
  double messages = 0;            // of a rank, on average
  double bytes = 0;
  double middle_bytes = 0;  // of the rank in the middle
};

Costs costs_of(const bootstrap::VirtualCluster& cluster) {
  Costs costs;
  std::vector<std::size_t> bytes;
  const auto ranks = static_cast<double>(cluster.size() - 1);
  for (std::size_t id = 1; id < cluster.size(); ++id) {
    const auto& seat = cluster.seat(id);
    const std::size_t messages = seat.messages_sent + seat.messages_received;
    bytes.push_back(seat.bytes_sent + seat.bytes_received);
    costs.most_messages = std::max(costs.most_messages, messages);
    costs.most_links = std::max(costs.most_links, seat.most_links);
    costs.messages += static_cast<double>(messages) / ranks;
    costs.bytes += static_cast<double>(bytes.back()) / ranks;
  }
  std::nth_element(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(bytes.size() / 2), bytes.end());
  costs.middle_bytes = static_cast<double>(bytes[bytes.size() / 2]);
  return costs;
}

struct Start {
  Costs met;
  Costs founded;
  double meet_s = 0;
  double found_s = 0;
  double call_s = 0;       // the first all-reduce
  double virtual_ms = 0;   // what meeting and founding would have taken on the network
  double state_bytes = 0;  // of a communicator that has made one call
  std::size_t most_paths = 0;
};

std::size_t heap_bytes() {
  return ::mallinfo2().uordblks + ::mallinfo2().hblkhd;
}

Start start(std::int32_t ranks) {
  Start start;
  auto begin = std::chrono::steady_clock::now();
  const auto lap = [&] {
    const double seconds = seconds_since(begin);
    begin = std::chrono::steady_clock::now();
    return seconds;
  };
  VirtualJob job(ranks, kOnNode);
  const TimePoint from = job.cluster().now();
  const Status met = job.meet();
  EXPECT_TRUE(met) << met.error().text;
  start.meet_s = lap();
  start.met = costs_of(job.cluster());

  Config config;
  config.tuning = "off";
  const std::size_t before = heap_bytes();
  const Status founded = met ? job.found(config) : met;
  EXPECT_TRUE(founded) << founded.error().text;
  if (!founded) return start;
  start.found_s = lap();
  start.founded = costs_of(job.cluster());
  start.virtual_ms = std::chrono::duration<double, std::milli>(job.cluster().now() - from).count();

  std::vector<double> values(static_cast<std::size_t>(ranks));
  std::vector<double> sums(values.size());
  for (std::size_t rank = 0; rank < values.size(); ++rank) values[rank] = static_cast<double>(rank);
  lap();
  const Status summed = job.run([&](std::int32_t rank) {
    const auto at = static_cast<std::size_t>(rank);
    return comm::CollectiveCall{.collective = plan::Collective::all_reduce,
                                .in = reinterpret_cast<const std::byte*>(&values[at]),
                                .out = reinterpret_cast<std::byte*>(&sums[at]),
                                .count = 1,
                                .type = DataType::f64,
                                .op = {}};
  });
  EXPECT_TRUE(summed) << summed.error().text;
  start.call_s = lap();
  start.state_bytes = static_cast<double>(heap_bytes() - before) / ranks;
  EXPECT_TRUE(std::ranges::all_of(sums, [&](double sum) { return sum == 0.5 * ranks * (ranks - 1); }));
  for (std::int32_t rank = 0; rank < ranks; rank += std::max(1, ranks / 16)) {
    std::size_t paths = 0;
    for (std::int32_t peer = 0; peer < ranks; ++peer)
      paths += peer != rank && job.communicator(rank).way_to(to_rank(peer)).transport != nullptr ? 1 : 0;
    start.most_paths = std::max(start.most_paths, paths);
  }
  return start;
}

TEST(Startup, CommunicatorsCostARankTheLogarithmOfTheWorld) {
  std::map<std::int32_t, Start> starts;
  for (const std::int32_t ranks : {64, 512, 4096}) {
    const Start& one = starts[ranks] = start(ranks);
    std::printf(
        "%5d ranks: a rank %.1f messages, %.0f bytes (the middle one %.0f); the busiest %zu messages, %zu links at "
        "once; "
        "%.1f ms virtual; %.0f bytes of state, %zu paths\n",
        ranks, one.founded.messages, one.founded.bytes, one.founded.middle_bytes, one.founded.most_messages,
        one.founded.most_links, one.virtual_ms, one.state_bytes, one.most_paths);
    std::printf("      here: %.2f s to meet, %.2f s for communicators, %.2f s for the first all-reduce\n", one.meet_s,
                one.found_s, one.call_s);
  }
  const Start& small = starts[64];
  const Start& middle = starts[512];
  const Start& large = starts[4096];
  // Eight times as many ranks cost a rank what eight times as many cost before, and not eight times as much.
  EXPECT_LE(large.founded.messages - middle.founded.messages, middle.founded.messages - small.founded.messages + 4);
  EXPECT_LE(large.founded.bytes, 1.5 * middle.founded.bytes);
  EXPECT_LE(large.founded.middle_bytes, 1.1 * middle.founded.middle_bytes);
  EXPECT_LE(large.founded.most_links, 64U);
  EXPECT_LE(large.founded.most_messages, 600U);
  EXPECT_LE(large.most_paths, 3 * 12U);  // log2 of 4096
  EXPECT_LT(large.state_bytes, 256 * 1024);
  EXPECT_LT(large.virtual_ms, 2000);
}

TEST(Startup, ACommunicatorOf98304RanksIsSmall) {
  constexpr std::int32_t kRanks = 98304;
  constexpr std::int32_t kStep = kRanks / 16;
  const auto begin = std::chrono::steady_clock::now();
  VirtualJob job(kRanks, kOnNode);
  const TimePoint from = job.cluster().now();
  const Status met = job.meet();
  ASSERT_TRUE(met) << met.error().text;
  Config config;
  config.tuning = "off";
  const Status founded = job.found(config, kStep);
  ASSERT_TRUE(founded) << founded.error().text;
  const Costs costs = costs_of(job.cluster());
  const double virtual_ms = std::chrono::duration<double, std::milli>(job.cluster().now() - from).count();
  const double start_s = seconds_since(begin);
  const auto planning = std::chrono::steady_clock::now();
  std::vector<float> vector(1 << 20);
  for (std::int32_t number = 0; number < kRanks / kStep; ++number) {
    for (const std::uint64_t count : {2U, 1U << 14U, 1U << 20U}) {
      const comm::CollectiveCall call{.collective = plan::Collective::all_reduce,
                                      .in = reinterpret_cast<const std::byte*>(vector.data()),
                                      .out = reinterpret_cast<std::byte*>(vector.data()),
                                      .count = count,
                                      .op = {}};
      ASSERT_TRUE(job.communicator(number).begin(call, TimePoint{}));  // chosen and lowered; nobody answers
    }
  }
  const double plans_ms = seconds_since(planning) * 1e3 / (kRanks / kStep);
  std::size_t most_lasting = 0;
  for (std::size_t id = 0; id < job.cluster().size(); ++id)
    most_lasting = std::max(most_lasting, job.cluster().seat(id).links);
  const std::size_t before = heap_bytes();
  job.end();
  const double state = static_cast<double>(before - heap_bytes()) / (kRanks / kStep);
  std::printf(
      "%d ranks: a rank %.1f messages, %.0f bytes (the middle one %.0f); the busiest %zu messages, %zu links that "
      "last; "
      "%.1f ms virtual, %.1f s here; three plans take a rank %.1f ms; with them it holds %.0f bytes\n",
      kRanks, costs.messages, costs.bytes, costs.middle_bytes, costs.most_messages, most_lasting, virtual_ms, start_s,
      plans_ms, state);
  EXPECT_LE(most_lasting, 64U);
  EXPECT_LE(costs.messages, 20);
  EXPECT_LE(costs.bytes, 2000);
  EXPECT_LT(virtual_ms, 2000);
  EXPECT_LE(state, 1 << 22);
}

TEST(Startup, ARankOf4096KnowsFewPeersAndHoldsASmallProgram) {
  constexpr std::int32_t kRanks = 4096;
  const auto begin = std::chrono::steady_clock::now();
  const auto levels = std::make_shared<const topology::Levels>(
      topology::Levels::regular(std::array<std::int32_t, 2>{kOnNode, kRanks / kOnNode}).value());
  const auto fabric = topology::assumed_fabric(levels);
  const plan::Query query{.collective = plan::Collective::all_reduce, .count = 2};
  const auto selection = plan::select(query, fabric, {});
  ASSERT_TRUE(selection);
  std::vector<plan::Program> programs;
  std::size_t most_peers = 0;
  std::size_t most_bytes = 0;
  for (std::int32_t rank = 0; rank < kRanks; ++rank) {
    programs.push_back(lower(selection->plan, Rank{rank}, false));
    std::set<Rank> peers;
    for (const plan::Step& step : programs.back().steps) {
      if (step.moves()) peers.insert(step.peer);
    }
    most_peers = std::max(most_peers, peers.size());
    most_bytes = std::max(most_bytes, programs.back().steps.size() * sizeof(plan::Step) +
                                          programs.back().successors.size() * sizeof(plan::Edge));
  }
  const double planned_s = seconds_since(begin);
  EXPECT_LE(most_peers, 40U);
  EXPECT_LE(most_bytes, std::size_t{1} << 14);
  EXPECT_LE(plan::template_bytes(selection->plan), 4096U);
  std::printf("%d ranks: %.2f s to choose and lower; at most %zu peers and %zu bytes of program a rank (%s)\n", kRanks,
              planned_s, most_peers, most_bytes, way_of(selection->plan).c_str());
}

}  // namespace
}  // namespace tutti
