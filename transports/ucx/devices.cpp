// Which of UCX's devices belong to which network interfaces, from the files that the kernel keeps about them.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <vector>

#include "transports/ucx/ucx.hpp"

namespace tutti::transport::ucx {
namespace {

using Path = std::filesystem::path;

std::vector<Path> entries(const Path& folder) {
  std::error_code missing;
  std::vector<Path> found;
  for (std::filesystem::directory_iterator at(folder, missing), end; !missing && at != end; at.increment(missing)) {
    found.push_back(at->path());
  }
  std::sort(found.begin(), found.end());
  return found;
}

std::string first_line(const Path& file) {
  std::ifstream in(file);
  std::string line;
  std::getline(in, line);
  return line;
}

// Ethernet's (RoCE) are named by the port's addresses, InfiniBand's (IPoIB) by the card that they share with the port.
std::vector<std::string> interfaces_of(const Path& port, const Path& card) {
  std::vector<std::string> found;
  for (const auto& entry : entries(port / "gid_attrs" / "ndevs")) {
    if (auto name = first_line(entry); !name.empty()) found.push_back(std::move(name));
  }
  for (const auto& interface : entries(card / "device" / "net")) {
    const auto number = first_line(interface / "dev_port");  // from 0
    if (number.empty() || fmt::format("{}", std::atoi(number.c_str()) + 1) == port.filename())
      found.push_back(interface.filename());
  }
  return found;
}

}  // namespace

std::optional<std::string> given_devices() {
  const char* const given = std::getenv("UCX_NET_DEVICES");
  return given == nullptr ? std::nullopt : std::optional<std::string>(given);
}

std::string devices_of(std::span<const std::string> interfaces, const std::filesystem::path& cards) {
  std::vector<std::string> devices;
  for (const auto& card : entries(cards)) {
    for (const auto& port : entries(card / "ports")) {
      if (first_line(port / "state").find("ACTIVE") == std::string::npos) continue;
      const auto own = interfaces_of(port, card);
      if (own.empty() || std::ranges::find_first_of(own, interfaces) != own.end()) {
        devices.push_back(fmt::format("{}:{}", card.filename().string(), port.filename().string()));
      }
    }
  }
  devices.insert(devices.end(), interfaces.begin(), interfaces.end());
  return fmt::format("{}", fmt::join(devices, ","));
}

}  // namespace tutti::transport::ucx
