#include "transports/ofi/provider.hpp"

#include <fmt/format.h>
#include <rdma/fi_domain.h>
#include <rdma/fi_endpoint.h>

#include <algorithm>
#include <cstring>
#include <optional>
#include <tuple>

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

Result<Info> list(const std::shared_ptr<const Library>& library, const Info& hints) {
  fi_info* found = nullptr;
  const int failed = library->getinfo(kVersion, nullptr, nullptr, 0, hints.get(), &found);
  Info all = own(library, found);
  if (failed != 0 && failed != -FI_ENODATA) return ofi_error(*library, "its providers cannot be listed", failed);
  return all;
}

std::span<const std::byte> source(const fi_info& info) {
  return {static_cast<const std::byte*>(info.src_addr), info.src_addrlen};
}

bool is_same_way(const fi_info& left, const fi_info& right) {
  return std::string_view(left.fabric_attr->prov_name) == right.fabric_attr->prov_name &&
         std::string_view(left.domain_attr->name) == right.domain_attr->name && left.addr_format == right.addr_format &&
         std::ranges::equal(source(left), source(right));
}

// The same ways, with writes into peers' memory that say when they have arrived. That memory must be allocated when a
// provider learns of it tells that a device reaches it by itself: software would find it later.
Status add_writes(const std::shared_ptr<const Library>& library, const OfiOptions& options,
                  std::vector<Offer>& offered) {
  const Info hints = wanted(library, options.provider);
  hints->caps |= FI_RMA | FI_WRITE | FI_REMOTE_WRITE;
  hints->tx_attr->op_flags = FI_DELIVERY_COMPLETE;
  const Info all = TUTTI_TRY(list(library, hints));
  for (const fi_info* info = all.get(); info != nullptr; info = info->next) {
    const bool by_device = (info->domain_attr->mr_mode & FI_MR_ALLOCATED) != 0;
    if (!by_device && options.direct != OfiOptions::Direct::always) continue;
    for (Offer& offer : offered) {
      if (offer.writes || !is_same_way(*offer.info, *info)) continue;
      offer.info = own(library, library->dupinfo(info));
      offer.info->tx_attr->op_flags = 0;  // each write asks for it
      offer.writes = true;
    }
  }
  return {};
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

// Providers add to a card's name what they make of it: "mlx5_0-xrc", "efa_0-rdm".
bool is_of(const std::string& device, const std::vector<std::string>& names) {
  return std::ranges::any_of(names,
                             [&](const std::string& name) { return device == name || device.starts_with(name + "-"); });
}

}  // namespace

Result<std::vector<Offer>> offers(const std::shared_ptr<const Library>& library, const OfiOptions& options) {
  const auto listed = packets::own_addresses(options.addresses);
  if (!listed) return listed.error().within("ofi");
  const auto& addresses = *listed;
  const Info all = TUTTI_TRY(list(library, wanted(library, options.provider)));
  struct Ranked {
    Offer offer;
    std::size_t address;
    [[nodiscard]] auto key(const std::vector<std::string>& nearest) const {
      return std::tuple(!offer.place.empty(), !is_of(offer.device(), nearest), address);
    }
  };
  std::vector<Ranked> found;
  for (const fi_info* info = all.get(); info != nullptr; info = info->next) {
    if (!is_usable(*info, options.provider)) continue;
    const auto from = packets::SocketAddress::of(source(*info));
    if (is_of_one_machine(*info)) continue;
    const auto place = std::ranges::find_if(addresses, [&](const auto& own) { return !from || own == *from; });
    if (place == addresses.end()) continue;
    const bool inside = from && from->is_loopback();
    found.push_back({{.info = own(library, library->dupinfo(info)),
                      .lifeline = *place,
                      .place = inside ? packets::this_place() : std::string()},
                     static_cast<std::size_t>(place - addresses.begin())});
  }
  std::ranges::stable_sort(found, [&](const Ranked& left, const Ranked& right) {
    return left.key(options.nearest) < right.key(options.nearest);
  });
  std::vector<Offer> offered;
  offered.reserve(found.size());
  for (auto& one : found) offered.push_back(std::move(one.offer));
  TUTTI_TRY(add_writes(library, options, offered));
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
