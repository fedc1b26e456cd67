// Where rails may write at a peer by themselves. A window's key tells it for each rail of the rank that has opened it.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <vector>

#include "transports/packets/lanes.hpp"

namespace tutti::transport::packets {

/// Format of what a key holds: for each rail of its rank what Rail::expose gave, its length (2 bytes) in front.
std::vector<std::byte> encode_exposures(const std::vector<std::vector<std::byte>>& of_rails);
/// Of one rail; empty where it gave nothing, or `bytes` are not what `encode_exposures` makes.
std::span<const std::byte> exposure_of(std::span<const std::byte> bytes, std::size_t rail);

/// Of one path.
class Targets {
 public:
  /// Keeps what the key of a window says.
  void know(std::uint32_t window, std::span<const std::byte> exposures);
  /// Where `lane`, which is open, writes into a window that is known; null where it cannot.
  const Rail::Target* of(std::uint32_t window, const Lane& lane);

 private:
  struct Window {
    std::vector<std::byte> exposures;
    std::map<std::size_t, std::optional<Rail::Target>> of_rails;  // by this rank's number of the rail
  };
  std::map<std::uint32_t, Window> windows_;
};

}  // namespace tutti::transport::packets
