#include <fmt/format.h>
#include <hwloc.h>
#include <hwloc/distances.h>
#include <hwloc/memattrs.h>

#include <algorithm>
#include <array>
#include <memory>

#include "topology/node/hwloc_tree.hpp"

namespace tutti::topology {
namespace {

struct Destroy {
  void operator()(hwloc_topology* topology) const { hwloc_topology_destroy(topology); }
};
using Tree = std::unique_ptr<hwloc_topology, Destroy>;

Result<Tree> make_tree() {
  hwloc_topology_t raw = nullptr;
  if (hwloc_topology_init(&raw) != 0) return Error{Code::system, "hwloc has no memory"};
  Tree tree(raw);
  // Bridges are kept all, because switches are what tells near devices from far ones.
  hwloc_topology_set_io_types_filter(raw, HWLOC_TYPE_FILTER_KEEP_IMPORTANT);
  hwloc_topology_set_type_filter(raw, HWLOC_OBJ_BRIDGE, HWLOC_TYPE_FILTER_KEEP_ALL);
  hwloc_topology_set_icache_types_filter(raw, HWLOC_TYPE_FILTER_KEEP_NONE);
  return tree;
}

CpuSet set_of(hwloc_const_bitmap_t bitmap) {
  CpuSet set;
  if (bitmap == nullptr) return set;
  for (int cpu = hwloc_bitmap_first(bitmap); cpu >= 0 && cpu < CpuSet::kMost; cpu = hwloc_bitmap_next(bitmap, cpu))
    set.add(cpu);
  return set;
}

std::string info_of(hwloc_obj_t object, const char* name) {
  const char* const text = object == nullptr ? nullptr : hwloc_obj_get_info_by_name(object, name);
  return text == nullptr ? std::string() : std::string(text).substr(0, 128);
}

std::string bus_of(const hwloc_obj_attr_u::hwloc_pcidev_attr_s& pci) {
  return fmt::format("{:04x}:{:02x}:{:02x}.{:x}", static_cast<unsigned>(pci.domain), static_cast<unsigned>(pci.bus),
                     static_cast<unsigned>(pci.dev), static_cast<unsigned>(pci.func));
}

class Reader {
 public:
  explicit Reader(hwloc_topology_t tree) : tree_(tree) {}

  Machine machine() {
    hwloc_obj_t root = hwloc_get_root_obj(tree_);
    machine_.name = info_of(root, "HostName");
    machine_.model = info_of(root, "DMIProductName");
    machine_.cpus = set_of(hwloc_topology_get_allowed_cpuset(tree_));
    machine_.bound = machine_.cpus;
    machine_.packages = std::max(0, hwloc_get_nbobjs_by_type(tree_, HWLOC_OBJ_PACKAGE));
    machine_.cores = std::max(0, hwloc_get_nbobjs_by_type(tree_, HWLOC_OBJ_CORE));
    for (hwloc_obj_t package = nullptr;
         (package = hwloc_get_next_obj_by_type(tree_, HWLOC_OBJ_PACKAGE, package)) != nullptr;)
      machine_.package_cpus.push_back(set_of(package->cpuset));
    if (machine_.model.empty())
      machine_.model = info_of(hwloc_get_obj_by_type(tree_, HWLOC_OBJ_PACKAGE, 0), "CPUModel");
    caches();
    memory();
    devices();
    links();
    return std::move(machine_);
  }

 private:
  void caches() {
    for (const auto& [type, level] : {std::pair{HWLOC_OBJ_L3CACHE, 3}, std::pair{HWLOC_OBJ_L2CACHE, 2}}) {
      hwloc_obj_t first = hwloc_get_obj_by_type(tree_, type, 0);
      if (first == nullptr || first->attr == nullptr) continue;
      machine_.caches.push_back({level, first->attr->cache.size, hwloc_get_nbobjs_by_type(tree_, type)});
    }
  }

  double memory_attribute(hwloc_obj_t node, hwloc_memattr_id_e which) {
    hwloc_location initiator{};
    initiator.type = HWLOC_LOCATION_TYPE_CPUSET;
    initiator.location.cpuset = node->cpuset;
    hwloc_uint64_t value = 0;
    if (hwloc_memattr_get_value(tree_, which, node, &initiator, 0, &value) != 0) return 0;
    return static_cast<double>(value);
  }

  void memory() {
    for (hwloc_obj_t node = nullptr; (node = hwloc_get_next_obj_by_type(tree_, HWLOC_OBJ_NUMANODE, node)) != nullptr;) {
      NumaNode numa;
      numa.number = static_cast<std::int32_t>(node->os_index);
      numa.cpus = set_of(node->cpuset);
      numa.bytes = node->attr == nullptr ? 0 : node->attr->numanode.local_memory;
      numa.read_GBps = memory_attribute(node, HWLOC_MEMATTR_ID_BANDWIDTH) / 1000;  // hwloc counts MiB a second
      numa.latency_ns = memory_attribute(node, HWLOC_MEMATTR_ID_LATENCY);
      for (std::size_t package = 0; package < machine_.package_cpus.size(); ++package) {
        if (!numa.cpus.empty() && numa.cpus.is_inside(machine_.package_cpus[package]))
          numa.package = static_cast<std::int32_t>(package);
      }
      machine_.numa.push_back(std::move(numa));
    }
  }

  // What the operating system calls a PCI device, and whether it says what it is.
  struct Names {
    std::vector<std::string> all;
    bool network = false;
    bool fabric = false;  // an RDMA device: that name goes first
    bool computes = false;
  };
  static Names names_of(hwloc_obj_t pci) {
    Names names;
    for (hwloc_obj_t child = pci->io_first_child; child != nullptr; child = child->next_sibling) {
      if (child->type != HWLOC_OBJ_OS_DEVICE || child->attr == nullptr || child->name == nullptr) continue;
      const auto type = child->attr->osdev.type;
      const std::string name = std::string(child->name).substr(0, 64);
      names.network = names.network || type == HWLOC_OBJ_OSDEV_NETWORK || type == HWLOC_OBJ_OSDEV_OPENFABRICS;
      names.computes = names.computes || type == HWLOC_OBJ_OSDEV_COPROC;
      if (type == HWLOC_OBJ_OSDEV_OPENFABRICS) {
        names.all.insert(names.all.begin(), name);
      } else if (type != HWLOC_OBJ_OSDEV_BLOCK) {
        names.all.push_back(name);
      }
    }
    return names;
  }

  void devices() {
    for (hwloc_obj_t pci = nullptr; (pci = hwloc_get_next_pcidev(tree_, pci)) != nullptr;) {
      if (pci->attr == nullptr) continue;
      const auto& attributes = pci->attr->pcidev;
      const Names names = names_of(pci);
      const unsigned kind = attributes.class_id >> 8U;
      const bool is_nic =
          names.network || kind == 0x02;  // PCI's classes: 02 network, 12 accelerator, 0302 3D, 0380 other display
      const bool is_accelerator =
          names.computes || kind == 0x12 || attributes.class_id == 0x0302 || attributes.class_id == 0x0380;
      if (!is_nic && !is_accelerator) continue;
      Device device;
      device.kind = is_nic ? DeviceKind::nic : DeviceKind::accelerator;
      device.bus = bus_of(attributes);
      device.name = names.all.empty() ? device.bus : names.all.front();
      for (std::size_t i = 1; i < names.all.size(); ++i) device.also += (i > 1 ? " " : "") + names.all[i];
      device.model = fmt::format("{:04x}:{:04x}", static_cast<unsigned>(attributes.vendor_id),
                                 static_cast<unsigned>(attributes.device_id));
      if (const auto text = info_of(pci, "PCIDevice"); !text.empty()) device.model += " " + text;
      device.link_GBps = static_cast<double>(attributes.linkspeed);
      walk_up(pci, device);
      device.cpus = set_of(hwloc_get_non_io_ancestor_obj(tree_, pci)->cpuset);
      objects_.push_back(pci);
      machine_.devices.push_back(std::move(device));
    }
  }

  static void walk_up(hwloc_obj_t pci, Device& device) {
    for (hwloc_obj_t bridge = pci->parent; bridge != nullptr && bridge->type == HWLOC_OBJ_BRIDGE;
         bridge = bridge->parent) {
      if (bridge->attr == nullptr) continue;
      const auto& attributes = bridge->attr->bridge;
      if (attributes.upstream_type != HWLOC_OBJ_BRIDGE_PCI) {
        device.path.push_back(fmt::format("host {:04x}:{:02x}", static_cast<unsigned>(attributes.downstream.pci.domain),
                                          static_cast<unsigned>(attributes.downstream.pci.secondary_bus)));
        continue;
      }
      device.path.push_back(bus_of(attributes.upstream.pci));
      const auto speed = static_cast<double>(attributes.upstream.pci.linkspeed);
      if (speed > 0) device.link_GBps = device.link_GBps > 0 ? std::min(device.link_GBps, speed) : speed;
    }
    std::reverse(device.path.begin(), device.path.end());
  }

  // The device that an object of a matrix stands for: itself, or the PCI device that it belongs to.
  [[nodiscard]] std::int32_t number_of(hwloc_obj_t object) const {
    for (; object != nullptr; object = object->parent) {
      const auto found = std::find(objects_.begin(), objects_.end(), object);
      if (found != objects_.end()) return static_cast<std::int32_t>(found - objects_.begin());
    }
    return -1;
  }

  void links() {
    for (const char* const name : {"NVLinkBandwidth", "XGMIBandwidth", "XeLinkBandwidth"}) {
      std::array<hwloc_distances_s*, 1> found{};
      unsigned count = 1;
      if (hwloc_distances_get_by_name(tree_, name, &count, found.data(), 0) != 0 || count == 0) continue;
      const auto& matrix = *found[0];
      for (unsigned row = 0; row < matrix.nbobjs; ++row) {
        for (unsigned column = row + 1; column < matrix.nbobjs; ++column) {
          const double speed = static_cast<double>(matrix.values[row * matrix.nbobjs + column]) / 1000;  // MB a second
          const std::int32_t one = number_of(matrix.objs[row]);
          const std::int32_t other = number_of(matrix.objs[column]);
          if (speed > 0 && one >= 0 && other >= 0 && one != other) machine_.links.push_back({one, other, speed});
        }
      }
      hwloc_distances_release(tree_, found[0]);
    }
  }

  hwloc_topology_t tree_;
  Machine machine_;
  std::vector<hwloc_obj_t> objects_;  // of the devices
};

Result<Tree> own_tree(Drivers drivers = Drivers::asked) {
  Tree tree = TUTTI_TRY(make_tree());
  for (const char* const asks : {"gl", "opencl", "cuda", "nvml", "rsmi", "levelzero"}) {
    if (drivers == Drivers::left_alone)
      hwloc_topology_set_components(tree.get(), HWLOC_TOPOLOGY_COMPONENTS_FLAG_BLACKLIST, asks);
  }
  if (hwloc_topology_load(tree.get()) != 0) return Error{Code::system, "hwloc cannot discover this machine"};
  return tree;
}

}  // namespace

Result<Machine> discover(Drivers drivers) {
  const Tree tree = TUTTI_TRY(own_tree(drivers));
  Machine machine = Reader(tree.get()).machine();
  hwloc_bitmap_t bound = hwloc_bitmap_alloc();
  if (bound != nullptr && hwloc_get_cpubind(tree.get(), bound, HWLOC_CPUBIND_PROCESS) == 0)
    machine.bound = set_of(bound);
  hwloc_bitmap_free(bound);
  return machine;
}

Result<std::string> export_xml() {
  const Tree tree = TUTTI_TRY(own_tree());
  char* buffer = nullptr;
  int length = 0;
  if (hwloc_topology_export_xmlbuffer(tree.get(), &buffer, &length, 0) != 0)
    return Error{Code::system, "hwloc cannot write this machine as XML"};
  std::string xml(buffer, static_cast<std::size_t>(std::max(0, length - 1)));  // without the zero at its end
  hwloc_free_xmlbuffer(tree.get(), buffer);
  return xml;
}

Result<Machine> parse_hwloc_xml(std::string_view xml) {
  const Tree tree = TUTTI_TRY(make_tree());
  const std::string text(xml);
  const auto length = static_cast<int>(text.size() + 1);
  if (hwloc_topology_set_xmlbuffer(tree.get(), text.c_str(), length) != 0 || hwloc_topology_load(tree.get()) != 0)
    return Error{Code::invalid_argument, "this is not what hwloc writes"};
  return Reader(tree.get()).machine();
}

}  // namespace tutti::topology
