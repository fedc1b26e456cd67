// One node as its hardware tells: processors, memory, and what hangs on its PCI buses.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "topology/node/cpu_set.hpp"

namespace tutti::topology {

struct NumaNode {
  std::int32_t number = 0;  // the operating system's
  std::int32_t package = -1;
  CpuSet cpus;
  std::uint64_t bytes = 0;
  double read_GBps = 0;  // 0: the firmware does not say
  double latency_ns = 0;
};

struct Cache {
  std::int32_t level = 0;
  std::uint64_t bytes = 0;  // of one
  std::int32_t count = 0;
};

enum class DeviceKind : std::uint8_t { nic, accelerator };
std::string_view to_string(DeviceKind kind);

struct Device {
  std::string name;  // "mlx5_0"; the bus id if the operating system has no name
  std::string also;  // other names: "ib0"
  DeviceKind kind = DeviceKind::nic;
  std::string bus;                // "0000:18:00.0"
  std::string model;              // "15b3:1021", and the name if it is known
  std::vector<std::string> path;  // PCI bridges from the host bridge to the device: "0000:17:01.0"
  CpuSet cpus;                    // that are near
  double link_GBps = 0;           // of the narrowest PCI link on the path; 0: unknown
};

/// A direct link between two accelerators.
struct DeviceLink {
  std::int32_t one = 0;  // number in `devices`
  std::int32_t other = 0;
  double GBps = 0;
};

struct Machine {
  std::string name;  // the host's; "" if unknown
  std::string model;
  std::int32_t packages = 0;
  std::int32_t cores = 0;
  CpuSet cpus;   // that may be used: cgroups are honoured
  CpuSet bound;  // that this process is bound to; for foreign machines as `cpus`
  std::vector<Cache> caches;
  std::vector<NumaNode> numa;
  std::vector<CpuSet> package_cpus;
  std::vector<Device> devices;
  std::vector<DeviceLink> links;
};

/// Whether discovery asks the drivers of accelerators and displays, which may take long and leave threads behind.
enum class Drivers : std::uint8_t { asked, left_alone };

/// Of the machine that this runs on, now. Fails with system.
Result<Machine> discover(Drivers drivers = Drivers::asked);

/// hwloc's own description of this machine, for another day or another place.
Result<std::string> export_xml();

/// From hwloc's XML. It is parsed in a child process with limits, because hwloc 2.9 crashes on some made-up files.
/// Fails with invalid_argument when it is no XML (with the line), beyond the limits, or not what hwloc writes.
Result<Machine> read_foreign(std::string_view xml);

/// A machine as data (schema tutti.machine/1), and back.
std::string write_machine(const Machine& machine);
Result<Machine> read_machine(std::string_view json);

}  // namespace tutti::topology
