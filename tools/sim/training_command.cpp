#include "tools/sim/training_command.hpp"

#include <fmt/format.h>

#include <chrono>
#include <cstdio>
#include <memory>

#include "base/text_file.hpp"
#include "tools/sim/training_report.hpp"

namespace tutti::predict {
namespace {

constexpr int kFailed = 1;
constexpr int kUsage = 2;
constexpr const char* kExamples = R"(
Gradients of the parameters that every rank has are all-reduced over all ranks, a bucket as soon as it is full. Layers with
experts exchange tokens twice forward and twice backward, uniformly routed, each token once to a rank; or, where that is
faster, once to a node over the rail and then on inside it. Computing waits for exchanges. The network does one thing
at a time. Parameters of experts are not counted: their ranks have them for themselves.

Examples:
  tutti sim step --preset dgx-superpod-h100 --ranks 1024 --parameters 70G --layers 80 --compute-ms 900
  tutti sim step --preset meta-roce-24k --parameters 30G --layers 60 --compute-ms 400 --experts 256 --hidden 7168
  tutti sim step --levels 8x16 --parameters 7G --layers 32 --compute-ms 100 --bucket 100M --trace step.json)";

struct Options {
  TrainingQuestion question;
  std::string json;  // "-": to the output
  bool wants_json = false;
  std::string trace;
};

int fail(int code, const std::string& text) {
  fmt::print(stderr, "tutti sim step: {}\n", text);
  return code;
}

int run(const Options& options) {
  const auto begin = std::chrono::steady_clock::now();
  const auto training = train(options.question, [](const std::string&, double) {});
  if (!training) return fail(training.error().code == Code::internal ? kFailed : kUsage, training.error().text);
  const double wall_ms = std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin).count();
  const bool json_out = options.wants_json && (options.json.empty() || options.json == "-");
  if (json_out) {
    fmt::print("{}\n", document_of(options.question, *training, wall_ms).dump(2));
  } else {
    fmt::print("{}", report(options.question, *training));
  }
  Status written;
  if (options.wants_json && !json_out)
    written = write_text(options.json, document_of(options.question, *training, wall_ms).dump(2) + "\n");
  if (written && !options.trace.empty()) written = write_text(options.trace, trace_of(training->times));
  return written ? 0 : fail(kFailed, written.error().text);
}

}  // namespace

void add_training_command(CLI::App& sim, int& exit_code) {
  auto options = std::make_shared<Options>();
  TrainingQuestion& question = options->question;
  CLI::App* command = sim.add_subcommand("step", "What a training step communicates, and how much computing hides");
  command->footer(kExamples);
  command->add_option("--ranks", question.cluster.ranks, "Number of ranks; of a described cluster the first ones")
      ->check(CLI::Range(1, topology::Levels::kMostRanks));
  command->add_option("--levels", question.cluster.levels, "How the ranks are nested, innermost first");
  command->add_option("--preset", question.cluster.preset, "A fabric that comes with the library: see tutti topo");
  command->add_option("--fabric", question.cluster.fabric, "A fabric that a file describes (tutti.fabric/1)");
  command->add_option("--routing", question.routing, "Over several uplinks: ideal, adaptive or ecmp")
      ->capture_default_str();
  command->add_option("--parameters", question.parameters, "That every rank has: 70G is 70e9")->required();
  command->add_option("--layers", question.layers, "Layers of the model")->required()->check(CLI::Range(1, 100'000));
  command->add_option("--compute-ms", question.compute_ms, "Computing in a step, forward and backward")
      ->required()
      ->check(CLI::Range(0.0, 1e9));
  command->add_option("--backward", question.backward, "The part of it that is backward")
      ->check(CLI::Range(0.0, 1.0))
      ->capture_default_str();
  command->add_option("--dtype", question.type, "Element type of gradients and tokens")->capture_default_str();
  command->add_option("--bucket", question.bucket, "Gradients that are all-reduced together: K, M, G are powers of two")
      ->capture_default_str();
  command->add_option("--experts", question.experts, "Experts of each layer; 0: none")
      ->check(CLI::Range(0, 1 << 20))
      ->capture_default_str();
  command->add_option("--expert-ranks", question.expert_ranks, "Ranks that share them: as many as experts if not said")
      ->check(CLI::Range(1, topology::Levels::kMostRanks));
  command->add_option("--topk", question.topk, "Experts of a token")->check(CLI::Range(1, 1024))->capture_default_str();
  command->add_option("--tokens", question.tokens, "Tokens of a rank in a step")
      ->check(CLI::Range(1, 1 << 30))
      ->capture_default_str();
  command->add_option("--hidden", question.hidden, "Elements of a token")->check(CLI::Range(1, 1 << 24));
  CLI::Option* json = command->add_option("--json", options->json, "As data (tutti.step/1), to the output or FILE")
                          ->type_name("[FILE]")
                          ->expected(0, 1);
  command->add_option("--trace", options->trace, "Write the step to FILE (Chrome, Perfetto)")->type_name("FILE");
  command->callback([options, json, &exit_code] {
    options->wants_json = json->count() > 0;
    exit_code = run(*options);
  });
}

}  // namespace tutti::predict
