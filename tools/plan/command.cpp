#include "tools/plan/command.hpp"

#include <fmt/format.h>

#include <memory>
#include <optional>

#include "base/text_file.hpp"
#include "plan/exchange/exchange.hpp"
#include "tools/plan/answer.hpp"
#include "tools/plan/document.hpp"
#include "tools/plan/exporting.hpp"
#include "tools/plan/picture.hpp"
#include "tools/plan/report.hpp"
#include "tools/world/here.hpp"

namespace tutti::explain {
namespace {

constexpr int kFailed = 1;
constexpr int kUsage = 2;
constexpr const char* kExamples = R"(
SIZE takes K, M and G (powers of two) and is the whole vector: all blocks together for collectives of blocks, as in `tutti perf`.
With --ranks alone, up to 256 ranks are a job on this machine, with what tutti tune has measured here; beyond that a cluster is
assumed: supernodes of 256 ranks and a network between them. --levels always asks about a cluster.
LEVELS are sizes innermost first: 8x32 are 32 nodes of 8 ranks; 3+5+8*4 are nodes of 3, 5 and four times 8 ranks.
WAY is what TUTTI_ALGO takes behind the colon: circulant>ring, "2*ring>ring|ring@1>ring@0", ring/8 with 8 segments.

Examples:
  tutti plan all_reduce --bytes 1G --ranks 98304
  tutti plan all_reduce --bytes 64K --levels 8x4 --svg rounds.svg
  tutti plan all_reduce --bytes 1G --preset meta-roce-24k      # and which of its numbers are assumed
  tutti plan all_reduce --bytes 1M --ranks 8 --deterministic --type bfloat16
  tutti plan broadcast --bytes 4K --ranks 12 --root 3 --algo binomial --rank 5   # and the program of rank 5
  tutti plan all_reduce --bytes 1M --ranks 8 --algo ring --export ring.xml   # for TUTTI_PLAN, or for MSCCL
  tutti plan all_gather --bytes 1G --levels 8x32x12x32 --json | jq .fraction_of_bound)";

struct Options {
  Question question;
  std::string svg;
  std::string tuning;
  Export wanted;
  std::optional<std::int32_t> rank;
  bool json = false;
};

int fail(int code, const std::string& text) {
  fmt::print(stderr, "tutti plan: {}\n", text);
  return code;
}

Result<plan::TuningTable> read_table(const std::string& file) {
  if (file.empty()) return plan::TuningTable{};
  auto table = plan::read_tuning(TUTTI_TRY(read_text(file, plan::ExchangeLimits{}.bytes)));
  if (!table) return std::move(table).error().within(file);
  return table;
}

int run(const Options& options) {
  auto table = read_table(options.tuning);
  if (!table) return fail(kUsage, "--tuning: " + table.error().text);
  Question question = options.question;
  question.tuning = std::move(*table);
  if (question.tuning.sites.empty()) world::ask_about_here(question.cluster);
  const auto answer = find_answer(question);
  if (!answer) return fail(kUsage, answer.error().text);
  const plan::Plan& plan = answer->plan();
  if (options.rank && *options.rank >= plan.ranks())
    return fail(kUsage, fmt::format("--rank {} is no rank: there are 0 to {}", *options.rank, plan.ranks() - 1));
  const std::string program = options.rank ? print(lower(plan, Rank{*options.rank}, false)) : std::string();
  if (options.json) {
    auto document = document_of(*answer);
    if (options.rank) document["program"] = program;
    fmt::print("{}\n", document.dump(2));
  } else {
    fmt::print("{}", report(*answer));
    if (options.rank) fmt::print("\nProgram\n{}", program);
  }
  if (!options.svg.empty()) {
    if (const auto drawn = write_text(options.svg, draw(*answer)); !drawn) return fail(kFailed, drawn.error().text);
  }
  if (!options.wanted.file.empty()) {
    if (const auto written = export_plan(*answer, options.wanted); !written)
      return fail(written.error().code == Code::invalid_argument ? kUsage : kFailed,
                  "--export: " + written.error().text);
  } else if (options.wanted.programs || options.wanted.in_place) {
    return fail(kUsage, "--program and --in-place are for --export FILE");
  }
  return 0;
}

}  // namespace

void add_command(CLI::App& app, int& exit_code) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("plan", "Show which plan a call gets on a cluster, why, and what it costs");
  command->footer(kExamples);
  world::CallWords& call = options->question.call;
  command->add_option("collective", call.collective, world::names_of_collectives())->required();
  command->add_option("--bytes", call.bytes, "Size of the vector, or of all blocks together")->type_name("SIZE");
  command
      ->add_option("--ranks", options->question.cluster.ranks, "Number of ranks; of a described cluster the first ones")
      ->check(CLI::Range(1, topology::Levels::kMostRanks));
  command->add_option("--levels", options->question.cluster.levels, "How the ranks are nested, innermost first")
      ->type_name("LEVELS");
  command
      ->add_option("--preset", options->question.cluster.preset, "A fabric that comes with the library: see tutti topo")
      ->type_name("NAME");
  command->add_option("--fabric", options->question.cluster.fabric, "A fabric that a file describes (tutti.fabric/1)")
      ->type_name("FILE");
  command->add_option("--algo", options->question.algo, "Force this way")->type_name("WAY");
  command->add_option("--root", call.root, "Root of rooted collectives")->capture_default_str();
  command->add_option("--type", call.type, "Element type")->capture_default_str();
  command->add_option("--op", call.op, "Reduction operator")->capture_default_str();
  command->add_flag("--deterministic", call.deterministic, "As with TUTTI_DETERMINISTIC=1, and what that costs");
  command->add_option("--rank", options->rank, "Also print the program of this rank")
      ->check(CLI::Range(0, topology::Levels::kMostRanks));
  command->add_option("--svg", options->svg, "Draw the rounds to FILE")->type_name("FILE");
  command
      ->add_option("--export", options->wanted.file,
                   "Write the plan to FILE: .json (tutti.plan/1), .xml (MSCCL), .goal (LogGOPSim, ATLAHS)")
      ->type_name("FILE");
  command->add_flag("--program", options->wanted.programs, "Export the steps of all ranks (tutti.program/1)");
  command->add_flag("--in-place", options->wanted.in_place, "These steps are for calls in place");
  command->add_option("--most-steps", options->wanted.most_steps, "Steps that a .goal file may have")
      ->capture_default_str();
  command->add_option("--tuning", options->tuning, "Go by what was measured: a file of tutti tune or tutti perf --tune")
      ->type_name("FILE");
  command->add_flag("--json", options->json, "As data (schema tutti.plan/1)");
  command->callback([options, &exit_code] { exit_code = run(*options); });
}

}  // namespace tutti::explain
