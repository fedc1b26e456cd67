// What planning costs a rank of a large cluster: the search for a plan, and lowering it for one rank.
//
//   cmake --preset release -DTUTTI_PERF=ON && cmake --build --preset release -t plan_benchmark
//   build/release/perf/plan_benchmark
//
// Contracts at 98,304 ranks with 4 levels: 20 ms to choose, 100 us to lower. `steps` are those of the rank.
#include <benchmark/benchmark.h>

#include <cstdint>
#include <memory>
#include <string>

#include "plan/plan.hpp"
#include "plan/select/select.hpp"
#include "topology/fabric/fabric.hpp"

namespace {

using namespace tutti;

topology::Fabric fabric(const char* levels) {
  return topology::assumed_fabric(std::make_shared<const topology::Levels>(topology::Levels::parse(levels).value()));
}

plan::Query all_reduce_of(std::int64_t bytes) {
  return {.collective = plan::Collective::all_reduce, .count = static_cast<std::uint64_t>(bytes) / sizeof(float)};
}

void choose(benchmark::State& state, const char* levels) {
  const auto cluster = fabric(levels);
  for (auto _ : state) benchmark::DoNotOptimize(plan::select(all_reduce_of(state.range(0)), cluster, {}));
}

void lower(benchmark::State& state, const char* levels) {
  const auto cluster = fabric(levels);
  const auto selection = plan::select(all_reduce_of(state.range(0)), cluster, {}).value();
  std::uint32_t steps = 0;
  for (auto _ : state) {
    const auto program = plan::lower(selection.plan, Rank{cluster.ranks() / 3}, false);
    benchmark::DoNotOptimize(program.steps.data());
    steps = program.size();
  }
  state.counters["steps"] = steps;
}

constexpr auto kMicroseconds = benchmark::kMicrosecond;
BENCHMARK_CAPTURE(choose, 256x384, "256x384")->Arg(8)->Arg(1 << 30)->Unit(kMicroseconds);
BENCHMARK_CAPTURE(choose, 8x32x12x32, "8x32x12x32")->Arg(8)->Arg(1 << 30)->Unit(kMicroseconds);
BENCHMARK_CAPTURE(lower, 256x384, "256x384")->Arg(8)->Arg(1 << 30)->Unit(kMicroseconds);
BENCHMARK_CAPTURE(lower, 8x32x12x32, "8x32x12x32")->Arg(8)->Arg(1 << 30)->Unit(kMicroseconds);

}  // namespace

BENCHMARK_MAIN();
