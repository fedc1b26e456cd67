// Which of libfabric's providers is used, and through which device: decided by what they can do.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "transports/ofi/library.hpp"
#include "transports/ofi/ofi.hpp"
#include "transports/packets/socket.hpp"

namespace tutti::transport::ofi {

/// One way through one device, as libfabric offers it.
struct Offer {
  std::shared_ptr<fi_info> info;
  packets::SocketAddress lifeline;  // the address of this machine that belongs to it; its port is 0
  bool writes = false;              // the device writes into peers' memory by itself
  std::string place;                // where its address means something; empty: everywhere

  [[nodiscard]] std::string provider() const { return info->fabric_attr->prov_name; }
  [[nodiscard]] std::string device() const { return info->domain_attr->name; }
};

/// All that could be used, best first: those that reach other machines before the others, those of the nearest NIC
/// before others, and otherwise in the order of the addresses and then of libfabric. Fails with invalid_argument on an
/// address that this machine does not have.
Result<std::vector<Offer>> offers(const std::shared_ptr<const Library>& library, const OfiOptions& options);

}  // namespace tutti::transport::ofi
