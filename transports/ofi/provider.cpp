#include "transports/ofi/provider.hpp"

#include <fmt/format.h>
#include <rdma/fi_domain.h>
#include <rdma/fi_endpoint.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <optional>

namespace tutti::transport::ofi {
namespace {

// From 1.11 on all that we use means what it means today.
constexpr std::uint32_t kVersion = FI_VERSION(1, 11);

// Smaller ones would be headers more than messages.
constexpr std::size_t kLeastPacket = 2048;

// Those that do not keep what they promise: `sockets` reports messages as sent that are lost when their sender leaves,
// and `udp;ofi_rxd` (1.17) stalls for ever between ranks that poll on threads of their own.
constexpr std::string_view kBroken[] = {"sockets", "udp;ofi_rxd"};

using Info = std::shared_ptr<fi_info>;

Info own(const std::shared_ptr<const Library>& library, fi_info* info) {
  return {info, [library](fi_info* freed) { library->freeinfo(freed); }};
}

// Connectionless messages, of any order, with what a provider may demand of our memory and contexts.
Info wanted(const std::shared_ptr<const Library>& library, const std::string& provider) {
  Info hints = own(library, library->dupinfo(nullptr));
  hints->caps = FI_MSG | FI_SEND | FI_RECV;
  hints->mode = FI_CONTEXT | FI_CONTEXT2;
  hints->ep_attr->type = FI_EP_RDM;
  hints->domain_attr->mr_mode = FI_MR_LOCAL | FI_MR_ALLOCATED | FI_MR_PROV_KEY | FI_MR_VIRT_ADDR | FI_MR_ENDPOINT;
  hints->domain_attr->threading = FI_THREAD_DOMAIN;
  hints->domain_attr->resource_mgmt = FI_RM_ENABLED;
  if (!provider.empty()) hints->fabric_attr->prov_name = ::strdup(provider.c_str());
  return hints;
}

// The addresses of a loopback interface mean something only where the interface is the same.
std::string this_place() {
  std::string boot;
  std::getline(std::ifstream("/proc/sys/kernel/random/boot_id") >> std::ws, boot);
  struct stat network {};
  const bool known = ::stat("/proc/self/ns/net", &network) == 0;
  return fmt::format("{}:{}", boot, known ? network.st_ino : 0);
}

bool is_usable(const fi_info& info, const std::string& provider) {
  const std::string_view name = info.fabric_attr->prov_name;
  if (std::ranges::find(kBroken, name) != std::end(kBroken)) return false;
  return (provider.empty() || name == provider) && info.ep_attr->max_msg_size >= kLeastPacket;
}

// Who is addressed by a name is found inside a machine only. Memory that is shared by libfabric's means is left behind
// by ranks that are killed; inside a node there is our own.
bool is_of_one_machine(const fi_info& info) {
  return info.addr_format == FI_ADDR_STR;
}

}  // namespace

Result<std::vector<Offer>> offers(const std::shared_ptr<const Library>& library, const OfiOptions& options) {
  const auto addresses = TUTTI_TRY(own_addresses(options.addresses));
  const Info hints = wanted(library, options.provider);
  fi_info* list = nullptr;
  const int failed = library->getinfo(kVersion, nullptr, nullptr, 0, hints.get(), &list);
  const Info all = own(library, list);
  if (failed != 0 && failed != -FI_ENODATA) return ofi_error(*library, "its providers cannot be listed", failed);

  struct Ranked {
    Offer offer;
    std::size_t address;
  };
  std::vector<Ranked> found;
  for (const fi_info* info = list; info != nullptr; info = info->next) {
    if (!is_usable(*info, options.provider)) continue;
    const auto source = SocketAddress::of({static_cast<const std::byte*>(info->src_addr), info->src_addrlen});
    if (is_of_one_machine(*info)) continue;
    const auto place = std::ranges::find_if(addresses, [&](const auto& own) { return !source || own == *source; });
    if (place == addresses.end()) continue;
    const bool inside = source && source->is_loopback();
    found.push_back({{own(library, library->dupinfo(info)), *place, inside ? this_place() : std::string()},
                     static_cast<std::size_t>(place - addresses.begin())});
  }
  std::ranges::stable_sort(found, [](const Ranked& left, const Ranked& right) {
    return std::pair(!left.offer.place.empty(), left.address) < std::pair(!right.offer.place.empty(), right.address);
  });
  std::vector<Offer> offered;
  offered.reserve(found.size());
  for (auto& one : found) offered.push_back(std::move(one.offer));
  return offered;
}

std::vector<std::string> providers(const std::vector<std::string>& addresses) {
  const auto library = Library::open();
  if (!library) return {};
  const auto all = offers(*library, {.rank = {}, .addresses = addresses, .provider = {}, .log = {}});
  std::vector<std::string> names;
  if (!all) return names;
  for (const Offer& offer : *all) {
    if (std::ranges::find(names, offer.provider()) == names.end()) names.push_back(offer.provider());
  }
  return names;
}

}  // namespace tutti::transport::ofi
