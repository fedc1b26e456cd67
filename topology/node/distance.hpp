// How near the parts of a machine are to each other, and which NIC a rank takes.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "topology/node/machine.hpp"

namespace tutti::topology {

/// From near to far.
enum class Distance : std::uint8_t {
  itself,
  linked,            // accelerators with a link of their own
  same_switch,       // one PCI switch
  several_switches,  // PCI switches, without passing a processor
  same_numa,         // through the processors' PCI host bridge, or in the same NUMA node
  same_package,      // another NUMA node of the package
  across_packages,
  unknown,  // the firmware does not say where one of them is
};
/// "behind one PCI switch", ...
std::string_view to_string(Distance distance);

Distance distance(const Machine& machine, const Device& one, const Device& other);
/// Of processors that a rank may use, and a device: the nearest of them counts.
Distance distance(const Machine& machine, const CpuSet& cpus, const Device& device);

/// What is known of a rank before it has a NIC.
struct Seat {
  CpuSet cpus;
  std::int32_t accelerator = -1;  // number in Machine::devices; -1: none
};

struct NicChoice {
  std::int32_t device = -1;  // number in Machine::devices; -1: there is none
  Distance distance = Distance::unknown;
  std::string reason;  // "behind one PCI switch with cuda1; shared with 1 other rank"
};

/// The numbers of the machine's NICs in Machine::devices.
std::vector<std::int32_t> nics_of(const Machine& machine);

/// A NIC of `nics` for each rank of a node: the nearest to its accelerator, or to its processors; of NICs as near as
/// each other the one that the fewest ranks have, so that none idles while another is shared. The same for the same
/// machine and ranks.
std::vector<NicChoice> choose_nics(const Machine& machine, const std::vector<Seat>& seats,
                                   const std::vector<std::int32_t>& nics);
/// Of all NICs.
std::vector<NicChoice> choose_nics(const Machine& machine, const std::vector<Seat>& seats);

/// "behind one PCI switch with cuda1; shared with 1 other rank"
std::string reason_of(Distance distance, std::string_view anchor, int other_ranks);

/// What could be better about where ranks are: processors far from their NIC, accelerators far from it, shared NICs.
/// Each a sentence with what to do. Empty if nothing could.
std::vector<std::string> advice(const Machine& machine, const std::vector<Seat>& seats,
                                const std::vector<NicChoice>& choices);
/// As `choose_nics` would place them.
std::vector<std::string> advice(const Machine& machine, const std::vector<Seat>& seats);

/// Processors near a device that a progress thread and staging memory should use: those of its NUMA node that may be
/// used.
CpuSet near(const Machine& machine, const Device& device);

}  // namespace tutti::topology
