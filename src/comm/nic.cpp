#include "comm/nic.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "bootstrap/net/interfaces.hpp"
#include "comm/fields.hpp"

namespace tutti::comm {
namespace {

using topology::CpuSet;
using topology::Distance;

constexpr std::size_t kMostNics = 255;

std::vector<std::string> words_of(const std::string& text, char between) {
  std::vector<std::string> words;
  for (std::size_t begin = 0; begin < text.size();) {
    const auto end = std::min(text.find(between, begin), text.size());
    if (end > begin) words.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return words;
}

std::string joined(const std::vector<std::string>& words) {
  return fmt::format("{}", fmt::join(words, ","));
}

bool is_same(const topology::Device& device, const topology::LiveNic& nic) {
  const auto has = [&](const std::string& name) {
    return name == nic.name || std::ranges::find(nic.interfaces, name) != nic.interfaces.end();
  };
  return has(device.name) || std::ranges::any_of(words_of(device.also, ' '), has);
}

bool is_far(Distance distance) {
  return distance == Distance::same_package || distance == Distance::across_packages;
}

// Rounds in which each rank gets its nearest of the NICs that are left, until there are not enough for all.
void deal_out(NodeNics& node, const topology::Machine& machine, const std::vector<topology::Seat>& seats,
              const std::vector<std::int32_t>& numbers) {
  std::vector<std::int32_t> left = numbers;
  for (const NodeNics::Seat& seat : node.seats) std::erase(left, numbers[seat.nics.front()]);
  while (!seats.empty() && left.size() >= seats.size()) {
    for (std::size_t rank = 0; rank < seats.size(); ++rank) {
      const std::int32_t nearest = topology::choose_nics(machine, {seats[rank]}, left).front().device;
      std::erase(left, nearest);
      node.seats[rank].nics.push_back(static_cast<std::uint8_t>(std::ranges::find(numbers, nearest) - numbers.begin()));
    }
  }
}

}  // namespace

std::string NicUse::name() const {
  return joined(names);
}

NicSurvey survey_nics(const std::string& filter) {
  const auto all = bootstrap::list_interfaces();
  const auto names = bootstrap::choose_interfaces(all, filter);
  const auto is_allowed = [&](const std::string& name) {
    return names && std::ranges::find(*names, name) != names->end();
  };
  std::vector<topology::LiveInterface> live;
  for (const auto& interface : all) {
    if (!interface.loopback) live.push_back({interface.name, interface.network});
  }
  auto nics = topology::live_nics(live);
  std::erase_if(nics, [&](topology::LiveNic& nic) {
    const bool has_interfaces = !nic.interfaces.empty();
    std::erase_if(nic.interfaces, [&](const std::string& name) { return !is_allowed(name); });
    // A port of InfiniBand without an interface cannot be named by one, and stays.
    return nic.interfaces.empty() && (has_interfaces || (nic.networks.empty() && !filter.empty()));
  });
  auto [choice, why_not] = topology::interchangeable(std::move(nics));
  if (choice.size() > kMostNics) return {{}, fmt::format("there are {} NICs: all stay in use", choice.size())};
  return {std::move(choice), std::move(why_not)};
}

NicUse use_without_choice(const NicSurvey& survey, const CpuSet& cpus) {
  NicUse use;
  use.reason = survey.why_not;
  if (survey.nics.size() != 1) return use;
  const topology::LiveNic& nic = survey.nics.front();
  use.numa = nic.numa;
  if (auto near = CpuSet::parse(nic.near)) use.near = std::move(*near);
  if (!use.near.empty() && !use.near.meets(cpus)) {
    use.advice =
        fmt::format("its processors {} are far from {}: bind it to processors {}", cpus.text(), nic.name, nic.near);
  }
  return use;
}

NodeNics choose_for_node(const topology::Machine& machine, const NicSurvey& survey, const std::vector<CpuSet>& cpus) {
  NodeNics node;
  std::vector<std::int32_t> numbers;
  for (const std::int32_t number : topology::nics_of(machine)) {
    const auto& device = machine.devices[static_cast<std::size_t>(number)];
    const auto live = std::ranges::find_if(survey.nics, [&](const auto& nic) { return is_same(device, nic); });
    if (live == survey.nics.end()) continue;
    numbers.push_back(number);
    node.nics.push_back({live->name, live->ports, live->interfaces, near(machine, device).text()});
  }
  if (numbers.size() < survey.nics.size()) {
    return {{},
            {},
            fmt::format("{} of {} NICs are no devices of this machine: all stay in use",
                        survey.nics.size() - numbers.size(), survey.nics.size())};
  }
  std::vector<topology::Seat> seats;
  for (const CpuSet& one : cpus) seats.push_back({one, -1});
  for (const topology::NicChoice& choice : choose_nics(machine, seats, numbers)) {
    const auto place = std::ranges::find(numbers, choice.device) - numbers.begin();
    node.seats.push_back({{static_cast<std::uint8_t>(place)}, choice.distance});
  }
  deal_out(node, machine, seats, numbers);
  return node;
}

NicUse use_of(const NodeNics& node, std::size_t number, const CpuSet& cpus) {
  NicUse use;
  use.reason = node.why_not;
  if (number >= node.seats.size()) return use;
  const NodeNics::Seat seat = node.seats[number];
  const NodeNics::Nic& nic = node.nics[seat.nics.front()];
  const auto users = std::ranges::count_if(
      node.seats, [&](const NodeNics::Seat& other) { return other.nics.front() == seat.nics.front(); });
  for (const std::uint8_t each : seat.nics) {
    const NodeNics::Nic& one = node.nics[each];
    use.names.push_back(one.name);
    use.ports.insert(use.ports.end(), one.ports.begin(), one.ports.end());
    use.interfaces.insert(use.interfaces.end(), one.interfaces.begin(), one.interfaces.end());
  }
  use.reason = reason_of(seat.distance, "processors " + cpus.text(), static_cast<int>(users) - 1);
  if (seat.nics.size() > 1) use.reason += fmt::format("; the node has {} for each of its ranks", seat.nics.size());
  if (auto near = CpuSet::parse(nic.near)) use.near = std::move(*near);
  if (is_far(seat.distance)) {
    use.advice = fmt::format("its processors {} are far from {} ({}): bind it to processors {}", cpus.text(), nic.name,
                             to_string(seat.distance), nic.near);
  }
  return use;
}

std::vector<std::byte> encode(const NodeNics& node) {
  std::vector<std::byte> bytes;
  put(bytes, node.why_not);
  put(bytes, node.nics.size(), 1);
  for (const NodeNics::Nic& nic : node.nics) {
    put(bytes, nic.name);
    put(bytes, joined(nic.ports));
    put(bytes, joined(nic.interfaces));
    put(bytes, nic.near);
  }
  for (const NodeNics::Seat& seat : node.seats) {
    put(bytes, seat.nics.size(), 1);
    for (const std::uint8_t nic : seat.nics) put(bytes, nic, 1);
    put(bytes, static_cast<std::uint64_t>(seat.distance), 1);
  }
  return bytes;
}

Result<NodeNics> decode_node_nics(std::span<const std::byte> bytes) {
  const Error malformed{Code::transport, "what a node's first rank says of its NICs is malformed"};
  FieldReader reader(bytes);
  NodeNics node;
  node.why_not = reader.text();
  const auto count = reader.number(1);
  for (std::uint64_t i = 0; i < count && !reader.is_short(); ++i) {
    NodeNics::Nic nic;
    nic.name = reader.text();
    nic.ports = words_of(reader.text(), ',');
    nic.interfaces = words_of(reader.text(), ',');
    nic.near = reader.text();
    if (!CpuSet::parse(nic.near)) return malformed;
    node.nics.push_back(std::move(nic));
  }
  while (!reader.is_short() && !reader.complete()) {
    NodeNics::Seat seat;
    const auto has = reader.number(1);
    for (std::uint64_t i = 0; i < has && !reader.is_short(); ++i) {
      seat.nics.push_back(static_cast<std::uint8_t>(reader.number(1)));
      if (seat.nics.back() >= node.nics.size()) return malformed;
    }
    const auto distance = reader.number(1);
    if (has == 0 || distance > static_cast<std::uint64_t>(Distance::unknown)) return malformed;
    seat.distance = static_cast<Distance>(distance);
    node.seats.push_back(std::move(seat));
  }
  if (!reader.complete()) return malformed;
  return node;
}

}  // namespace tutti::comm
