#include <fmt/format.h>

#include "tools/text/figures.hpp"
#include "tools/text/table.hpp"
#include "tools/topo/text.hpp"

namespace tutti::topo {
namespace {

using topology::CpuSet;
using topology::Device;
using topology::DeviceKind;
using topology::Machine;
using topology::NumaNode;

std::string speed(double GBps) {
  return GBps > 0 ? fmt::format("{:.3g} GB/s", GBps) : std::string("speed unknown");
}

std::string head(const Machine& machine) {
  std::string text =
      fmt::format("{}{}{}: {} package{}, {} core{}, processors {}\n", machine.name.empty() ? "machine" : machine.name,
                  machine.model.empty() ? "" : ", ", machine.model, machine.packages, machine.packages == 1 ? "" : "s",
                  machine.cores, machine.cores == 1 ? "" : "s", machine.cpus.text());
  for (const topology::Cache& cache : machine.caches)
    text +=
        fmt::format("  L{} cache: {} of {}\n", cache.level, cache.count, text::bytes(static_cast<double>(cache.bytes)));
  if (!(machine.bound == machine.cpus)) text += fmt::format("  this process is bound to {}\n", machine.bound.text());
  return text;
}

std::string device_line(const Device& device) {
  std::string text = fmt::format("{} {}", to_string(device.kind), device.name);
  if (!device.also.empty()) text += fmt::format(" ({})", device.also);
  if (device.bus != device.name) text += fmt::format("  {}", device.bus);
  text += fmt::format("  {}  {}", device.model, speed(device.link_GBps));
  return text;
}

// Devices of one NUMA node under the bridges that they share.
std::string buses(const Machine& machine, const CpuSet& cpus, const std::string& indent) {
  std::string text;
  std::vector<std::string> open;
  for (const Device& device : machine.devices) {
    if (!(device.cpus == cpus)) continue;
    std::size_t shared = 0;
    while (shared < open.size() && shared < device.path.size() && open[shared] == device.path[shared]) ++shared;
    for (std::size_t i = shared; i < device.path.size(); ++i)
      text += fmt::format("{}{}bridge {}\n", indent, std::string(2 * i, ' '), device.path[i]);
    open = device.path;
    text += fmt::format("{}{}{}\n", indent, std::string(2 * device.path.size(), ' '), device_line(device));
  }
  return text;
}

bool is_numa_of(const Machine& machine, const CpuSet& cpus) {
  for (const NumaNode& numa : machine.numa) {
    if (numa.cpus == cpus) return true;
  }
  return false;
}

std::string memory(const Machine& machine) {
  std::string text;
  for (const NumaNode& numa : machine.numa) {
    text += fmt::format("  NUMA node {}{}: {}, processors {}", numa.number,
                        numa.package >= 0 ? fmt::format(" of package {}", numa.package) : "",
                        text::bytes(static_cast<double>(numa.bytes)), numa.cpus.empty() ? "none" : numa.cpus.text());
    if (numa.read_GBps > 0) text += fmt::format(", reads {:g} GB/s", numa.read_GBps);
    if (numa.latency_ns > 0) text += fmt::format(", {:g} ns", numa.latency_ns);
    text += "\n";
    if (!numa.cpus.empty()) text += buses(machine, numa.cpus, "    ");
  }
  std::vector<CpuSet> others;
  for (const Device& device : machine.devices) {
    bool known = is_numa_of(machine, device.cpus);
    for (const CpuSet& other : others) known = known || other == device.cpus;
    if (!known) others.push_back(device.cpus);
  }
  for (const CpuSet& cpus : others)
    text += fmt::format("  near processors {}\n{}", cpus.empty() ? "that are not said" : cpus.text(),
                        buses(machine, cpus, "    "));
  return text;
}

std::string links(const Machine& machine) {
  std::string text;
  for (const topology::DeviceLink& link : machine.links) {
    text += fmt::format("  {} - {}: {:g} GB/s\n", machine.devices[static_cast<std::size_t>(link.one)].name,
                        machine.devices[static_cast<std::size_t>(link.other)].name, link.GBps);
  }
  return text.empty() ? text : fmt::format("\nLinks between accelerators\n{}", text);
}

std::string places(const Machine& machine) {
  const auto seats = seats_of(machine);
  const auto choices = choose_nics(machine, seats);
  std::vector<text::Row> rows{{"rank", "accelerator", "processors", "NIC", "because"}};
  for (std::size_t rank = 0; rank < seats.size(); ++rank) {
    const bool has_nic = choices[rank].device >= 0;
    rows.push_back(
        {std::to_string(rank),
         seats[rank].accelerator < 0 ? "-" : machine.devices[static_cast<std::size_t>(seats[rank].accelerator)].name,
         seats[rank].cpus.empty() ? "-" : seats[rank].cpus.text(),
         has_nic ? machine.devices[static_cast<std::size_t>(choices[rank].device)].name : "-", choices[rank].reason});
  }
  std::string text = "\nRanks and their NICs\n" + text::table(rows, "rllll");
  for (const std::string& one : advice(machine, seats)) text += fmt::format("  better: {}\n", one);
  return text;
}

}  // namespace

std::vector<topology::Seat> seats_of(const Machine& machine) {
  std::vector<topology::Seat> seats;
  for (std::size_t i = 0; i < machine.devices.size(); ++i) {
    const Device& device = machine.devices[i];
    if (device.kind == DeviceKind::accelerator)
      seats.push_back({near(machine, device).common(machine.bound), static_cast<std::int32_t>(i)});
  }
  if (seats.empty()) seats.push_back({machine.bound, -1});
  return seats;
}

std::string text_of(const Machine& machine) {
  return head(machine) + memory(machine) + links(machine) + places(machine);
}

}  // namespace tutti::topo
