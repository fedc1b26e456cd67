// NCCL's topology XML: <system> of <cpu>s with trees of <pci>, in them <gpu> with <nvlink>, and <nic> with <net>.
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <pugixml.hpp>

#include "topology/import/import.hpp"

namespace tutti::topology {
namespace {

constexpr std::size_t kMostBytes = std::size_t{16} << 20;
constexpr int kMostDepth = 32;
constexpr double kNvlinkGBps = 25;  // of one link in one direction, from Volta to Blackwell's predecessor

class Reader {
 public:
  explicit Reader(std::string_view xml) : xml_(xml) {}

  Result<Machine> read(const pugi::xml_node& system) {
    for (const pugi::xml_node cpu : system.children()) {
      if (std::string_view(cpu.name()) != "cpu")
        return wrong(cpu, fmt::format("<{}> where <cpu> is expected", cpu.name()));
      TUTTI_TRY(read_cpu(cpu));
    }
    if (machine_.numa.empty()) return wrong(system, "no <cpu> is described");
    TUTTI_TRY(join());
    machine_.bound = machine_.cpus;
    machine_.packages = static_cast<std::int32_t>(machine_.package_cpus.size());
    machine_.cores = machine_.cpus.count();
    return std::move(machine_);
  }

 private:
  [[nodiscard]] Error wrong(const pugi::xml_node& node, const std::string& what) const {
    const auto offset = std::clamp<std::ptrdiff_t>(node.offset_debug(), 0, static_cast<std::ptrdiff_t>(xml_.size()));
    return {Code::invalid_argument,
            fmt::format("line {}: {}", 1 + std::count(xml_.begin(), xml_.begin() + offset, '\n'), what)};
  }

  Result<std::string> text_of(const pugi::xml_node& node, const char* attribute) const {
    const std::string text = node.attribute(attribute).as_string();
    if (text.empty()) return wrong(node, fmt::format("<{}> without its {}", node.name(), attribute));
    return text.substr(0, 128);
  }

  // "00ffffff,00000000": 32 bits a word, the highest first.
  Result<CpuSet> affinity_of(const pugi::xml_node& cpu) const {
    const std::string mask = cpu.attribute("affinity").as_string();
    CpuSet set;
    std::int32_t bit = 0;
    for (auto digit = mask.rbegin(); digit != mask.rend(); ++digit) {
      if (*digit == ',') continue;
      const bool is_hex = std::isxdigit(static_cast<unsigned char>(*digit)) != 0;
      if (!is_hex || bit >= CpuSet::kMost) return wrong(cpu, fmt::format("'{}' is no affinity", mask.substr(0, 64)));
      const auto value = std::strtoul(std::string(1, *digit).c_str(), nullptr, 16);
      for (int i = 0; i < 4; ++i) {
        if (((value >> i) & 1U) != 0) set.add(bit + i);
      }
      bit += 4;
    }
    return set;
  }

  Status read_cpu(const pugi::xml_node& cpu) {
    NumaNode numa;
    numa.number = cpu.attribute("numaid").as_int(-1);
    if (numa.number < 0) return wrong(cpu, "<cpu> without its numaid");
    numa.cpus = TUTTI_TRY(affinity_of(cpu));
    numa.package = static_cast<std::int32_t>(machine_.numa.size());  // NCCL does not tell packages from NUMA nodes
    machine_.package_cpus.push_back(numa.cpus);
    for (std::int32_t bit = 0; bit < CpuSet::kMost && machine_.cpus.count() < CpuSet::kMost; ++bit) {
      if (numa.cpus.has(bit)) machine_.cpus.add(bit);
    }
    const CpuSet cpus = numa.cpus;
    machine_.numa.push_back(std::move(numa));
    std::vector<std::string> path{fmt::format("host numa {}", machine_.numa.back().number)};
    return read_buses(cpu, cpus, path, 0, 0);
  }

  // GB/s of "16.0 GT/s PCIe" or "8 GT/s", and lanes.
  static double speed_of(const pugi::xml_node& pci) {
    const double rate = std::strtod(pci.attribute("link_speed").as_string(), nullptr);
    const int width = pci.attribute("link_width").as_int();
    const double coding = rate > 5 ? 128.0 / 130 : 0.8;
    return rate > 0 && width > 0 ? rate * width / 8 * coding : 0;
  }

  Status read_buses(const pugi::xml_node& parent, const CpuSet& cpus, std::vector<std::string>& path, double narrowest,
                    int depth) {
    if (depth > kMostDepth) return wrong(parent, fmt::format("nested more than {} deep", kMostDepth));
    for (const pugi::xml_node node : parent.children()) {
      const std::string_view name = node.name();
      if (name == "pci") {
        const std::string bus = TUTTI_TRY(text_of(node, "busid"));
        double speed = speed_of(node);
        if (speed == 0 || (narrowest > 0 && narrowest < speed)) speed = narrowest;
        if (node.child("gpu") || node.child("nic")) {
          TUTTI_TRY(add(node, bus, cpus, path, speed));
        } else {
          path.push_back(bus);
          TUTTI_TRY(read_buses(node, cpus, path, speed, depth + 1));
          path.pop_back();
        }
      } else if (name == "nic") {  // NICs that hang on no known bus
        TUTTI_TRY(add_nets(node, "", cpus, path, 0));
      }
    }
    return {};
  }

  Status add(const pugi::xml_node& pci, const std::string& bus, const CpuSet& cpus,
             const std::vector<std::string>& path, double speed) {
    if (const auto gpu = pci.child("gpu")) {
      Device device{.name = fmt::format("gpu{}", gpu.attribute("dev").as_int()),
                    .also = {},
                    .kind = DeviceKind::accelerator,
                    .bus = bus,
                    .model = {},
                    .path = path,
                    .cpus = cpus,
                    .link_GBps = speed};
      if (gpu.attribute("sm")) device.model = fmt::format("sm {}", gpu.attribute("sm").as_int());
      for (const pugi::xml_node link : gpu.children("nvlink")) {
        const std::string target = TUTTI_TRY(text_of(link, "target"));
        wires_.push_back(
            {static_cast<std::int32_t>(machine_.devices.size()), target, link.attribute("count").as_int(1)});
      }
      machine_.devices.push_back(std::move(device));
    }
    if (const auto nic = pci.child("nic")) return add_nets(nic, bus, cpus, path, speed);
    return {};
  }

  Status add_nets(const pugi::xml_node& nic, const std::string& bus, const CpuSet& cpus,
                  const std::vector<std::string>& path, double speed) {
    for (const pugi::xml_node net : nic.children("net")) {
      TUTTI_TRY(text_of(net, "name"));
      Device device{.name = net.attribute("name").as_string(),
                    .also = {},
                    .kind = DeviceKind::nic,
                    .bus = bus,
                    .model = {},
                    .path = path,
                    .cpus = cpus,
                    .link_GBps = speed};
      if (bus.empty()) device.bus = device.name;
      if (const double port = net.attribute("speed").as_double() / 8000; port > 0)  // Mb a second
        device.model = fmt::format("port of {:g} GB/s", port);
      machine_.devices.push_back(std::move(device));
    }
    return {};
  }

  // Links to other GPUs, each once; links to switches join nobody directly.
  Status join() {
    std::map<std::string, std::int32_t> numbers;
    for (std::size_t i = 0; i < machine_.devices.size(); ++i)
      numbers.try_emplace(machine_.devices[i].bus, static_cast<std::int32_t>(i));
    for (const Wire& wire : wires_) {
      const auto found = numbers.find(wire.target);
      if (found != numbers.end() && wire.from < found->second)
        machine_.links.push_back({wire.from, found->second, wire.count * kNvlinkGBps});
    }
    return {};
  }

  struct Wire {
    std::int32_t from;
    std::string target;
    int count;
  };
  std::string_view xml_;
  Machine machine_;
  std::vector<Wire> wires_;
};

}  // namespace

Result<Machine> import_nccl(std::string_view xml) {
  if (xml.size() > kMostBytes)
    return Error{Code::invalid_argument,
                 fmt::format("{} bytes, where at most {} are possible", xml.size(), kMostBytes)};
  pugi::xml_document document;
  const auto parsed = document.load_buffer(xml.data(), xml.size());
  if (!parsed) {
    const auto end = std::clamp<std::ptrdiff_t>(parsed.offset, 0, static_cast<std::ptrdiff_t>(xml.size()));
    return Error{
        Code::invalid_argument,
        fmt::format("line {}: no XML: {}", 1 + std::count(xml.begin(), xml.begin() + end, '\n'), parsed.description())};
  }
  const pugi::xml_node system = document.child("system");
  if (!system) return Error{Code::invalid_argument, "line 1: no topology of NCCL: its root is not <system>"};
  return Reader(xml).read(system);
}

}  // namespace tutti::topology
