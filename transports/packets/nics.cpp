#include "transports/packets/nics.hpp"

#include <algorithm>
#include <cmath>
#include <fstream>

namespace tutti::transport::packets {
namespace {

using Path = std::filesystem::path;

// The kernel's numbers for kinds of interfaces (ARPHRD_*).
constexpr int kEthernet = 1;
constexpr int kInfiniband = 32;

std::optional<double> number_in(const Path& file) {
  std::ifstream in(file);
  double number = 0;
  if (!(in >> number)) return std::nullopt;
  return number;
}

std::uint64_t whole(std::optional<double> number) {
  return number && *number > 0 ? static_cast<std::uint64_t>(std::llround(*number)) : 0;
}

// "mlx5_0:1"; and libfabric adds to a card's name what it makes of it: "mlx5_0-xrc".
std::optional<std::uint64_t> speed_of_card(std::string_view device, const Path& sys) {
  const auto colon = device.find(':');
  const std::string port(colon == std::string_view::npos ? "1" : device.substr(colon + 1));
  const Path card = sys / "infiniband" / device.substr(0, device.find_first_of(":-"));
  std::error_code missing;
  if (!std::filesystem::exists(card, missing)) return std::nullopt;
  return 1000 * whole(number_in(card / "ports" / port / "rate"));  // "100 Gb/sec (4X EDR)"
}

}  // namespace

std::optional<std::uint64_t> speed_of(std::string_view device, const Path& sys) {
  if (const auto speed = speed_of_card(device, sys)) return speed;
  const Path interface = sys / "net" / device;
  std::error_code missing;
  if (!std::filesystem::exists(interface, missing)) return 0;  // a fabric of its own
  const auto kind = number_in(interface / "type");
  if (kind != kEthernet && kind != kInfiniband) return std::nullopt;
  if (std::filesystem::exists(interface / "bridge", missing)) return std::nullopt;
  return whole(number_in(interface / "speed"));
}

std::vector<std::size_t> equal_nics(std::span<const std::string> devices, std::size_t first, const Path& sys) {
  std::vector<std::size_t> equal{first};
  const auto speed = speed_of(devices[first], sys);
  if (!speed) return equal;
  for (std::size_t i = 0; i < devices.size(); ++i) {
    const bool is_new = std::ranges::none_of(equal, [&](std::size_t place) { return devices[place] == devices[i]; });
    if (is_new && speed_of(devices[i], sys) == speed) equal.push_back(i);
  }
  return equal;
}

std::vector<std::uint8_t> planes_of(std::span<const std::string> devices) {
  std::vector<std::uint8_t> planes;
  for (std::size_t i = 0; i < devices.size(); ++i) {
    std::size_t before = 0;
    for (std::size_t j = 0; j < devices.size(); ++j) {
      if (devices[j] < devices[i] || (devices[j] == devices[i] && j < i)) ++before;
    }
    planes.push_back(static_cast<std::uint8_t>(before));
  }
  return planes;
}

}  // namespace tutti::transport::packets
