#include "bootstrap/net/interfaces.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <memory>

namespace tutti::bootstrap {
namespace {

bool read_address(const sockaddr* from, NetAddress& address) {
  if (from->sa_family == AF_INET) {
    sockaddr_in v4{};
    std::memcpy(&v4, from, sizeof(v4));
    std::array<std::byte, 4> ip{};
    std::memcpy(ip.data(), &v4.sin_addr, ip.size());
    address = NetAddress::v4(ip, 0);
    return true;
  }
  if (from->sa_family != AF_INET6) return false;
  sockaddr_in6 v6{};
  std::memcpy(&v6, from, sizeof(v6));
  std::memcpy(address.ip.data(), &v6.sin6_addr, address.ip.size());
  return !IN6_IS_ADDR_LINKLOCAL(&v6.sin6_addr);
}

// The network of an address, from its mask: "10.77.0.0/16".
std::string network_of(NetAddress address, const sockaddr* mask) {
  NetAddress bits;
  if (mask == nullptr || !read_address(mask, bits)) return {};
  const std::size_t first = address.is_v4() ? address.ip.size() - 4 : 0;
  int length = 0;
  for (std::size_t i = first; i < address.ip.size(); ++i) {
    address.ip[i] &= bits.ip[i];
    length += std::popcount(std::to_integer<unsigned>(bits.ip[i]));
  }
  std::string text = to_string(address);  // "10.77.0.0:0", "[fd00::]:0"
  text.resize(text.rfind(':'));
  if (text.starts_with('[')) text = text.substr(1, text.size() - 2);
  return fmt::format("{}/{}", text, length);
}

// "eth,ib": prefixes; "=eth0": exact names; "^": all but these.
class Filter {
 public:
  explicit Filter(std::string_view text) {
    exclude_ = take(text, '^');
    exact_ = take(text, '=');
    for (std::size_t begin = 0; begin <= text.size();) {
      const auto end = std::min(text.find(',', begin), text.size());
      if (end > begin) names_.push_back(text.substr(begin, end - begin));
      begin = end + 1;
    }
  }
  [[nodiscard]] bool allows(std::string_view name) const {
    const bool named = std::any_of(names_.begin(), names_.end(), [&](std::string_view wanted) {
      return exact_ ? name == wanted : name.starts_with(wanted);
    });
    return named != exclude_;
  }

 private:
  static bool take(std::string_view& text, char sign) {
    const bool there = text.starts_with(sign);
    if (there) text.remove_prefix(1);
    return there;
  }
  bool exclude_ = false;
  bool exact_ = false;
  std::vector<std::string_view> names_;
};

// Networks that usually end on this machine.
bool is_bridge(const std::string& name) {
  constexpr std::array<std::string_view, 5> kBridges = {"docker", "virbr", "br-", "cni", "veth"};
  return std::any_of(kBridges.begin(), kBridges.end(),
                     [&](std::string_view prefix) { return name.starts_with(prefix); });
}

template <typename Wanted>
std::vector<NetAddress> pick(std::span<const Interface> interfaces, Wanted wanted) {
  std::vector<NetAddress> picked;
  for (const bool v4 : {true, false}) {
    for (const auto& interface : interfaces) {
      if (interface.address.is_v4() == v4 && picked.size() < kMaxAddresses && wanted(interface)) {
        picked.push_back(interface.address);
      }
    }
  }
  return picked;
}

// Why what the filter means, and this machine has, is of no use: "; eth1 has no address".
std::string why_not(std::span<const Interface> interfaces, const Filter& filter) {
  const std::unique_ptr<struct if_nameindex, decltype(&if_freenameindex)> all(if_nameindex(), &if_freenameindex);
  ifaddrs* raw = nullptr;
  if (getifaddrs(&raw) != 0) return {};
  const std::unique_ptr<ifaddrs, decltype(&freeifaddrs)> states(raw, &freeifaddrs);
  std::string text;
  for (const struct if_nameindex* each = all.get(); each != nullptr && each->if_index != 0; ++each) {
    const std::string_view name = each->if_name;
    const bool is_known = std::ranges::any_of(interfaces, [&](const Interface& i) { return i.name == name; });
    if (is_known || !filter.allows(name)) continue;
    bool is_up = false;
    for (const ifaddrs* entry = raw; entry != nullptr; entry = entry->ifa_next)
      is_up = is_up || (name == entry->ifa_name && (entry->ifa_flags & IFF_UP) != 0);
    text += fmt::format("; {} {}", name, is_up ? "has no address" : "is down");
  }
  return text;
}

Error nothing_matches(std::span<const Interface> interfaces, std::string_view filter) {
  std::string known;
  for (const auto& interface : interfaces) {
    const auto address = to_string(interface.address);
    known += fmt::format("{}{} ({})", known.empty() ? "" : ", ", interface.name, address.substr(0, address.rfind(':')));
  }
  return Error{Code::invalid_argument,
               filter.empty() ? std::string("this machine has no network interface that is up")
                              : fmt::format("TUTTI_IFACE is '{}', but no interface matches; there are {}{}", filter,
                                            known, why_not(interfaces, Filter(filter)))};
}

}  // namespace

std::vector<Interface> list_interfaces() {
  ifaddrs* raw = nullptr;
  if (getifaddrs(&raw) != 0) return {};
  const std::unique_ptr<ifaddrs, decltype(&freeifaddrs)> all(raw, &freeifaddrs);
  std::vector<Interface> interfaces;
  for (const ifaddrs* entry = raw; entry != nullptr; entry = entry->ifa_next) {
    Interface interface {
      entry->ifa_name, {}, (entry->ifa_flags & IFF_LOOPBACK) != 0, {}
    };
    if (entry->ifa_addr == nullptr || (entry->ifa_flags & IFF_UP) == 0) continue;
    if (!read_address(entry->ifa_addr, interface.address)) continue;
    interface.network = network_of(interface.address, entry->ifa_netmask);
    interfaces.push_back(std::move(interface));
  }
  return interfaces;
}

Result<std::vector<NetAddress>> choose_addresses(std::span<const Interface> interfaces, std::string_view filter) {
  std::vector<NetAddress> chosen;
  if (filter.empty()) {
    chosen = pick(interfaces, [](const Interface& i) { return !i.loopback && !is_bridge(i.name); });
    if (chosen.empty()) chosen = pick(interfaces, [](const Interface& i) { return !i.loopback; });
    if (chosen.empty()) chosen = pick(interfaces, [](const Interface&) { return true; });
  } else {
    const Filter wanted(filter);
    chosen = pick(interfaces, [&](const Interface& i) { return wanted.allows(i.name); });
  }
  if (!chosen.empty()) return chosen;
  return nothing_matches(interfaces, filter);
}

Result<std::vector<std::string>> choose_interfaces(std::span<const Interface> interfaces, std::string_view filter) {
  const Filter wanted(filter);
  for (const bool loopback : {false, true}) {
    std::vector<std::string> names;
    for (const auto& interface : interfaces) {
      const bool allowed = filter.empty() ? !is_bridge(interface.name) : wanted.allows(interface.name);
      if (interface.loopback != loopback || !allowed) continue;
      if (std::find(names.begin(), names.end(), interface.name) == names.end()) names.push_back(interface.name);
    }
    if (!names.empty()) return names;
  }
  return nothing_matches(interfaces, filter);
}

}  // namespace tutti::bootstrap
