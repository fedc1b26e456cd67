#include "tools/tune/command.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <memory>

#include "base/config.hpp"
#include "base/text_file.hpp"
#include "plan/exchange/exchange.hpp"
#include "tools/tune/exporting.hpp"
#include "tools/tune/probing.hpp"
#include "tools/tune/report.hpp"
#include "tools/tune/site.hpp"

namespace tutti::tune {
namespace {

constexpr int kFailed = 1;
constexpr int kUsage = 2;
constexpr const char* kExamples = R"(
It runs as a job: at most 20 probes in some 3 seconds. Later jobs with as many ranks on such nodes find the file by themselves, in
$XDG_CACHE_HOME/tutti or ~/.cache/tutti; TUTTI_TUNING names another one, or is off.

Examples:
  tutti run -n 4 --nodes 2 -- tutti tune
  mpirun -n 64 tutti tune --output /shared/cluster.json     # then: TUTTI_TUNING=/shared/cluster.json mpirun ...
  mpirun -n 64 tutti tune --nccl nccl_tuner.conf --ucc ucc.sh)";

struct Options {
  std::string output;
  std::string nccl;
  std::string ucc;
  bool json = false;
};

Error wrong(std::string text) {
  return {Code::invalid_argument, std::move(text)};
}

// A file that is not there is as one in which nothing was measured; one that is none is kept as it is.
Result<plan::TuningTable> read_table(const std::string& file) {
  if (::access(file.c_str(), F_OK) != 0) return plan::TuningTable{};
  auto table = plan::read_tuning(TUTTI_TRY(read_text(file, plan::ExchangeLimits{}.bytes)));
  if (!table)
    return wrong(fmt::format("{}: {}; remove it, or name another one with --output", file, table.error().text));
  return table;
}

Result<std::string> file_of(const Options& options) {
  if (!options.output.empty()) return options.output;
  const Config config = TUTTI_TRY(read_config(process_environment()));
  std::string file = tuning_file(config);
  if (file.empty())
    return wrong(config.tuning == "off" ? "TUTTI_TUNING is off: name a file with --output"
                                        : "neither XDG_CACHE_HOME nor HOME is a folder: name a file with --output");
  return file;
}

// What only rank 0 does.
Status keep(const Options& options, const std::string& file, plan::TuningTable table, const Place& place,
            const topology::MeasuredLinks& links) {
  plan::TunedSite& tuned = table.at(place.site);
  tuned.links = links;
  TUTTI_TRY(write_private_text(file, plan::write_tuning(table)));
  const topology::Fabric fabric = TUTTI_TRY(topology::with_measured(place.fabric, links));
  if (!options.nccl.empty()) TUTTI_TRY(write_text(options.nccl, TUTTI_TRY(nccl_table(place.site, fabric))));
  if (!options.ucc.empty())
    TUTTI_TRY(write_text(options.ucc, fmt::format("UCC_TL_UCP_TUNE={}\n", TUTTI_TRY(ucc_scores(fabric)))));
  plan::TuningTable own;
  own.sites.push_back(tuned);
  fmt::print("{}", options.json ? plan::write_tuning(own) : report(tuned, file));
  return {};
}

Status tune(const Options& options, job::Member& member) {
  const bool speaks = member.rank() == 0;
  const std::string file = TUTTI_TRY(file_of(options));
  auto table = speaks ? read_table(file) : Result<plan::TuningTable>(plan::TuningTable{});
  // Nobody measures for a file that cannot be; and all leave in order, so that rank 0's reason is the only one.
  const auto usable = TUTTI_TRY(member.from_root({std::byte{static_cast<unsigned char>(table ? 1 : 0)}}));
  if (usable.empty() || usable[0] == std::byte{0}) {
    TUTTI_TRY(member.close());
    return table ? wrong({}) : table.error();
  }
  const Place place = TUTTI_TRY(look(member));
  const auto links = TUTTI_TRY(probe(member, place.fabric));
  TUTTI_TRY(member.close());
  return speaks ? keep(options, file, std::move(*table), place, links) : Status();
}

int run(const Options& options) {
  auto member = job::Member::join();
  const auto fail = [](int code, const std::string& text) {
    fmt::print(stderr, "tutti tune: {}\n", text);
    return code;
  };
  if (!member) return fail(kFailed, member.error().text);
  if (member->ranks() == 1)
    return fail(kUsage, "one rank has no links: start more, as with tutti run -n 4 -- tutti tune");
  const Status done = tune(options, *member);
  if (done) return 0;
  const int code = done.error().code == Code::invalid_argument ? kUsage : kFailed;
  if (done.error().text.empty()) return code;
  return fail(code, fmt::format("rank {}: {}", member->rank(), done.error().text));
}

}  // namespace

void add_command(CLI::App& app, int& exit_code) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("tune", "Measure this job's links, for the planner of later jobs");
  command->footer(kExamples);
  command->add_option("--output", options->output, "Keep it in FILE (tutti.tuning/1), whose other contents stay")
      ->type_name("FILE");
  command->add_option("--nccl", options->nccl, "Write the choices as a table for NCCL's example tuner plug-in")
      ->type_name("FILE");
  command->add_option("--ucc", options->ucc, "Write the choices as scores for UCC (UCC_TL_UCP_TUNE)")
      ->type_name("FILE");
  command->add_flag("--json", options->json, "Print what was measured as data (tutti.tuning/1)");
  command->callback([options, &exit_code] { exit_code = run(*options); });
}

}  // namespace tutti::tune
