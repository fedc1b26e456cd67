#include "tools/perf/moe/command.hpp"

#include <memory>

#include "tools/perf/exit_code.hpp"
#include "tools/perf/moe/benchmark.hpp"
#include "tools/perf/size_text.hpp"

namespace tutti::perf::moe {
namespace {

constexpr const char* kExplanation = R"(
Tokens go to their experts' ranks and results come back. How tokens choose:
  uniform        any --topk experts
  group-limited  any of those on --groups nodes, which each token draws
  log-normal     experts are liked unevenly: exp(--sigma * normal)
  zipf           the n-th expert is liked 1 / n^--exponent
  k-hot          every token chooses the same experts
  replay         a line of --replay FILE a token: its experts, with spaces between them
Choices are drawn from --seed by counting: a run can be repeated.
plan, disp, comb are times of one call each, of each iteration's slowest rank. wire is what plan, dispatch and combine sent
between nodes (on one node: between ranks), with all headers; LB is what cannot be fewer: each token's row once for each node
(rank) that has one of its experts, and back. amp is wire / LB. LB_us is the time for that at bandwidths which plain messages
reached in this run, and frac is LB_us over dispatch and combine. skew is the busiest rank's rows over the mean.
Results are compared before and after the timing: a wrong one makes the exit code 1.

Examples:
  tutti run -n 8 -- tutti perf moe --tokens 512 --hidden 2048 --routing all
  tutti run -n 8 --nodes 2 -- tutti perf moe --tokens 128 --route hierarchical -J moe.json
  mpirun -n 32 --hostfile hosts tutti perf moe --routing replay --replay routes.txt)";

void add_batch(CLI::App& command, Options& options, std::string& routing) {
  command
      .add_option("--routing", routing,
                  "uniform, group-limited, log-normal, zipf, k-hot, replay: one, several with commas, or all")
      ->capture_default_str();
  command.add_option("--tokens", options.tokens, "Tokens a rank")
      ->capture_default_str()
      ->check(CLI::Range(std::int64_t{0}, std::int64_t{1} << 24));
  command.add_option("--hidden", options.hidden, "Elements of a row")
      ->capture_default_str()
      ->check(CLI::Range(std::size_t{1}, std::size_t{1} << 20));
  command.add_option("--experts", options.experts, "Experts, of all ranks together")
      ->capture_default_str()
      ->check(CLI::Range(1, 1 << 16));
  command.add_option("--topk", options.topk, "Experts of a token")->capture_default_str()->check(CLI::Range(1, 4096));
  command.add_option("--groups", options.groups, "group-limited: nodes")
      ->capture_default_str()
      ->check(CLI::Range(1, 1 << 16));
  command.add_option("--sigma", options.sigma, "log-normal: spread")->capture_default_str();
  command.add_option("--exponent", options.exponent, "zipf: exponent")->capture_default_str();
  command.add_option("--replay", options.replay_file, "replay: a line a token")->type_name("FILE");
  command.add_option("--seed", options.seed, "Of all choices")->capture_default_str();
}

void add_way(CLI::App& command, Options& options) {
  command.add_option("-d,--datatype", options.type, "Of activations: float, half, bfloat16")
      ->capture_default_str()
      ->check(CLI::IsMember({"float", "half", "bfloat16"}));
  command.add_option("--wire", options.wire, "Of results on their way: float, half, bfloat16, f8")
      ->capture_default_str()
      ->check(CLI::IsMember({"float", "half", "bfloat16", "f8"}));
  command.add_option("--route", options.route, "auto, direct, hierarchical")
      ->capture_default_str()
      ->check(CLI::IsMember({"auto", "direct", "hierarchical"}));
  command.add_option("--staging", options.staging, "Memory for rows on their way")
      ->transform(size_text())
      ->default_str("64M");
}

void add_sweep(CLI::App& command, perf::Options& sweep) {
  const auto between = [](int low, int high) { return CLI::Range(low, high); };
  command.add_option("-n,--iters", sweep.iterations, "Measured iterations")
      ->capture_default_str()
      ->check(between(1, 1 << 20));
  command.add_option("-w,--warmup_iters", sweep.warmups, "Iterations before")
      ->capture_default_str()
      ->check(between(0, 1 << 20));
  command.add_option("-c,--check", sweep.checks, "0: do not compare results")
      ->capture_default_str()
      ->check(between(0, 1));
  command.add_option("-T,--timeout", sweep.timeout_seconds, "Deadline of a call in seconds; 0: TUTTI_TIMEOUT")
      ->capture_default_str()
      ->check(between(0, 1 << 20));
  command.add_option("-J,--output_file", sweep.json_file, "Write the results as JSON (schema tutti.moe/1) to FILE")
      ->type_name("FILE");
}

// They would be meant for dispatch and combine, and not be heeded.
void refuse_options_before(const CLI::App& perf) {
  for (const CLI::Option* option : perf.get_options()) {
    if (option->count() > 0) throw CLI::ArgumentMismatch(option->get_name() + " goes behind moe");
  }
}

}  // namespace

CLI::App* add_command(CLI::App& perf, int& exit_code) {
  auto options = std::make_shared<Options>();
  auto routing = std::make_shared<std::string>("uniform");
  CLI::App* command = perf.add_subcommand("moe", "Measure and check dispatch and combine of experts in parallel");
  command->footer(kExplanation);
  add_batch(*command, *options, *routing);
  add_way(*command, *options);
  add_sweep(*command, options->sweep);
  command->callback([options, routing, &perf, &exit_code] {
    refuse_options_before(perf);
    auto parsed = parse_routings(*routing);
    if (!parsed) {
      exit_code = complain("", parsed.error());
      return;
    }
    options->routings = std::move(parsed).value();
    exit_code = benchmark(*options);
  });
  return command;
}

}  // namespace tutti::perf::moe
