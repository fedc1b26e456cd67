#include "tools/run/command.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <string_view>

#include "base/bytes.hpp"
#include "tools/run/binding.hpp"
#include "tools/run/front.hpp"
#include "tools/run/job.hpp"
#include "tools/run/meeting.hpp"
#include "tools/run/placement.hpp"
#include "tools/run/program.hpp"

namespace tutti::run {
namespace {

constexpr const char* kExamples = R"(
Each rank gets TUTTI_RANK, TUTTI_WORLD_SIZE and TUTTI_UNIQUE_ID_FILE. When one rank fails, it is named and the others are
ended; nothing that the ranks started is left behind. The exit code is 0, that of the first rank that failed (128 + signal if
one killed it), 124 after --timeout, or 2 for a wrong call.

Examples:
  tutti run -n 2 -- tutti perf all_reduce -b 8 -e 64M -f 2
  tutti run -n 8 --nodes 2 -- ./train --epochs 3     # as on 2 nodes of 4 ranks each
  tutti run -n 8 --nodes 3,5 -- ./train              # 3 ranks on one, 5 on the other
  tutti run -n 2 --bind none -- ./train              # ranks go where the scheduler puts them
  tutti run -n 4 --tag --timeout 60s -- ./train      # "[rank] " in front of every line)";

struct Options {
  std::int64_t ranks = 0;
  std::string nodes;
  std::string bind;
  std::string timeout;
  bool tag = false;
  std::vector<std::string> command;
};

int refuse(const Error& error) {
  fmt::print(stderr, "tutti run: {}\n", error.text);
  return error.code == Code::invalid_argument ? 2 : 1;
}

// The settings without the variables of a job that this one may be part of.
Result<Config> launcher_config() {
  auto environment = process_environment();
  std::erase_if(environment, seats_a_rank);
  return read_config(environment);
}

Result<JobRequest> plan_job(const Options& options, const std::string& unique_id_file) {
  JobRequest request;
  const char* path = std::getenv("PATH");  // NOLINT: nothing changes the environment
  request.program = TUTTI_TRY(find_program(options.command[0], path == nullptr ? "/usr/bin:/bin" : path));
  request.arguments = options.command;
  request.tag = options.tag;
  request.processors = TUTTI_TRY(binding_of(options.bind, options.ranks, usable_cores()));
  if (!options.timeout.empty()) request.timeout = TUTTI_TRY(parse_duration(options.timeout));
  std::vector<int> nodes;
  if (!options.nodes.empty()) nodes = TUTTI_TRY(place(options.nodes, options.ranks));
  const auto inherited = process_environment();
  for (int rank = 0; rank < options.ranks; ++rank) {
    const std::string node = nodes.empty() ? "" : node_name(nodes[static_cast<std::size_t>(rank)]);
    request.environments.push_back(
        environment_of({rank, static_cast<int>(options.ranks), unique_id_file, node}, inherited));
  }
  return request;
}

int supervise(const Options& options, const Config& config) {
  const auto meeting = Meeting::start(config);
  if (!meeting) return refuse(meeting.error());
  const auto request = plan_job(options, meeting->unique_id_file());
  if (!request) return refuse(request.error());
  const auto code = run_job(*request);
  return code ? *code : refuse(code.error());
}

int run(const Options& options) {
  if (options.command.empty()) return refuse({Code::invalid_argument, "no command was given: tutti run -n 2 -- CMD"});
  if (const auto request = plan_job(options, ""); !request) return refuse(request.error());
  const auto config = launcher_config();
  if (!config) return refuse(config.error());
  return supervise_from_apart([&] { return supervise(options, *config); });
}

}  // namespace

void add_command(CLI::App& app, int& exit_code) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("run", "Start the ranks of a job on this machine");
  command->footer(kExamples);
  command->add_option("-n,--ranks", options->ranks, "Number of ranks")
      ->required()
      ->check(CLI::Range(std::int64_t{1}, kMostRanks));
  command->add_option("--nodes", options->nodes,
                      "Make them look like K nodes, or like nodes of these sizes: K or A,B,..");
  command->add_option(
      "--bind", options->bind,
      "core: each rank stays on one core, in order; share: on as many as come to each; none. Default: share "
      "if there is a core for each rank, else none");
  command->add_option("--timeout", options->timeout, "End the job after this time, as 90s or 5m");
  command->add_flag("--tag", options->tag, "Put \"[rank] \" in front of every line");
  command->add_option("command", options->command, "The command and its arguments, after --");
  command->positionals_at_end();
  command->callback([options, &exit_code] { exit_code = run(*options); });
}

}  // namespace tutti::run
