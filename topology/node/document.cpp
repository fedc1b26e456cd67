// tutti.machine/1: a machine as JSON, both ways.
#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "topology/node/machine.hpp"
#include "topology/reading/value.hpp"

namespace tutti::topology {
namespace {

using Json = nlohmann::ordered_json;
using reading::Value;

constexpr std::size_t kMostItems = 65536;
constexpr double kMostBytes = 1e18;
constexpr double kMostSpeed = 1e9;

Result<CpuSet> cpus_of(const Value& value, std::string_view field) {
  const Value& text = *TUTTI_TRY(value.at(field));
  if (text.letters.empty()) return CpuSet();
  auto set = CpuSet::parse(text.letters);
  if (!set) return text.wrong(set.error().text);
  return set;
}

Result<std::string> letters_of(const Value& value, std::string_view field) {
  return TUTTI_TRY(value.at(field))->letters;
}

Result<double> number_of(const Value& value, std::string_view field, double most) {
  return TUTTI_TRY(value.at(field))->number_in(0, most);
}

Result<std::int32_t> integer_of(const Value& value, std::string_view field) {
  return static_cast<std::int32_t>(TUTTI_TRY(TUTTI_TRY(value.at(field))->integer_in(-1, CpuSet::kMost)));
}

Result<NumaNode> numa_of(const Value& value) {
  NumaNode numa;
  numa.number = TUTTI_TRY(integer_of(value, "number"));
  numa.package = TUTTI_TRY(integer_of(value, "package"));
  numa.cpus = TUTTI_TRY(cpus_of(value, "cpus"));
  numa.bytes = static_cast<std::uint64_t>(TUTTI_TRY(number_of(value, "bytes", kMostBytes)));
  numa.read_GBps = TUTTI_TRY(number_of(value, "read_GBps", kMostSpeed));
  numa.latency_ns = TUTTI_TRY(number_of(value, "latency_ns", kMostSpeed));
  return numa;
}

Result<Device> device_of(const Value& value) {
  Device device;
  device.name = TUTTI_TRY(letters_of(value, "name"));
  device.also = TUTTI_TRY(letters_of(value, "also"));
  const std::string kind = TUTTI_TRY(letters_of(value, "kind"));
  if (kind != to_string(DeviceKind::nic) && kind != to_string(DeviceKind::accelerator))
    return value.wrong("a device is a nic or an accelerator");
  device.kind = kind == to_string(DeviceKind::nic) ? DeviceKind::nic : DeviceKind::accelerator;
  device.bus = TUTTI_TRY(letters_of(value, "bus"));
  device.model = TUTTI_TRY(letters_of(value, "model"));
  for (const Value& bridge : *TUTTI_TRY(TUTTI_TRY(value.at("path"))->items(256)))
    device.path.push_back(TUTTI_TRY(bridge.text()));
  device.cpus = TUTTI_TRY(cpus_of(value, "cpus"));
  device.link_GBps = TUTTI_TRY(number_of(value, "link_GBps", kMostSpeed));
  return device;
}

}  // namespace

std::string_view to_string(DeviceKind kind) {
  return kind == DeviceKind::nic ? "nic" : "accelerator";
}

std::string write_machine(const Machine& machine) {
  Json document = {{"schema", "tutti.machine/1"},   {"name", machine.name},     {"model", machine.model},
                   {"packages", machine.packages},  {"cores", machine.cores},   {"cpus", machine.cpus.text()},
                   {"bound", machine.bound.text()}, {"caches", Json::array()},  {"package_cpus", Json::array()},
                   {"numa", Json::array()},         {"devices", Json::array()}, {"links", Json::array()}};
  for (const Cache& cache : machine.caches)
    document["caches"].push_back({{"level", cache.level}, {"bytes", cache.bytes}, {"count", cache.count}});
  for (const CpuSet& package : machine.package_cpus) document["package_cpus"].push_back(package.text());
  for (const NumaNode& numa : machine.numa) {
    document["numa"].push_back({{"number", numa.number},
                                {"package", numa.package},
                                {"cpus", numa.cpus.text()},
                                {"bytes", numa.bytes},
                                {"read_GBps", numa.read_GBps},
                                {"latency_ns", numa.latency_ns}});
  }
  for (const Device& device : machine.devices) {
    document["devices"].push_back({{"name", device.name},
                                   {"also", device.also},
                                   {"kind", to_string(device.kind)},
                                   {"bus", device.bus},
                                   {"model", device.model},
                                   {"path", device.path},
                                   {"cpus", device.cpus.text()},
                                   {"link_GBps", device.link_GBps}});
  }
  for (const DeviceLink& link : machine.links)
    document["links"].push_back({{"one", link.one}, {"other", link.other}, {"GBps", link.GBps}});
  return document.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

Result<Machine> read_machine(std::string_view json) {
  const Value root = TUTTI_TRY(reading::parse_json(json));
  Machine machine;
  const Value& schema = *TUTTI_TRY(root.at("schema"));
  if (schema.letters != "tutti.machine/1") return schema.wrong("must be 'tutti.machine/1'");
  machine.name = TUTTI_TRY(letters_of(root, "name"));
  machine.model = TUTTI_TRY(letters_of(root, "model"));
  machine.packages = TUTTI_TRY(integer_of(root, "packages"));
  machine.cores = TUTTI_TRY(integer_of(root, "cores"));
  machine.cpus = TUTTI_TRY(cpus_of(root, "cpus"));
  machine.bound = TUTTI_TRY(cpus_of(root, "bound"));
  for (const Value& value : *TUTTI_TRY(TUTTI_TRY(root.at("caches"))->items(kMostItems))) {
    Cache cache;
    cache.level = TUTTI_TRY(integer_of(value, "level"));
    cache.bytes = static_cast<std::uint64_t>(TUTTI_TRY(number_of(value, "bytes", kMostBytes)));
    cache.count = TUTTI_TRY(integer_of(value, "count"));
    machine.caches.push_back(cache);
  }
  for (const Value& value : *TUTTI_TRY(TUTTI_TRY(root.at("package_cpus"))->items(kMostItems)))
    machine.package_cpus.push_back(TUTTI_TRY(CpuSet::parse(value.letters)));
  for (const Value& value : *TUTTI_TRY(TUTTI_TRY(root.at("numa"))->items(kMostItems)))
    machine.numa.push_back(TUTTI_TRY(numa_of(value)));
  for (const Value& value : *TUTTI_TRY(TUTTI_TRY(root.at("devices"))->items(kMostItems)))
    machine.devices.push_back(TUTTI_TRY(device_of(value)));
  for (const Value& value : *TUTTI_TRY(TUTTI_TRY(root.at("links"))->items(kMostItems))) {
    DeviceLink link;
    link.one = TUTTI_TRY(integer_of(value, "one"));
    link.other = TUTTI_TRY(integer_of(value, "other"));
    link.GBps = TUTTI_TRY(number_of(value, "GBps", kMostSpeed));
    const auto devices = static_cast<std::int32_t>(machine.devices.size());
    if (std::min(link.one, link.other) < 0 || std::max(link.one, link.other) >= devices)
      return value.wrong("a link joins two devices");
    machine.links.push_back(link);
  }
  return machine;
}

}  // namespace tutti::topology
