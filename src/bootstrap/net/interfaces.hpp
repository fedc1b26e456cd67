// Which of this machine's addresses a root or a hub listens on.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "bootstrap/net/address.hpp"

namespace tutti::bootstrap {

struct Interface {
  std::string name;
  NetAddress address;
  bool loopback = false;
  std::string network = {};  // "10.77.0.0/16"
};

/// Those that are up, an entry an address; without link-local addresses, which mean nothing elsewhere.
std::vector<Interface> list_interfaces();

/// The addresses that `filter` (TUTTI_IFACE) allows, at most kMaxAddresses, IPv4 first. Without a filter: neither
/// loopback nor bridges of containers, unless there is nothing else. Fails with invalid_argument if nothing matches.
Result<std::vector<NetAddress>> choose_addresses(std::span<const Interface> interfaces, std::string_view filter);

/// The names of the interfaces that `filter` allows, each once; without loopback, unless there is nothing else, and
/// without a filter neither bridges of containers. Fails as `choose_addresses` does.
Result<std::vector<std::string>> choose_interfaces(std::span<const Interface> interfaces, std::string_view filter);

}  // namespace tutti::bootstrap
