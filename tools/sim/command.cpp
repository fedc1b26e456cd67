#include "tools/sim/command.hpp"

#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <memory>

#include "base/text_file.hpp"
#include "tools/gnuplot/gnuplot.hpp"
#include "tools/sim/document.hpp"
#include "tools/sim/moe_command.hpp"
#include "tools/sim/plot.hpp"
#include "tools/sim/report.hpp"
#include "tools/sim/trace.hpp"
#include "tools/sim/training_command.hpp"
#include "tools/world/here.hpp"

namespace tutti::predict {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kFailed = 1;
constexpr int kUsage = 2;
constexpr const char* kExamples = R"(
SIZE takes K, M and G (powers of two) and is the whole vector: all blocks together for collectives of blocks, as in `tutti perf`.
What can fail: nic:R, the NIC of rank R; rail:I, those of this index on all nodes; leaf:I; plane:I; node:I with its ranks.
Whoever loses its NIC uses that of the next rank of its node.

Examples:
  tutti sim all_reduce --preset baidu-hpn-100k --bytes 8:8G
  tutti sim all_reduce --preset meta-roce-24k --bytes 1G --fail rail:3 --fail leaf:17     # how much slower, and a new plan
  tutti sim all_reduce --ranks 1024 --bytes 1M:1G --algorithm ring --straggler 5:1.5
  tutti sim all_to_all --preset dgx-superpod-h100 --ranks 512 --bytes 64M --routing ecmp --samples 21
  tutti sim all_reduce --levels 8x64 --bytes 64M --trace trace.json --use --plot use.svg
  tutti sim all_reduce --preset tpu-v4 --bytes 8:8G --json | jq '.rows[] | [.bytes, .busbw_GBps]')";

struct Options {
  Question question;
  std::string json;  // "-": to the output
  bool wants_json = false;
  std::string plot;
  std::string trace;
};

int fail(int code, const std::string& text) {
  fmt::print(stderr, "tutti sim: {}\n", text);
  return code;
}

double milliseconds_since(Clock::time_point begin) {
  return std::chrono::duration<double, std::milli>(Clock::now() - begin).count();
}

// One line on a terminal, that the next one replaces, once something takes more than a second.
class ProgressLine {
 public:
  void show(const std::string& what, double part) {
    if (!on_terminal_ || milliseconds_since(begin_) < 1000 || milliseconds_since(shown_) < 100) return;
    shown_ = Clock::now();
    open_ = true;
    fmt::print(stderr, "\r{}: {:3.0f} % {:10}", what, part * 100, "");
    std::fflush(stderr);
  }
  void end() {
    if (open_) fmt::print(stderr, "\r{:60}\r", "");
    open_ = false;
  }

 private:
  bool on_terminal_ = ::isatty(STDERR_FILENO) == 1;
  bool open_ = false;
  Clock::time_point begin_ = Clock::now();
  Clock::time_point shown_ = begin_;
};

Spent spent_since(Clock::time_point begin) {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return {milliseconds_since(begin), static_cast<double>(usage.ru_maxrss) * 1024 / 1e6};
}

int run(Options options) {
  Question& question = options.question;
  if (!options.plot.empty()) {
    if (const auto can = gnuplot::can_plot(options.plot); !can)
      return fail(can.error().code == Code::invalid_argument ? kUsage : kFailed, can.error().text);
  }
  question.spans = !options.trace.empty();
  if (question.tuning_file.empty()) world::ask_about_here(question.cluster);
  ProgressLine line;
  const auto begin = Clock::now();
  const auto rehearsal = rehearse(question, [&](const std::string& what, double part) { line.show(what, part); });
  line.end();
  if (!rehearsal) return fail(rehearsal.error().code == Code::internal ? kFailed : kUsage, rehearsal.error().text);
  const Spent spent = spent_since(begin);
  const bool json_out = options.wants_json && (options.json.empty() || options.json == "-");
  if (json_out) {
    fmt::print("{}\n", document_of(question, *rehearsal, spent).dump(2));
  } else {
    fmt::print("{}", report(question, *rehearsal, spent.wall_ms));
  }
  Status written;
  if (options.wants_json && !json_out)
    written = write_text(options.json, document_of(question, *rehearsal, spent).dump(2) + "\n");
  if (written && !options.trace.empty()) written = write_text(options.trace, trace_of(*rehearsal));
  if (written && !options.plot.empty()) written = gnuplot::draw(plot_script(options.plot, *rehearsal));
  return written ? 0 : fail(kFailed, written.error().text);
}

void add_cluster(CLI::App& command, Question& question) {
  command.add_option("--ranks", question.cluster.ranks, "Number of ranks; of a described cluster the first ones")
      ->check(CLI::Range(1, topology::Levels::kMostRanks));
  command.add_option("--levels", question.cluster.levels, "How the ranks are nested, innermost first")
      ->type_name("LEVELS");
  command.add_option("--preset", question.cluster.preset, "A fabric that comes with the library: see tutti topo")
      ->type_name("NAME");
  command.add_option("--tuning", question.tuning_file, "Go by links that were measured: a file of tutti tune")
      ->type_name("FILE");
  command.add_option("--fabric", question.cluster.fabric, "A fabric that a file describes (tutti.fabric/1)")
      ->type_name("FILE");
}

void add_what_if(CLI::App& command, Question& question) {
  command.add_option("--fail", question.failures, "Something that is broken; may be said several times")
      ->type_name("WHAT:NUMBER");
  command.add_option("--straggler", question.stragglers, "A rank that takes so many times as long for everything")
      ->type_name("RANK:FACTOR");
  command
      .add_option("--oversubscribe", question.oversubscribed, "What leads out of a level's units is less by a factor")
      ->type_name("LEVEL:FACTOR");
  command.add_option("--routing", question.routing, "Over several uplinks: ideal, adaptive or ecmp")
      ->capture_default_str();
  command.add_option("--skew", question.chance.skew_us, "Ranks begin by chance within so many microseconds")
      ->check(CLI::Range(0.0, 1e9));
  command.add_option("--noise", question.chance.noise, "Processors take longer by chance: on average by so many times")
      ->check(CLI::Range(0.0, 1e3));
  command.add_option("--seed", question.chance.seed, "Of all chance")->capture_default_str();
  command.add_option("--samples", question.samples, "Runs with other chances: median and 99th percentile")
      ->check(CLI::Range(1, 10000));
}

}  // namespace

void add_command(CLI::App& app, int& exit_code) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("sim", "Simulate a call on a cluster that need not be there");
  command->footer(kExamples);
  Question& question = options->question;
  command->add_option("collective", question.call.collective, world::names_of_collectives());
  add_training_command(*command, exit_code);
  add_moe_command(*command, exit_code);
  command->add_option("--bytes", question.sizes, "One size, or the first and the last")
      ->type_name("SIZE[:SIZE]")
      ->capture_default_str();
  command->add_option("--factor", question.factor, "From one size to the next")
      ->check(CLI::Range(2, 1 << 20))
      ->capture_default_str();
  add_cluster(*command, question);
  command->add_option("--algorithm,--algo", question.algo, "Force this way, however many steps it takes")
      ->type_name("WAY");
  command->add_option("--plan", question.plan_file, "Simulate the plan of a file (tutti.plan/1)")->type_name("FILE");
  command->add_option("--root", question.call.root, "Root of rooted collectives")->capture_default_str();
  command->add_option("--type", question.call.type, "Element type")->capture_default_str();
  command->add_option("--op", question.call.op, "Reduction operator")->capture_default_str();
  add_what_if(*command, question);
  command->add_flag("--in-place", question.in_place, "Output and input are one memory");
  command->add_flag("--windows", question.in_windows, "Both lie in windows");
  command->add_flag("--unfolded", question.unfolded, "Simulate every rank, also those that do the same as others");
  CLI::Option* json =
      command->add_option("--json", options->json, "As data (schema tutti.sim/1), to the output or FILE")
          ->type_name("[FILE]")
          ->expected(0, 1);
  command->add_option("--plot", options->plot, "Draw time and bandwidth over size to FILE, .svg or .png (gnuplot)")
      ->type_name("FILE");
  command->add_option("--trace", options->trace, "Write what ranks did at the last size to FILE (Chrome, Perfetto)")
      ->type_name("FILE");
  command->add_flag("--use", question.use, "Note the use of each level's links over time: in the data and the plot");
  command->callback([command, options, json, &exit_code] {
    if (!command->get_subcommands().empty()) return;  // which has its own
    options->wants_json = json->count() > 0;
    exit_code = run(*options);
  });
}

}  // namespace tutti::predict
