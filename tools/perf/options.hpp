// What a user asks `tutti perf` to do. Names and defaults are nccl-tests'.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/datatype.hpp"
#include "base/result.hpp"
#include "tools/perf/collective.hpp"

namespace tutti::perf {

enum class Average : std::uint8_t { rank0 = 0, mean = 1, min = 2, max = 3 };

struct Options {
  Collective collective = kCollectives[0];
  std::size_t min_bytes = std::size_t{32} << 20;
  std::size_t max_bytes = std::size_t{32} << 20;
  std::size_t step_bytes = std::size_t{1} << 20;
  std::size_t factor = 1;  // above 1 it replaces the step
  int iterations = 20;
  int aggregated = 1;  // calls an iteration, in one group
  int warmups = 1;
  int cycles = 1;  // 0: for ever
  int checks = 1;
  std::string type = "float";
  std::string op = "sum";
  std::string root = "0";
  bool blocking = true;
  bool windows = false;  // memory of tuttiMemAlloc, registered
  int threads = 1;
  Average average = Average::mean;
  int timeout_seconds = 0;  // 0: the library's
  bool per_iteration = false;
  bool timestamps = false;
  std::string json_file;
  std::string plot_file;
  std::string tune_file;
  int tuned_ways = 6;
  std::string peer;         // mpi, openmpi, mpich or gloo; empty: none
  std::string limits_file;  // tutti.limits/1
};

/// One series of the table: what stays the same while the size grows.
struct Case {
  DataType type = DataType::f32;
  ReduceOp op = ReduceOp::sum;
  int root = 0;
};

/// The sizes from min to max, as nccl-tests steps through them.
std::vector<std::size_t> sizes_of(const Options& options);

/// The types, operators and roots that are meant by names, by `all` and by commas. Collectives without an operator or a
/// root have one case for each type. Fails with invalid_argument on an unknown name or a root that is no rank.
Result<std::vector<Case>> cases_of(const Options& options, int ranks);

}  // namespace tutti::perf
