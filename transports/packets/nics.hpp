// Which devices of a machine are equally good NICs, from the files that the kernel keeps about them.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tutti::transport::packets {

/// How fast a network interface ("eth0"), or an RDMA card with or without its port ("mlx5_0", "mlx5_0:1"), is: Mbit/s,
/// 0 where the kernel does not know. Nothing for what is no NIC: loopback, bridges, tunnels. `sys`: /sys/class.
std::optional<std::uint64_t> speed_of(std::string_view device, const std::filesystem::path& sys = "/sys/class");

/// The places of the `devices` that are NICs as fast as the one at `first`, which is among them in any case.
std::vector<std::size_t> equal_nics(std::span<const std::string> devices, std::size_t first,
                                    const std::filesystem::path& sys = "/sys/class");

/// The plane of each: its place among them when they are sorted by name. So equal machines number them equally,
/// whichever comes first at each.
std::vector<std::uint8_t> planes_of(std::span<const std::string> devices);

}  // namespace tutti::transport::packets
