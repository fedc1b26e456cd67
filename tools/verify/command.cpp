#include "tools/verify/command.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <memory>

#include "base/bytes.hpp"
#include "base/text_file.hpp"
#include "plan/exchange/exchange.hpp"
#include "plan/way.hpp"
#include "tools/verify/cluster.hpp"
#include "tools/verify/damage.hpp"
#include "tools/verify/everything.hpp"
#include "tools/verify/file.hpp"
#include "tools/world/question.hpp"

namespace tutti::prove {
namespace {

constexpr int kUsage = 2;
constexpr std::int32_t kMostExhaustive = 256;  // beyond it, contributions are no longer compared exactly
constexpr std::uint64_t kSeed = 1;
constexpr int kTimes = 5;  // each kind of damage to each plan
constexpr const char* kExamples = R"(
Plans are run on symbols instead of numbers: every output holds every contribution exactly once, sends match receives, nothing is
read while it is written, and nobody waits for ever, whatever the order of events. Beyond 256 ranks contributions are compared by
random fingerprints modulo 2^61 - 1. The exit code is 0 only if every plan holds.

Examples:
  tutti verify --max-ranks 128                  # every plan on up to 128 ranks
  tutti verify --ranks 98304                    # what calls get on a large cluster
  tutti verify --ranks 98304 --levels 8x32x12x32
  tutti verify all_reduce --levels 3+5 --algo 'circulant>ring/2' --in-place
  tutti verify --plan ring.xml                  # a file that TUTTI_PLAN would take
  tutti verify --mutations                      # whether the proof can fail)";

struct Options {
  std::int32_t max_ranks = 0;
  world::ClusterWords cluster;
  std::string collective;  // of one plan
  std::string algo;
  std::string file;
  std::int64_t root = 0;
  Variant variant;
  bool mutations = false;
  bool json = false;
};

class Clock {
 public:
  [[nodiscard]] double milliseconds() const {
    return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin_).count();
  }

 private:
  std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
};

int fail(const std::string& text) {
  fmt::print(stderr, "tutti verify: {}\n", text);
  return kUsage;
}

void print(const nlohmann::ordered_json& document) {
  fmt::print("{}\n", document.dump(2));
}

int run_everything(const Options& options) {
  const Clock clock;
  Outcome outcome(isatty(STDERR_FILENO) != 0);
  prove_everything(options.max_ranks, outcome);
  outcome.end_progress();
  if (options.json) {
    print(outcome.document(options.max_ranks, clock.milliseconds()));
  } else {
    fmt::print("{}", outcome.report(clock.milliseconds(),
                                    fmt::format("every method, size and root up to {} ranks, and ways through levels",
                                                options.max_ranks)));
  }
  return outcome.failures().empty() ? 0 : 1;
}

int run_cluster(const Options& options) {
  const auto world = world::make_world(options.cluster);
  if (!world) return fail(world.error().text);
  const Clock clock;
  Outcome outcome(isatty(STDERR_FILENO) != 0);
  const std::int32_t ranks = world->fabric.ranks();
  const auto proofs = prove_cluster(*world, world->levels, outcome);
  outcome.end_progress();
  if (options.json) {
    auto document = outcome.document(ranks, clock.milliseconds());
    document["proofs"] = document_of(proofs);
    print(document);
  } else {
    fmt::print("{} ranks, {}{}\n{}{}", ranks, world->fabric.levels->describe(),
               world->assumption.empty() ? "" : "; " + world->assumption, report(proofs),
               outcome.report(clock.milliseconds(), "what calls of all kinds get"));
  }
  return outcome.failures().empty() ? 0 : 1;
}

Result<plan::Plan> one_plan(const Options& options, const world::World& world) {
  const auto query = TUTTI_TRY(
      world::make_query({.collective = options.collective, .bytes = "1", .root = options.root}, world.fabric.ranks()));
  const auto forced = TUTTI_TRY(world::parse_forced(options.algo, query.collective));
  const auto* const choice = forced.of(query.collective);
  if (choice == nullptr) return Error{Code::invalid_argument, "say which way: --algo circulant"};
  auto plan = TUTTI_TRY(plan::parse_way(choice->way, query.collective, world.fabric.levels));
  plan.root = query.root;
  plan.segments = std::max(1U, choice->segments);
  plan.widened = options.variant.widened;
  plan.divides = options.variant.divides;
  if (const auto why = refusal(plan); !why.empty())
    return Error{Code::unsupported, fmt::format("--algo {}: {}", options.algo, why)};
  return plan;
}

int run_one(const Options& options) {
  const auto world = world::make_world(options.cluster);
  if (!world) return fail(world.error().text);
  const auto plan = one_plan(options, *world);
  if (!plan) return fail(plan.error().text);
  const Clock clock;
  Outcome outcome(false);
  std::uint64_t steps = 0;
  const auto proven = prove_at_scale(*plan, options.variant, steps);
  outcome.count(1);
  if (!proven) {
    outcome.fail({describe(*plan), proven.error().text,
                  command_of(*plan, {world->levels, world->fabric.levels}, options.variant)});
  }
  if (options.json) {
    print(outcome.document(plan->ranks(), clock.milliseconds()));
  } else {
    fmt::print("{}", outcome.report(clock.milliseconds(), fmt::format("{}, {} steps", describe(*plan), steps)));
  }
  return proven ? 0 : 1;
}

int run_file(const Options& options) {
  const auto text = read_text(options.file, plan::ExchangeLimits{}.bytes);
  if (!text) return fail("--plan: " + text.error().text);
  const Clock clock;
  Outcome outcome(false);
  const FileProof proof = prove_file(options.file, *text, outcome);
  if (options.json) {
    auto document = outcome.document(proof.ranks, clock.milliseconds());
    document["file"] = document_of(proof);
    print(document);
  } else {
    fmt::print("{}{}", report(proof), outcome.report(clock.milliseconds(), options.file));
  }
  return outcome.failures().empty() ? 0 : 1;
}

int run_mutations(const Options& options) {
  const Clock clock;
  const auto damage = damage_plans(kTimes, kSeed);
  if (options.json) {
    auto document = Outcome(false).document(0, clock.milliseconds());
    document["plans"] = damage.plans;
    document["mutations"] = document_of(damage);
    print(document);
  } else {
    fmt::print("{}", report(damage));
  }
  return damage.is_enough() ? 0 : 1;
}

int run(const Options& options) {
  if (!options.file.empty()) return run_file(options);
  if (!options.collective.empty()) return run_one(options);
  if (!options.algo.empty()) return fail("--algo needs a collective: tutti verify all_reduce --algo ring --ranks 8");
  if (options.mutations) return run_mutations(options);
  if (options.max_ranks > 0) return run_everything(options);
  if (options.cluster.ranks > 0 || options.cluster.is_described()) return run_cluster(options);
  return fail("say what to prove: --max-ranks N, --ranks N, --plan FILE, --mutations, or a collective with --algo");
}

}  // namespace

void add_command(CLI::App& app, int& exit_code) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("verify", "Prove plans by running them on symbols");
  command->footer(kExamples);
  auto* collective =
      command->add_option("collective", options->collective, "Prove one plan of this collective: that of --algo");
  auto* most = command->add_option("--max-ranks", options->max_ranks, "Prove every plan on up to N ranks")
                   ->type_name("N")
                   ->check(CLI::Range(1, kMostExhaustive));
  auto* ranks = command->add_option("--ranks", options->cluster.ranks, "Prove what calls get on N ranks")
                    ->type_name("N")
                    ->check(CLI::Range(1, topology::Levels::kMostRanks))
                    ->excludes(most);
  command
      ->add_option("--levels", options->cluster.levels,
                   "How these ranks are nested, innermost first: see tutti plan --help")
      ->type_name("LEVELS")
      ->excludes(most);
  command->add_option("--preset", options->cluster.preset, "A fabric that comes with the library: see tutti topo")
      ->type_name("NAME")
      ->excludes(most);
  command->add_option("--fabric", options->cluster.fabric, "A fabric that a file describes (tutti.fabric/1)")
      ->type_name("FILE")
      ->excludes(most);
  command->add_option("--algo", options->algo, "The way of the one plan, with /SEGMENTS")->type_name("WAY");
  command->add_option("--root", options->root, "The root of the one plan")->capture_default_str();
  command
      ->add_option("--plan", options->file,
                   "Prove a file as TUTTI_PLAN takes it: tutti.plan/1, tutti.program/1, MSCCL's XML")
      ->type_name("FILE")
      ->excludes(most)
      ->excludes(ranks)
      ->excludes(collective);
  command->add_flag("--in-place", options->variant.in_place, "The one plan's input and output are the same memory");
  command->add_flag("--widened", options->variant.widened, "Its partial results are widened");
  command->add_flag("--divided", options->variant.divides, "Its result is an average");
  command->add_flag("--mutations", options->mutations, "Damage plans on purpose and count what is caught");
  command->add_flag("--json", options->json, "As data (schema tutti.verify/1)");
  command->callback([options, &exit_code] { exit_code = run(*options); });
}

}  // namespace tutti::prove
