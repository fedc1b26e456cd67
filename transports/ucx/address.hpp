// UCX believes every byte of a worker's address; so ours travels in a frame that garbage does not pass.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

namespace tutti::transport::ucx {

/// Format: "tux1", checksum of what follows (8 bytes: FNV-1a), UCX's worker address.
std::vector<std::byte> frame(std::span<const std::byte> worker_address);

/// The worker address in it; nothing for bytes that `frame` does not make.
std::optional<std::span<const std::byte>> unframe(std::span<const std::byte> address);

}  // namespace tutti::transport::ucx
