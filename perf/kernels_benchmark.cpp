// How fast the kernels are next to what memory allows: memcpy, and f32 additions that have nothing to convert.
//
//   cmake --preset release -DTUTTI_PERF=ON && cmake --build --preset release -t kernels_benchmark
//   build/release/perf/kernels_benchmark --benchmark_filter='AVX3/bfloat16/.*/L2'     # perf/kernels.py makes tables of
//   it
//
// A line is INSTRUCTION_SET/TYPE/WHAT/WHERE; WHERE is the cache that holds all buffers of the line together. Kernel and
// limit take turns on the same buffers, so that what slows the machine down slows both. `share` is limit's time /
// kernel's, the median of all turns; `GBps` counts every byte that is read or written. The limit has as many buffers,
// and always the best instruction set.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstring>
#include <functional>
#include <new>
#include <string>
#include <vector>

#include "base/datatype.hpp"
#include "kernels/kernels.hpp"
#include "kernels/targets.hpp"
#include "perf/limits/stores.hpp"
// After targets.hpp, as in the kernels.
#include <hwy/highway.h>

namespace {

using tutti::DataType;
using tutti::ReduceOp;

constexpr double kTurnSeconds = 3e-4;
constexpr double kLineSeconds = 0.05;  // no turn begins after it
constexpr int kMostTurns = 15;
constexpr int kLeastTurns = 3;

/// All buffers of a line together.
struct Where {
  const char* name;
  std::size_t bytes;
};
constexpr std::array<Where, 4> kPlaces = {
    {{"L1", 24 << 10}, {"L2", 512 << 10}, {"LLC", 6 << 20}, {"memory", 96 << 20}}};

/// Memory that all lines share, so that none waits for new pages.
class Arena {
 public:
  Arena() : data_(static_cast<std::byte*>(::operator new(kPlaces.back().bytes, kAlignment))) {}
  ~Arena() { ::operator delete(data_, kAlignment); }
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  /// Buffers of `weights[i]` parts each, `bytes` together, aligned to lines; they hold a value near 1 in every type.
  std::vector<std::byte*> split(std::size_t bytes, const std::vector<std::size_t>& weights, std::size_t& part) {
    std::memset(data_, 0x3c, bytes);
    std::size_t parts = 0;
    for (const std::size_t weight : weights) parts += weight;
    part = bytes / parts / kLine * kLine;
    std::vector<std::byte*> buffers;
    std::byte* at = data_;
    for (const std::size_t weight : weights) {
      buffers.push_back(at);
      at += weight * part;
    }
    return buffers;
  }

 private:
  static constexpr std::size_t kLine = 64;
  static constexpr std::align_val_t kAlignment{4096};
  std::byte* data_;
};

/// What a line compares, and the bytes that a pass of either reads and writes.
struct Work {
  std::size_t bytes;
  std::function<void()> kernel;
  std::function<void()> limit;
};
using Prepare = std::function<Work(Arena& arena, std::size_t bytes)>;

double seconds(const std::function<void()>& pass, std::size_t passes) {
  const auto begin = std::chrono::steady_clock::now();
  for (std::size_t i = 0; i < passes; ++i) {
    pass();
    benchmark::ClobberMemory();
  }
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count() / static_cast<double>(passes);
}

std::size_t passes_of_a_turn(const std::function<void()>& pass) {
  const double first = seconds(pass, 1);
  if (first > kTurnSeconds) return 1;
  return static_cast<std::size_t>(std::max(1.0, kTurnSeconds / seconds(pass, 2)));
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

void by_turns(benchmark::State& state, const Prepare& prepare, const Where& where) {
  static Arena arena;
  const Work work = prepare(arena, where.bytes);
  const std::size_t passes = passes_of_a_turn(work.kernel);
  const std::size_t limit_passes = passes_of_a_turn(work.limit);
  std::vector<double> times;
  std::vector<double> limits;
  std::vector<double> shares;
  for (auto _ : state) {  // once
    double spent = 0;
    for (int turn = 0; turn < kMostTurns && (turn < kLeastTurns || spent < kLineSeconds); ++turn) {
      times.push_back(seconds(work.kernel, passes));
      limits.push_back(seconds(work.limit, limit_passes));
      shares.push_back(limits.back() / times.back());
      spent += times.back() * static_cast<double>(passes) + limits.back() * static_cast<double>(limit_passes);
    }
    state.SetIterationTime(median(times));
  }
  const auto bytes = static_cast<double>(work.bytes);
  state.counters["share"] = median(shares);
  state.counters["GBps"] = bytes / median(times) / 1e9;
  state.counters["limit_GBps"] = bytes / median(limits) / 1e9;
}

/// Selects an instruction set for the lookups of kernels while it lives; what they returned stays as it is.
class Selected {
 public:
  explicit Selected(std::int64_t set) { choose(set); }
  ~Selected() { choose(0); }
  Selected(const Selected&) = delete;
  Selected& operator=(const Selected&) = delete;

 private:
  static void choose(std::int64_t set) {
    hwy::SetSupportedTargetsForTest(set);
    hwy::GetChosenTarget().Update(hwy::SupportedTargets());
  }
};

Prepare reduce2(DataType type, ReduceOp op) {
  return [kernel = tutti::kernels::reduce2(type, op), type](Arena& arena, std::size_t bytes) -> Work {
    std::size_t size = 0;
    const auto buffers = arena.split(bytes, {1, 1, 1}, size);
    return {3 * size, [=] { kernel(buffers[0], buffers[1], buffers[2], size / size_of(type)); },
            [=] { tutti::limits::plain_stores().add(buffers[0], buffers[1], buffers[2], size); }};
  };
}

Prepare reduce2_in_place(DataType type, ReduceOp op) {
  return [kernel = tutti::kernels::reduce2(type, op), type](Arena& arena, std::size_t bytes) -> Work {
    std::size_t size = 0;
    const auto buffers = arena.split(bytes, {1, 1}, size);
    return {3 * size, [=] { kernel(buffers[0], buffers[0], buffers[1], size / size_of(type)); },
            [=] { tutti::limits::plain_stores().add(buffers[0], buffers[0], buffers[1], size); }};
  };
}

Prepare reduce_many(DataType type, ReduceOp op, std::size_t count, double divisor) {
  return [=, kernel = tutti::kernels::reduce_many(type, op)](Arena& arena, std::size_t bytes) -> Work {
    std::size_t size = 0;
    const auto buffers = arena.split(bytes, std::vector<std::size_t>(count + 1, 1), size);
    const std::vector<const void*> sources(buffers.begin() + 1, buffers.end());
    return {(count + 1) * size, [=] { kernel(buffers[0], sources, size / size_of(type), divisor); },
            [=] { tutti::limits::add_all(buffers[0], sources, size); }};
  };
}

/// From `from` to `to` elements; the limit copies as many bytes, from the first half of both buffers to the second.
template <class Kernel>
Prepare cast(Kernel kernel, DataType to, DataType from, double factor) {
  return [=](Arena& arena, std::size_t bytes) -> Work {
    std::size_t size = 0;
    const auto buffers = arena.split(bytes, {size_of(to), size_of(from)}, size);
    const std::size_t all = (size_of(to) + size_of(from)) * size;
    return {all, [=] { kernel(buffers[0], buffers[1], size, factor); },
            [=] { std::memcpy(buffers[0], buffers[0] + all / 2, all / 2); }};
  };
}

void add(const std::string& name, const Prepare& prepare) {
  for (const Where& where : kPlaces) {
    benchmark::RegisterBenchmark((name + "/" + where.name).c_str(), by_turns, prepare, where)
        ->Iterations(1)
        ->UseManualTime()
        ->Unit(benchmark::kMicrosecond);
  }
}

void add_all_of(const std::string& set, DataType type) {
  const DataType wide = accumulator_of(type);
  const auto line = [&](const std::string& what) { return set + "/" + std::string(to_string(type)) + "/" + what; };
  for (const ReduceOp op : {ReduceOp::sum, ReduceOp::prod, ReduceOp::max, ReduceOp::min})
    add(line(std::string(to_string(op))), reduce2(type, op));
  add(line("sum in place"), reduce2_in_place(type, ReduceOp::sum));
  add(line("sum of 3"), reduce_many(type, ReduceOp::sum, 3, 1));
  add(line("sum of 8"), reduce_many(type, ReduceOp::sum, 8, 1));
  add(line("max of 4"), reduce_many(type, ReduceOp::max, 4, 1));
  add(line("avg of 3"), reduce_many(type, ReduceOp::avg, 3, 3));
  add(line("avg of 4"), reduce_many(type, ReduceOp::avg, 4, 4));
  add(line("widen"), cast(tutti::kernels::widen(type), wide, type, 1));
  add(line("times 3"), cast(tutti::kernels::widen(type), wide, type, 3));
  add(line("narrow"), cast(tutti::kernels::narrow(type), type, wide, 1));
  add(line("by 3"), cast(tutti::kernels::narrow(type), type, wide, 3));
}

}  // namespace

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  benchmark::AddCustomContext("instruction_set", tutti::kernels::instruction_set());
  const std::int64_t sets = HWY_TARGETS & (hwy::SupportedTargets() | HWY_STATIC_TARGET);
  for (std::int64_t left = sets; left != 0; left &= left - 1) {
    const Selected selected(left & -left);
    for (const DataType type : tutti::kDataTypes) add_all_of(tutti::kernels::instruction_set(), type);
  }
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
  return 0;
}
