#include <fmt/format.h>

#include <algorithm>

#include "topology/node/distance.hpp"

namespace tutti::topology {
namespace {

const Device& device_at(const Machine& machine, std::int32_t number) {
  return machine.devices[static_cast<std::size_t>(number)];
}

bool has_accelerator(const Machine& machine, const Seat& seat) {
  return seat.accelerator >= 0 && seat.accelerator < static_cast<std::int32_t>(machine.devices.size());
}

Distance distance_of(const Machine& machine, const Seat& seat, const Device& nic) {
  return has_accelerator(machine, seat) ? distance(machine, device_at(machine, seat.accelerator), nic)
                                        : distance(machine, seat.cpus, nic);
}

std::string anchor_of(const Machine& machine, const Seat& seat) {
  if (has_accelerator(machine, seat)) return device_at(machine, seat.accelerator).name;
  return seat.cpus.empty() ? std::string("any processor") : "processors " + seat.cpus.text();
}

}  // namespace

std::vector<std::int32_t> nics_of(const Machine& machine) {
  std::vector<std::int32_t> nics;
  for (std::size_t i = 0; i < machine.devices.size(); ++i) {
    if (machine.devices[i].kind == DeviceKind::nic) nics.push_back(static_cast<std::int32_t>(i));
  }
  return nics;
}

std::string reason_of(Distance distance, std::string_view anchor, int other_ranks) {
  std::string reason = fmt::format("{} with {}", to_string(distance), anchor);
  if (other_ranks > 0) reason += fmt::format("; shared with {} other rank{}", other_ranks, other_ranks == 1 ? "" : "s");
  return reason;
}

std::vector<NicChoice> choose_nics(const Machine& machine, const std::vector<Seat>& seats) {
  return choose_nics(machine, seats, nics_of(machine));
}

std::vector<NicChoice> choose_nics(const Machine& machine, const std::vector<Seat>& seats,
                                   const std::vector<std::int32_t>& nics) {
  std::vector<int> users(machine.devices.size(), 0);
  std::vector<NicChoice> choices;
  choices.reserve(seats.size());
  for (const Seat& seat : seats) {
    NicChoice choice;
    for (const std::int32_t nic : nics) {
      const Distance far = distance_of(machine, seat, device_at(machine, nic));
      const bool first = choice.device < 0;
      // Nearer goes first; then the faster; then the one that fewer ranks have.
      const auto speed = [&](std::int32_t one) { return -device_at(machine, one).link_GBps; };
      const auto load = [&](std::int32_t one) { return users[static_cast<std::size_t>(one)]; };
      if (first || std::tuple(far, speed(nic), load(nic)) <
                       std::tuple(choice.distance, speed(choice.device), load(choice.device))) {
        choice.device = nic;
        choice.distance = far;
      }
    }
    if (choice.device >= 0) ++users[static_cast<std::size_t>(choice.device)];
    choices.push_back(std::move(choice));
  }
  for (std::size_t rank = 0; rank < seats.size(); ++rank) {
    NicChoice& choice = choices[rank];
    if (choice.device < 0) {
      choice.reason = "this machine has no NIC";
      continue;
    }
    choice.reason =
        reason_of(choice.distance, anchor_of(machine, seats[rank]), users[static_cast<std::size_t>(choice.device)] - 1);
  }
  return choices;
}

std::vector<std::string> advice(const Machine& machine, const std::vector<Seat>& seats) {
  return advice(machine, seats, choose_nics(machine, seats));
}

std::vector<std::string> advice(const Machine& machine, const std::vector<Seat>& seats,
                                const std::vector<NicChoice>& choices) {
  std::vector<std::string> all;
  for (std::size_t rank = 0; rank < seats.size(); ++rank) {
    const Seat& seat = seats[rank];
    if (choices[rank].device < 0) continue;
    const Device& nic = device_at(machine, choices[rank].device);
    // Processors should be near what their rank feeds; that is the accelerator where there is one.
    const Device& fed = has_accelerator(machine, seat) ? device_at(machine, seat.accelerator) : nic;
    const Distance to_cpus = distance(machine, seat.cpus, fed);
    if (to_cpus == Distance::same_package || to_cpus == Distance::across_packages) {
      all.push_back(fmt::format("rank {}: its processors {} are far from {} ({}): bind it to processors {}", rank,
                                seat.cpus.text(), fed.name, to_string(to_cpus), near(machine, fed).text()));
    }
    if (has_accelerator(machine, seat) && choices[rank].distance >= Distance::same_package) {
      all.push_back(fmt::format("rank {}: no NIC is near {}; {} is {}", rank, device_at(machine, seat.accelerator).name,
                                nic.name, to_string(choices[rank].distance)));
    }
  }
  return all;
}

}  // namespace tutti::topology
