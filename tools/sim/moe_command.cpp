#include "tools/sim/moe_command.hpp"

#include <fmt/format.h>

#include <chrono>
#include <memory>

#include "base/text_file.hpp"
#include "tools/sim/moe_report.hpp"

namespace tutti::predict {
namespace {

constexpr int kFailed = 1;
constexpr int kUsage = 2;
constexpr const char* kExamples = R"(
Each token goes once to each rank that has one of its experts (direct), or once to each node over the rail and then on inside it
(rail). Uniform: all sets of experts are alike. Zipf: the n-th most popular expert has a weight of n^-exponent, and experts are
dealt to ranks by chance.

Examples:
  tutti sim moe --preset dgx-superpod-h100 --ranks 256
  tutti sim moe --preset baidu-aipod --tokens 128 --experts 256 --topk 8 --expert-ranks 64
  tutti sim moe --levels 8x4 --routing zipf --exponent 1.2 --json | jq .rows)";

struct Options {
  MoeQuestion question;
  std::string json;  // "-": to the output
  bool wants_json = false;
};

int fail(int code, const std::string& text) {
  fmt::print(stderr, "tutti sim moe: {}\n", text);
  return code;
}

int run(const Options& options) {
  const auto begin = std::chrono::steady_clock::now();
  const auto moe = exchange_tokens(options.question);
  if (!moe) return fail(moe.error().code == Code::internal ? kFailed : kUsage, moe.error().text);
  const double wall_ms = std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin).count();
  const bool json_out = options.wants_json && (options.json.empty() || options.json == "-");
  const std::string document = document_of(options.question, *moe, wall_ms).dump(2) + "\n";
  fmt::print("{}", json_out ? document : report(options.question, *moe));
  Status written;
  if (options.wants_json && !json_out) written = write_text(options.json, document);
  return written ? 0 : fail(kFailed, written.error().text);
}

}  // namespace

void add_moe_command(CLI::App& sim, int& exit_code) {
  auto options = std::make_shared<Options>();
  MoeQuestion& question = options->question;
  CLI::App* command = sim.add_subcommand("moe", "Dispatch and combine of a mixture of experts");
  command->footer(kExamples);
  command->add_option("--ranks", question.cluster.ranks, "Number of ranks; of a described cluster the first ones")
      ->check(CLI::Range(1, topology::Levels::kMostRanks));
  command->add_option("--levels", question.cluster.levels, "How the ranks are nested, innermost first")
      ->type_name("LEVELS");
  command->add_option("--preset", question.cluster.preset, "A fabric that comes with the library: see tutti topo")
      ->type_name("NAME");
  command->add_option("--fabric", question.cluster.fabric, "A fabric that a file describes (tutti.fabric/1)")
      ->type_name("FILE");
  command->add_option("--tokens", question.tokens, "Tokens of a rank")
      ->check(CLI::Range(1, 1 << 30))
      ->capture_default_str();
  command->add_option("--hidden", question.hidden, "Elements of a token")
      ->check(CLI::Range(1, 1 << 24))
      ->capture_default_str();
  command->add_option("--experts", question.experts, "Experts of the layer")
      ->check(CLI::Range(1, 1 << 14))
      ->capture_default_str();
  command->add_option("--expert-ranks", question.expert_ranks, "Ranks that share them: as many as experts if not said")
      ->check(CLI::Range(1, topology::Levels::kMostRanks));
  command->add_option("--topk", question.topk, "Experts of a token")->check(CLI::Range(1, 64))->capture_default_str();
  command->add_option("--routing", question.routings, "uniform, zipf")->delimiter(',')->capture_default_str();
  command->add_option("--exponent", question.exponent, "Of zipf")->check(CLI::Range(0.0, 8.0))->capture_default_str();
  command->add_option("--seed", question.seed, "Of all chance")->capture_default_str();
  command->add_option("--type", question.type, "Element type")->capture_default_str();
  CLI::Option* json = command->add_option("--json", options->json, "As data (tutti.sim_moe/1), to the output or FILE")
                          ->type_name("[FILE]")
                          ->expected(0, 1);
  command->callback([options, json, &exit_code] {
    options->wants_json = json->count() > 0;
    exit_code = run(*options);
  });
}

}  // namespace tutti::predict
