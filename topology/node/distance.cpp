#include "topology/node/distance.hpp"

#include <algorithm>
#include <array>

namespace tutti::topology {
namespace {

const NumaNode* numa_of(const Machine& machine, const CpuSet& cpus) {
  for (const NumaNode& numa : machine.numa) {
    if (!numa.cpus.empty() && !cpus.empty() && cpus.is_inside(numa.cpus)) return &numa;
  }
  return nullptr;
}

bool share_package(const Machine& machine, const CpuSet& one, const CpuSet& other) {
  return std::ranges::any_of(machine.package_cpus,
                             [&](const CpuSet& package) { return one.is_inside(package) && other.is_inside(package); });
}

// By processors alone.
Distance between(const Machine& machine, const CpuSet& one, const CpuSet& other) {
  if (one.empty() || other.empty()) return Distance::unknown;
  const NumaNode* const home = numa_of(machine, one);
  if (home != nullptr && home == numa_of(machine, other)) return Distance::same_numa;
  return share_package(machine, one, other) ? Distance::same_package : Distance::across_packages;
}

bool are_linked(const Machine& machine, const Device& one, const Device& other) {
  return std::ranges::any_of(machine.links, [&](const DeviceLink& link) {
    const Device& a = machine.devices[static_cast<std::size_t>(link.one)];
    const Device& b = machine.devices[static_cast<std::size_t>(link.other)];
    return (&a == &one && &b == &other) || (&a == &other && &b == &one);
  });
}

}  // namespace

std::string_view to_string(Distance distance) {
  static constexpr std::array<std::string_view, 8> kNames = {
      "itself",           "with a link of their own", "behind one PCI switch", "behind several PCI switches",
      "in one NUMA node", "in one package",           "across packages",       "at an unknown distance"};
  return kNames.at(static_cast<std::size_t>(distance));
}

Distance distance(const Machine& machine, const Device& one, const Device& other) {
  if (one.bus == other.bus) return Distance::itself;
  if (are_linked(machine, one, other)) return Distance::linked;
  const auto [a, b] = std::mismatch(one.path.begin(), one.path.end(), other.path.begin(), other.path.end());
  const auto shared = a - one.path.begin();
  if (shared >= 2) {  // more than the host bridge: below a switch each has a port, and then itself
    const bool adjacent = one.path.end() - a <= 1 && other.path.end() - b <= 1;
    return adjacent ? Distance::same_switch : Distance::several_switches;
  }
  if (shared == 1) return Distance::same_numa;
  return between(machine, one.cpus, other.cpus);
}

Distance distance(const Machine& machine, const CpuSet& cpus, const Device& device) {
  Distance nearest = Distance::unknown;
  for (const NumaNode& numa : machine.numa) {
    if (!numa.cpus.meets(cpus)) continue;
    nearest = std::min(nearest, between(machine, numa.cpus, device.cpus));
  }
  return nearest;
}

CpuSet near(const Machine& machine, const Device& device) {
  return device.cpus.common(machine.cpus);
}

}  // namespace tutti::topology
