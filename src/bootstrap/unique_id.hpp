// The 128 bytes with which a job's ranks find and trust each other: where the root listens, and the job's random key.
#pragma once

#include <array>
#include <cstddef>

namespace tutti::bootstrap {

struct UniqueId {
  std::array<std::byte, 128> bytes{};
  bool operator==(const UniqueId&) const = default;
};

}  // namespace tutti::bootstrap
