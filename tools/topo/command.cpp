#include "tools/topo/command.hpp"

#include <fmt/format.h>

#include <cstdio>
#include <memory>
#include <vector>

#include "tools/topo/source.hpp"
#include "tools/topo/text.hpp"
#include "topology/fabric/presets.hpp"
#include "topology/render/fabric.hpp"
#include "topology/render/machine.hpp"

namespace tutti::topo {
namespace {

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
  ibnetdiscover > net.txt; tutti topo --import net.txt --ranks-per-node 8 --json > mine.json
  TUTTI_FABRIC=./mine.json tutti run -n 8 -- ./train)";

struct Options {
  Words words;
  std::string svg;
  std::string dot;
  std::string xml;
  std::vector<std::int32_t> why;
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
  const Words& words = options.words;
  if (!words.preset.empty() || !words.fabric.empty() || !words.import.empty())
    return fail(kUsage, "--xml writes this machine as hwloc does: leave --preset, --fabric and --import away");
  const auto xml = topology::export_xml();
  if (!xml) return fail(kFailed, xml.error().text);
  return write_file(options.xml, *xml) ? 0 : fail(kFailed, fmt::format("cannot write {}", options.xml));
}

int run(const Options& options) {
  if (options.list) return list();
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
  command->add_option("--why", options->why, "Explain what lies between two ranks")->expected(2)->type_name("RANK");
  command->add_option("--svg", options->svg, "Draw the fabric or the machine to FILE")->type_name("FILE");
  command->add_option("--dot", options->dot, "Draw the fabric for Graphviz to FILE")->type_name("FILE");
  command->add_option("--xml", options->xml, "Write this machine to FILE as hwloc's XML")->type_name("FILE");
  command->add_flag("--json", options->json, "As data (schema tutti.fabric/1 or tutti.machine/1)");
  command->callback([options, &exit_code] { exit_code = run(*options); });
}

}  // namespace tutti::topo
