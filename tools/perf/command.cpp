#include "tools/perf/command.hpp"

#include <memory>

#include "tools/perf/benchmark.hpp"
#include "tools/perf/compare/peer.hpp"
#include "tools/perf/moe/command.hpp"
#include "tools/perf/p2p/command.hpp"
#include "tools/perf/size_text.hpp"

namespace tutti::perf {
namespace {

constexpr const char* kExamples = R"(
Flags, columns and closing lines are nccl-tests', on host memory. Without a launcher there is one rank; `tutti run`, mpirun and
srun start more. SIZE takes K, M and G. algbw is bytes / time; busbw is that times 2(n-1)/n for all_reduce, (n-1)/n for the
collectives of blocks (all_gather, reduce_scatter, gather, scatter, all_to_all and their V-variants), and 1 for the others. The
V-variants (*_v) take blocks of 0, 1 and 2 times the mean, by turns; all_to_all_v of half of that, and its bytes are the busiest
rank's. The table's time is the mean of the iterations, put together over ranks by
-a; the times in -J are those of each iteration's slowest rank. Results are compared bit by bit: #wrong counts elements over all
ranks, and makes the exit code 1. So does an average bus bandwidth below 0.9 * NCCL_TESTS_MIN_BW, if that is set.

Examples:
  tutti run -n 2 -- tutti perf all_reduce -b 8 -e 64M -f 2
  tutti run -n 8 --nodes 2 -- tutti perf reduce_scatter -b 1K -e 1M -f 4 -d all -o all
  tutti run -n 6 -- tutti perf all_to_all_v -b 1K -e 16M -f 4
  mpirun -n 4 tutti perf all_gather -b 1M -e 1G -f 2 -J gather.json --plot gather.svg
  tutti run -n 8 --nodes 2 -- tutti perf all_reduce -b 1K -e 16M -f 4 --tune here.json
  mpirun -n 2 --bind-to core tutti perf all_reduce -b 8 -e 64M -f 2 --compare mpi --plot against.svg
  tutti run -n 2 -- tutti perf p2p                   # the wire alone: see tutti perf p2p --help
  tutti run -n 8 -- tutti perf moe --tokens 512      # dispatch and combine: see tutti perf moe --help
  tutti perf all_reduce -t 4 -b 8 -e 1M -f 8 -z 0    # 4 ranks as threads of one process, calls queued on a stream)";

void add_sweep(CLI::App& command, Options& options) {
  command.add_option("-b,--minbytes", options.min_bytes, "Smallest size")->transform(size_text())->default_str("32M");
  command.add_option("-e,--maxbytes", options.max_bytes, "Largest size")->transform(size_text())->default_str("32M");
  command.add_option("-i,--stepbytes", options.step_bytes, "Step between sizes")
      ->transform(size_text())
      ->default_str("1M");
  command.add_option("-f,--stepfactor", options.factor, "Factor between sizes, instead of the step")
      ->check(CLI::Range(std::size_t{2}, std::size_t{1} << 40));
  command
      .add_option("-d,--datatype", options.type,
                  "Type, types with commas, or all: int8 uint8 int32 uint32 int64 "
                  "uint64 half float double bfloat16 f8e4m3 f8e5m2")
      ->capture_default_str();
  command.add_option("-o,--op", options.op, "Operator, operators with commas, or all: sum prod max min avg mulsum")
      ->capture_default_str();
  command.add_option("-r,--root", options.root, "Root rank, or all")->capture_default_str();
}

void add_repetition(CLI::App& command, Options& options) {
  const auto at_least = [](int low) { return CLI::Range(low, 1 << 30); };
  command.add_option("-n,--iters", options.iterations, "Measured iterations")
      ->capture_default_str()
      ->check(at_least(1));
  command.add_option("-m,--agg_iters", options.aggregated, "Calls an iteration, in one group")
      ->capture_default_str()
      ->check(at_least(1));
  command.add_option("-w,--warmup_iters", options.warmups, "Iterations before")
      ->capture_default_str()
      ->check(at_least(0));
  command.add_option("-N,--run_cycles", options.cycles, "Times that the whole sweep is run; 0: for ever")
      ->capture_default_str()
      ->check(at_least(0));
  command.add_option("-c,--check", options.checks, "Checked calls a size; 0: none")
      ->capture_default_str()
      ->check(at_least(0));
  command.add_option("-t,--nthreads", options.threads, "Ranks in each process, a thread each")
      ->capture_default_str()
      ->check(CLI::Range(1, 4096));
  command
      .add_option("-z,--blocking", options.blocking,
                  "1: each call returns when it is complete; 0: calls are queued on "
                  "a stream, and only the end of all iterations is timed")
      ->capture_default_str();
  command
      .add_option("-R,--local_register", options.windows,
                  "1: buffers are windows (tuttiMemAlloc, tuttiWindowRegister), which peers reach where they lie; "
                  "0: ordinary memory")
      ->capture_default_str();
  command.add_option("-T,--timeout", options.timeout_seconds, "Deadline of a call in seconds; 0: TUTTI_TIMEOUT")
      ->capture_default_str()
      ->check(CLI::Range(0, 1 << 20));
}

void add_output(CLI::App& command, Options& options, int& average) {
  command.add_option("-a,--average", average, "The table's time over ranks: 0 rank 0's, 1 mean, 2 min, 3 max")
      ->capture_default_str()
      ->check(CLI::Range(0, 3));
  command.add_flag("-I,--per_iter_timing", options.per_iteration,
                   "Also show each iteration's slowest rank: min, max, p99, variation");
  command.add_flag("-S,--report_timestamps", options.timestamps, "Put the time of day behind each row");
  command.add_option("-J,--output_file", options.json_file, "Write the results as JSON (schema tutti.perf/1) to FILE")
      ->type_name("FILE");
  command
      .add_option("--plot", options.plot_file, "Draw time and bus bandwidth over size to FILE, .svg or .png (gnuplot)")
      ->type_name("FILE");
  command
      .add_option("--tune", options.tune_file,
                  "Measure the best few ways against each other, and keep the winners in FILE, for TUTTI_TUNING")
      ->type_name("FILE");
  command.add_option("--tune-ways", options.tuned_ways, "How many ways")
      ->capture_default_str()
      ->check(CLI::Range(1, 64));
  command
      .add_option("--compare", options.peer,
                  "Make the same calls with another library, by turns in the same processes: mpi (of the mpirun that "
                  "started the job), openmpi, mpich or gloo")
      ->check(CLI::IsMember(peer_names()))
      ->type_name("PEER");
  command
      .add_option("--limits", options.limits_file,
                  "Show beside the results what the cores could do at best, by a file of perf/limits --json")
      ->type_name("FILE");
}

}  // namespace

void add_command(CLI::App& app, int& exit_code) {
  auto options = std::make_shared<Options>();
  auto name = std::make_shared<std::string>();
  auto average = std::make_shared<int>(1);
  CLI::App* command = app.add_subcommand("perf", "Measure and check a collective, as nccl-tests does");
  command->footer(kExamples);
  std::vector<std::string> names;
  names.reserve(std::size(kCollectives));
  for (const auto& collective : kCollectives) names.emplace_back(collective.name);
  for (const auto& [other, usual] : kOtherNames) names.emplace_back(other);
  CLI::App* const p2p = p2p::add_command(*command, exit_code);
  CLI::App* const moe = moe::add_command(*command, exit_code);
  command->add_option("collective", *name, "What to measure")->check(CLI::IsMember(names));
  add_sweep(*command, *options);
  add_repetition(*command, *options);
  add_output(*command, *options, *average);
  command->callback([options, name, average, p2p, moe, &exit_code] {
    if (p2p->parsed() || moe->parsed()) return;
    if (name->empty()) throw CLI::RequiredError("collective");
    options->collective = *find_collective(*name);
    options->average = static_cast<Average>(*average);
    exit_code = benchmark(*options);
  });
}

}  // namespace tutti::perf
