#include "topology/node/ports.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>

#include "topology/node/cpu_set.hpp"

namespace tutti::topology {
namespace {

using Path = std::filesystem::path;

constexpr double kGbitsAByte = 8;
constexpr double kMbitsAGByte = 8000;

std::vector<Path> entries(const Path& folder) {
  std::error_code missing;
  std::vector<Path> found;
  for (std::filesystem::directory_iterator at(folder, missing), end; !missing && at != end; at.increment(missing))
    found.push_back(at->path());
  std::sort(found.begin(), found.end());
  return found;
}

std::string first_line(const Path& file) {
  std::ifstream in(file);
  std::string line;
  std::getline(in, line);
  return line;
}

void add_once(std::vector<std::string>& all, const std::string& one) {
  if (std::ranges::find(all, one) == all.end()) all.push_back(one);
}

// A subnet's prefix alone is the same in every fabric that nobody has configured; where its manager sits tells more.
std::string subnet_of(const Path& port) {
  return fmt::format("InfiniBand {} sm {}", first_line(port / "gids" / "0").substr(0, 19), first_line(port / "sm_lid"));
}

void add_port(LiveNic& nic, const Path& port) {
  nic.ports.push_back(fmt::format("{}:{}", nic.name, port.filename().string()));
  nic.GBps = std::max(nic.GBps, std::atof(first_line(port / "rate").c_str()) / kGbitsAByte);  // "400 Gb/sec (4X NDR)"
  if (first_line(port / "link_layer") == "InfiniBand") add_once(nic.networks, subnet_of(port));
}

std::vector<LiveNic> cards_of(const Path& system, std::vector<std::pair<std::string, std::string>>& card_of_interface) {
  std::vector<LiveNic> cards;
  for (const Path& card : entries(system / "class" / "infiniband")) {
    LiveNic nic;
    nic.name = card.filename();
    for (const Path& port : entries(card / "ports")) {
      if (first_line(port / "state").find("ACTIVE") != std::string::npos) add_port(nic, port);
      for (const Path& named : entries(port / "gid_attrs" / "ndevs"))
        card_of_interface.emplace_back(first_line(named), nic.name);
    }
    for (const Path& interface : entries(card / "device" / "net"))
      card_of_interface.emplace_back(interface.filename(), nic.name);
    cards.push_back(std::move(nic));
  }
  return cards;
}

bool share_network(const LiveNic& one, const LiveNic& other) {
  return std::ranges::find_first_of(one.networks, other.networks) != one.networks.end();
}

std::string networks_of(const LiveNic& nic) {
  return nic.networks.empty() ? std::string("unknown") : fmt::format("{}", fmt::join(nic.networks, ", "));
}

}  // namespace

std::vector<LiveNic> live_nics(std::span<const LiveInterface> interfaces, const Path& system) {
  std::vector<std::pair<std::string, std::string>> card_of_interface;
  std::vector<LiveNic> nics = cards_of(system, card_of_interface);
  for (const LiveInterface& interface : interfaces) {
    const auto card = std::ranges::find(card_of_interface, interface.name, &std::pair<std::string, std::string>::first);
    const std::string& name = card == card_of_interface.end() ? interface.name : card->second;
    auto nic = std::ranges::find(nics, name, &LiveNic::name);
    if (nic == nics.end()) {
      nics.push_back({});
      nic = nics.end() - 1;
      nic->name = name;
    }
    add_once(nic->interfaces, interface.name);
    add_once(nic->networks, interface.network);
    const double speed = std::atof(first_line(system / "class" / "net" / interface.name / "speed").c_str());
    nic->GBps = std::max(nic->GBps, speed / kMbitsAGByte);
  }
  std::erase_if(nics, [](const LiveNic& nic) { return nic.ports.empty() && nic.interfaces.empty(); });
  std::ranges::sort(nics, {}, &LiveNic::name);
  const bool one_numa_node = first_line(system / "devices" / "system" / "node" / "online") == "0";
  for (LiveNic& nic : nics) {
    std::ranges::sort(nic.networks);
    const Path device = system / "class" / (nic.ports.empty() ? "net" : "infiniband") / nic.name / "device";
    if (const std::string cpus = first_line(device / "local_cpulist"); CpuSet::parse(cpus)) nic.near = cpus;
    const std::string numa = first_line(device / "numa_node");
    if (!numa.empty() && !one_numa_node) nic.numa = std::atoi(numa.c_str());
  }
  return nics;
}

Interchangeable interchangeable(std::vector<LiveNic> nics) {
  if (nics.empty()) return {{}, "no NIC is up"};
  const bool has_rdma = std::ranges::any_of(nics, [](const LiveNic& nic) { return !nic.ports.empty(); });
  if (has_rdma) std::erase_if(nics, [](const LiveNic& nic) { return nic.ports.empty(); });
  const double fastest = std::ranges::max(nics, {}, &LiveNic::GBps).GBps;
  std::erase_if(nics, [&](const LiveNic& nic) { return nic.GBps < fastest; });
  if (nics.size() == 1) {
    std::string why_not = fmt::format("{} is the only {}NIC", nics[0].name, fastest > 0 ? "fast " : "");
    return {std::move(nics), std::move(why_not)};
  }
  for (const LiveNic& nic : nics) {
    if (share_network(nic, nics.front())) continue;
    return {{},
            fmt::format("{} and {} lead into different networks ({}; {}): all NICs stay in use", nics.front().name,
                        nic.name, networks_of(nics.front()), networks_of(nic))};
  }
  return {std::move(nics), {}};
}

}  // namespace tutti::topology
