// A packet in the memory of this rank that libfabric may use. It comes back with a completion.
#pragma once

#include <rdma/fabric.h>

#include <cstddef>

#include "transports/packets/rail.hpp"

namespace tutti::transport::ofi {

struct Packet {
  fi_context2 context{};        // libfabric's; its address names the packet
  packets::Piece piece;         // of a path; without one: it is for receiving
  std::byte* memory = nullptr;  // packets::kPacketBytes of it
  void* descriptor = nullptr;   // of the registration, where the provider demands one

  packets::Header& header() { return *reinterpret_cast<packets::Header*>(memory); }
  std::byte* payload() { return memory + sizeof(packets::Header); }
};

}  // namespace tutti::transport::ofi
