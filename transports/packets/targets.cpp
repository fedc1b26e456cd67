#include "transports/packets/targets.hpp"

#include <cstring>

namespace tutti::transport::packets {

std::vector<std::byte> encode_exposures(const std::vector<std::vector<std::byte>>& of_rails) {
  std::vector<std::byte> bytes;
  for (const auto& one : of_rails) {
    const auto length = static_cast<std::uint16_t>(one.size());
    const std::size_t at = bytes.size();
    bytes.resize(at + sizeof(length));
    std::memcpy(bytes.data() + at, &length, sizeof(length));
    bytes.insert(bytes.end(), one.begin(), one.end());
  }
  return bytes;
}

std::span<const std::byte> exposure_of(std::span<const std::byte> bytes, std::size_t rail) {
  for (std::size_t i = 0;; ++i) {
    std::uint16_t length = 0;
    if (bytes.size() < sizeof(length)) return {};
    std::memcpy(&length, bytes.data(), sizeof(length));
    bytes = bytes.subspan(sizeof(length));
    if (bytes.size() < length) return {};
    if (i == rail) return bytes.first(length);
    bytes = bytes.subspan(length);
  }
}

void Targets::know(std::uint32_t window, std::span<const std::byte> exposures) {
  const auto [place, fresh] = windows_.try_emplace(window);
  if (fresh) place->second.exposures.assign(exposures.begin(), exposures.end());
}

const Rail::Target* Targets::of(std::uint32_t window, const Lane& lane) {
  const auto place = windows_.find(window);
  if (place == windows_.end()) return nullptr;
  auto& [exposures, of_rails] = place->second;
  const auto [target, fresh] = of_rails.try_emplace(lane.number);
  const auto exposure = exposure_of(exposures, lane.remote);
  if (fresh && !exposure.empty()) target->second = lane.rail->aim(*lane.peer, exposure);
  return target->second ? &*target->second : nullptr;
}

}  // namespace tutti::transport::packets
