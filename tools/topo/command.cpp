#include "tools/topo/command.hpp"

#include <fmt/format.h>

#include <cstdio>
#include <ctime>
#include <memory>
#include <optional>
#include <vector>

#include "tools/topo/job/ask.hpp"
#include "tools/topo/job/measure.hpp"
#include "tools/topo/source.hpp"
#include "tools/topo/text.hpp"
#include "topology/fabric/presets.hpp"
#include "topology/render/fabric.hpp"
#include "topology/render/machine.hpp"

namespace tutti::topo {
namespace {

using job::Member;

constexpr int kFailed = 1;
constexpr int kUsage = 2;
constexpr const char* kExamples = R"(
Without --preset, --fabric or --import it shows this machine. --import reads hwloc's XML, NCCL's topology XML, Slurm's
topology.conf and topology.yaml, ibnetdiscover's output and EC2's instance topology (JSON); which one shows in the file.

Examples:
  tutti topo                                        # packages, memory, buses, NICs, and which NIC a rank takes
  tutti topo --list                                 # the fabrics that come with the library
  tutti topo --preset meta-roce-24k --svg meta.svg
  tutti topo --preset dgx-superpod-h100 --why 0 9   # where two ranks meet, and what lies between them
  tutti run -n 4 --nodes 2 -- tutti topo --why 0 3  # the transport that two ranks of a job use, and why
  mpirun tutti topo --measure --export mine.json    # probes pairs of ranks, and infers levels
  ibnetdiscover > net.txt; tutti topo --import net.txt --ranks-per-node 8 --json > mine.json
  TUTTI_FABRIC=./mine.json tutti run -n 8 -- ./train)";

struct Options {
  Words words;
  std::string svg;
  std::string dot;
  std::string xml;
  std::string exported;
  std::vector<std::int32_t> why;
  bool measure = false;
  bool json = false;
  bool list = false;
};

int fail(int code, const std::string& text) {
  fmt::print(stderr, "tutti topo: {}\n", text);
  return code;
}

bool write_file(const std::string& name, const std::string& text) {
  std::FILE* const file = std::fopen(name.c_str(), "w");
  if (file == nullptr) return false;
  const bool written = std::fwrite(text.data(), 1, text.size(), file) == text.size();
  return std::fclose(file) == 0 && written;
}

int list() {
  for (const topology::Preset& preset : topology::presets()) {
    const auto description = topology::read_preset(preset.name);
    if (description) fmt::print("{:<20} {:>7} ranks  {}\n", preset.name, description->ranks(), description->about);
  }
  return 0;
}

bool names_source(const Options& options) {
  const Words& words = options.words;
  return !words.preset.empty() || !words.fabric.empty() || !words.import.empty();
}

int write_pictures(const Options& options, const Source& source) {
  if (!options.dot.empty() && !source.fabric)
    return fail(kUsage, "--dot draws fabrics: give --preset, --fabric or --import; --svg draws machines, too");
  if (!options.svg.empty()) {
    const std::string svg = source.fabric ? render::fabric_svg(*source.fabric)
                                          : render::machine_svg(*source.machine, seats_of(*source.machine));
    if (!write_file(options.svg, svg)) return fail(kFailed, fmt::format("cannot write {}", options.svg));
  }
  if (!options.dot.empty() && !write_file(options.dot, render::fabric_dot(*source.fabric)))
    return fail(kFailed, fmt::format("cannot write {}", options.dot));
  if (options.xml.empty()) return 0;
  if (names_source(options))
    return fail(kUsage, "--xml writes this machine as hwloc does: leave --preset, --fabric and --import away");
  const auto xml = topology::export_xml();
  if (!xml) return fail(kFailed, xml.error().text);
  return write_file(options.xml, *xml) ? 0 : fail(kFailed, fmt::format("cannot write {}", options.xml));
}

std::string today() {
  const std::time_t now = std::time(nullptr);
  std::tm date{};
  ::localtime_r(&now, &date);
  return fmt::format("{:04}-{:02}-{:02}", date.tm_year + 1900, date.tm_mon + 1, date.tm_mday);
}

Status measure_job(const Options& options, Member& member) {
  const auto measured = TUTTI_TRY(measure(member, "tutti topo --measure, " + today()));
  TUTTI_TRY(member.close());
  if (member.rank() != 0) return {};
  if (!options.exported.empty() && !write_file(options.exported, topology::write_description(measured.description)))
    return Error{Code::system, fmt::format("cannot write {}", options.exported)};
  fmt::print("{}", options.json ? document_of(measured) : text_of(measured));
  return {};
}

Status explain_job(const Options& options, Member& member) {
  const auto answer = TUTTI_TRY(ask(member, options.why[0], options.why[1], options.json));
  TUTTI_TRY(member.close());
  if (answer) fmt::print("{}", *answer);
  return {};
}

// All ranks find the same wrong; rank 0 says it.
int wrong_usage(const Member& member, const std::string& text) {
  return member.rank() == 0 ? fail(kUsage, text) : kUsage;
}

int run_in_job(const Options& options, Member& member) {
  if (options.measure && member.ranks() == 1) {
    return wrong_usage(member, "--measure needs a job of several ranks: tutti run -n 4 -- tutti topo --measure");
  }
  for (const std::int32_t rank : options.why) {
    if (rank < 0 || rank >= member.ranks())
      return wrong_usage(member, fmt::format("--why: {} is no rank: this job has 0 to {}", rank, member.ranks() - 1));
  }
  if (!options.measure && options.why[0] == options.why[1])
    return wrong_usage(member, fmt::format("--why: rank {} reaches itself through memory", options.why[0]));
  const Status done = options.measure ? measure_job(options, member) : explain_job(options, member);
  return done ? 0 : fail(kFailed, fmt::format("rank {}: {}", member.rank(), done.error().text));
}

// Measuring is a job's affair always; --why is where there is one, and nothing else to ask.
std::optional<int> run_as_rank(const Options& options) {
  if (options.measure && (names_source(options) || !options.why.empty()))
    return fail(kUsage, "--measure asks the job itself: leave --preset, --fabric, --import and --why away");
  if (!options.exported.empty() && !options.measure) return fail(kUsage, "--export writes what --measure found");
  if (!options.measure && (options.why.empty() || names_source(options))) return std::nullopt;
  auto member = Member::join();
  if (!member) return fail(kFailed, member.error().text);
  if (!options.measure && member->ranks() == 1) return std::nullopt;
  return run_in_job(options, *member);
}

int run(const Options& options) {
  if (options.list) return list();
  if (const auto code = run_as_rank(options)) return *code;
  const auto source = find_source(options.words);
  if (!source) return fail(source.error().code == Code::system ? kFailed : kUsage, source.error().text);
  if (const int code = write_pictures(options, *source); code != 0) return code;
  if (!options.why.empty()) {
    const auto text = source->fabric ? why(*source->fabric, options.why[0], options.why[1])
                                     : why(*source->machine, options.why[0], options.why[1]);
    if (!text) return fail(kUsage, text.error().text);
    fmt::print("{}", *text);
  } else if (options.json) {
    fmt::print("{}", source->fabric ? topology::write_description(*source->fabric)
                                    : topology::write_machine(*source->machine));
  } else {
    fmt::print("{}", source->fabric ? text_of(*source->fabric) : text_of(*source->machine));
  }
  return 0;
}

}  // namespace

void add_command(CLI::App& app, int& exit_code) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("topo", "Show this machine, another one, or a cluster's fabric");
  command->footer(kExamples);
  command->add_option("--preset", options->words.preset, "A fabric that comes with the library")->type_name("NAME");
  command->add_option("--fabric", options->words.fabric, "A fabric that a file describes (tutti.fabric/1)")
      ->type_name("FILE");
  command->add_option("--import", options->words.import, "What another tool wrote")->type_name("FILE");
  command->add_option("--ranks-per-node", options->words.ranks_per_node, "For imports, which know nodes only")
      ->check(CLI::Range(1, 1024))
      ->capture_default_str();
  command->add_flag("--list", options->list, "Name the presets");
  command->add_option("--why", options->why, "Explain what lies between two ranks; in a job, which transport they use")
      ->expected(2)
      ->type_name("RANK");
  command->add_flag("--measure", options->measure, "Probe pairs of this job's ranks, and infer levels");
  command
      ->add_option("--export", options->exported, "Write what was measured to FILE, for TUTTI_FABRIC (tutti.fabric/1)")
      ->type_name("FILE");
  command->add_option("--svg", options->svg, "Draw the fabric or the machine to FILE")->type_name("FILE");
  command->add_option("--dot", options->dot, "Draw the fabric for Graphviz to FILE")->type_name("FILE");
  command->add_option("--xml", options->xml, "Write this machine to FILE as hwloc's XML")->type_name("FILE");
  command->add_flag("--json", options->json,
                    "As data (schema tutti.fabric/1, tutti.machine/1, tutti.measured/1 or tutti.why/1)");
  command->callback([options, &exit_code] { exit_code = run(*options); });
}

}  // namespace tutti::topo
