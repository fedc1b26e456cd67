#include "tools/perf/p2p/command.hpp"

#include <memory>

#include "tools/perf/exit_code.hpp"
#include "tools/perf/p2p/benchmark.hpp"
#include "tools/perf/size_text.hpp"

namespace tutti::perf::p2p {
namespace {

constexpr const char* kExplanation = R"(
What the wire between two ranks gives, without any collective: the other ranks sleep. Times are taken at rank --from.
  latency        half of a message there and back: least, median and 99th percentile of -n round trips
  bandwidth      a window of messages one way, and an acknowledgement; mean of -n windows
  bidirectional  a window each way at once; both directions together
  rate           windows one way without a pause between them; millions of messages a second
GB is 1e9 bytes. A window has --window messages, or fewer where they would be more than 16M together. The table's head says
which path carried the messages; TUTTI_TRANSPORTS=shm, ucx or ofi, and TUTTI_IFACE or UCX_NET_DEVICES, choose another.
Contents are compared byte by byte in every mode: a wrong byte makes the exit code 1.

Examples:
  tutti run -n 2 -- tutti perf p2p
  TUTTI_TRANSPORTS=ucx tutti run -n 4 --nodes 2 -- tutti perf p2p --mode latency,bandwidth --from 1 --to 2
  mpirun -n 16 --hostfile hosts tutti perf p2p --mode bandwidth -b 64K -e 64M -f 4 -J wire.json)";

void add_pair(CLI::App& command, Options& options) {
  command.add_option("--from", options.from, "The rank that sends first, takes the times and reports")
      ->capture_default_str();
  command.add_option("--to", options.to, "The other rank")->default_str("last");
  command.add_option("--window", options.window, "Messages on their way at once")
      ->capture_default_str()
      ->check(CLI::Range(1, 1 << 16));
}

void add_sweep(CLI::App& command, perf::Options& sweep) {
  const auto between = [](int low, int high) { return CLI::Range(low, high); };
  command.add_option("-b,--minbytes", sweep.min_bytes, "Smallest message")->transform(size_text())->default_str("1");
  command.add_option("-e,--maxbytes", sweep.max_bytes, "Largest message")->transform(size_text())->default_str("4M");
  command.add_option("-f,--stepfactor", sweep.factor, "Factor between sizes")
      ->capture_default_str()
      ->check(CLI::Range(std::size_t{2}, std::size_t{1} << 40));
  command.add_option("-n,--iters", sweep.iterations, "Measured round trips, or windows")
      ->capture_default_str()
      ->check(between(1, 1 << 24));  // each one's time is kept
  command.add_option("-w,--warmup_iters", sweep.warmups, "Round trips, or windows, before")
      ->capture_default_str()
      ->check(between(0, 1 << 30));
  command.add_option("-c,--check", sweep.checks, "Checked round trips, or windows, a mode and size; 0: none")
      ->capture_default_str()
      ->check(between(0, 1 << 30));
  command.add_option("-T,--timeout", sweep.timeout_seconds, "Deadline of a call in seconds; 0: TUTTI_TIMEOUT")
      ->capture_default_str()
      ->check(between(0, 1 << 20));
  command.add_option("-J,--output_file", sweep.json_file, "Write the results as JSON (schema tutti.p2p/1) to FILE")
      ->type_name("FILE");
}

// They would be meant for the messages, and not be heeded.
void refuse_options_before(const CLI::App& perf) {
  for (const CLI::Option* option : perf.get_options()) {
    if (option->count() > 0) throw CLI::ArgumentMismatch(option->get_name() + " goes behind p2p");
  }
}

}  // namespace

CLI::App* add_command(CLI::App& perf, int& exit_code) {
  auto options = std::make_shared<Options>();
  auto modes = std::make_shared<std::string>("all");
  CLI::App* command = perf.add_subcommand("p2p", "Measure and check messages between two ranks, as osu_bw does");
  command->footer(kExplanation);
  command->add_option("--mode", *modes, "latency, bandwidth, bidirectional, rate: one, several with commas, or all")
      ->capture_default_str();
  add_pair(*command, *options);
  add_sweep(*command, options->sweep);
  command->callback([options, modes, &perf, &exit_code] {
    refuse_options_before(perf);
    auto parsed = parse_modes(*modes);
    if (!parsed) {
      exit_code = complain("", parsed.error());
      return;
    }
    options->modes = std::move(parsed).value();
    exit_code = benchmark(*options);
  });
  return command;
}

}  // namespace tutti::perf::p2p
