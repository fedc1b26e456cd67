// How fast the kernels are next to the machine's limits: memcpy, and an f32 addition as the compiler makes it.
//
//   cmake --preset release -DTUTTI_PERF=ON && cmake --build --preset release -t kernels_benchmark
//   build/release/perf/kernels_benchmark --benchmark_filter='sum'
//
// A buffer has 16 KiB (three of them are in L1 or nearly), 256 KiB (L2) or 64 MiB (memory). `bytes_per_second` counts
// every byte read or written, so that all lines of a size compare; memcpy counts its read and its write.
#include <benchmark/benchmark.h>

#include <array>
#include <cstddef>
#include <cstring>
#include <new>
#include <string>
#include <vector>

#include "base/datatype.hpp"
#include "kernels/kernels.hpp"

namespace {

using tutti::DataType;
using tutti::ReduceOp;

/// Pages are touched, and hold a value near 1 in every type.
class Buffer {
 public:
  explicit Buffer(std::size_t size) : data_(static_cast<std::byte*>(::operator new(size, kAlignment))) {
    std::memset(data_, 0x3c, size);
  }
  ~Buffer() { ::operator delete(data_, kAlignment); }
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;
  std::byte* get() { return data_; }

 private:
  static constexpr std::align_val_t kAlignment{4096};
  std::byte* data_;
};

void count_bytes(benchmark::State& state, std::size_t per_iteration) {
  state.SetBytesProcessed(static_cast<std::int64_t>(per_iteration) * static_cast<std::int64_t>(state.iterations()));
}

std::size_t buffer_bytes(const benchmark::State& state) {
  return static_cast<std::size_t>(state.range(0));
}

void limit_memcpy(benchmark::State& state) {
  Buffer out(buffer_bytes(state));
  Buffer in(buffer_bytes(state));
  for (auto _ : state) {
    std::memcpy(out.get(), in.get(), buffer_bytes(state));
    benchmark::ClobberMemory();
  }
  count_bytes(state, 2 * buffer_bytes(state));
}

void limit_f32_add(benchmark::State& state) {
  const std::size_t n = buffer_bytes(state) / sizeof(float);
  std::vector<float> out(n);
  const std::vector<float> left(n, 1.0F);
  const std::vector<float> right(n, 2.0F);
  for (auto _ : state) {
    for (std::size_t i = 0; i < n; ++i) out[i] = left[i] + right[i];
    benchmark::DoNotOptimize(out.data());
    benchmark::ClobberMemory();
  }
  count_bytes(state, 3 * buffer_bytes(state));
}

void reduce_two(benchmark::State& state, DataType type, ReduceOp op) {
  Buffer out(buffer_bytes(state));
  Buffer left(buffer_bytes(state));
  Buffer right(buffer_bytes(state));
  const auto kernel = tutti::kernels::reduce2(type, op);
  for (auto _ : state) {
    kernel(out.get(), left.get(), right.get(), buffer_bytes(state) / size_of(type));
    benchmark::ClobberMemory();
  }
  count_bytes(state, 3 * buffer_bytes(state));
}

void average_of_four(benchmark::State& state, DataType type) {
  Buffer out(buffer_bytes(state));
  Buffer a(buffer_bytes(state));
  Buffer b(buffer_bytes(state));
  Buffer c(buffer_bytes(state));
  Buffer d(buffer_bytes(state));
  const std::array<const void*, 4> sources = {a.get(), b.get(), c.get(), d.get()};
  const auto kernel = tutti::kernels::reduce_many(type, ReduceOp::avg);
  for (auto _ : state) {
    kernel(out.get(), sources, buffer_bytes(state) / size_of(type), 4);
    benchmark::ClobberMemory();
  }
  count_bytes(state, 5 * buffer_bytes(state));
}

/// range(0) is the size of the buffer in the accumulator's type, the larger one.
void cast(benchmark::State& state, DataType type, bool widens) {
  const std::size_t n = buffer_bytes(state) / size_of(accumulator_of(type));
  Buffer wide(buffer_bytes(state));
  Buffer low(n * size_of(type));
  for (auto _ : state) {
    if (widens) {
      tutti::kernels::widen(type)(wide.get(), low.get(), n, 1);
    } else {
      tutti::kernels::narrow(type)(low.get(), wide.get(), n, 1);
    }
    benchmark::ClobberMemory();
  }
  count_bytes(state, buffer_bytes(state) + n * size_of(type));
}

template <class Function, class... Arguments>
void add(const std::string& name, Function function, Arguments... arguments) {
  auto* line = benchmark::RegisterBenchmark(name.c_str(), function, arguments...);
  for (const std::int64_t size : {16 << 10, 256 << 10, 64 << 20}) line->Arg(size);
}

}  // namespace

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  benchmark::AddCustomContext("instruction_set", tutti::kernels::instruction_set());
  add("limit/memcpy", limit_memcpy);
  add("limit/f32_add", limit_f32_add);
  for (const DataType type : tutti::kDataTypes) {
    const std::string name(to_string(type));
    for (const ReduceOp op : {ReduceOp::sum, ReduceOp::prod, ReduceOp::max, ReduceOp::min}) {
      add("reduce2/" + name + "/" + std::string(to_string(op)), reduce_two, type, op);
    }
    add("reduce_many/" + name + "/avg4", average_of_four, type);
    if (is_low_precision(type)) {
      add("widen/" + name, cast, type, true);
      add("narrow/" + name, cast, type, false);
    }
  }
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
  return 0;
}
