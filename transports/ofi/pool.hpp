// The packets of a rail: memory in slabs, registered where the provider demands that. libfabric never sees other memory
// of this rank.
#pragma once

#include <rdma/fi_domain.h>
#include <rdma/fi_endpoint.h>

#include <cstdlib>
#include <memory>
#include <vector>

#include "transports/ofi/packet.hpp"
#include "transports/ofi/provider.hpp"

namespace tutti::transport::ofi {

class Pool {
 public:
  /// Of packets that go through `endpoint`. All must be there as long as this, but for the endpoint.
  Pool(const Library& library, const Offer& offer, fid_domain* domain, fid_ep* endpoint)
      : library_(&library), offer_(&offer), domain_(domain), endpoint_(endpoint) {}
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;
  ~Pool();

  /// Makes packets at once. Fails if memory for them cannot be registered.
  Result<std::vector<Packet*>> make(std::size_t count);
  /// One to send with; null if `most` are in use, unless it `must` be. Fails as `make` does.
  Result<Packet*> take(std::size_t most, bool must);
  void give_back(Packet& packet);

  [[nodiscard]] std::size_t in_use() const { return in_use_; }
  [[nodiscard]] std::size_t memory() const { return made_ * packets::kPacketBytes; }

 private:
  struct Slab {
    std::unique_ptr<std::byte, decltype(&std::free)> memory{nullptr, &std::free};
    std::vector<Packet> packets;
    fid_mr* registration = nullptr;
  };
  Status register_memory(Slab& slab);

  const Library* library_;
  const Offer* offer_;
  fid_domain* domain_;
  fid_ep* endpoint_;
  std::uint64_t next_key_ = 1;
  std::vector<std::unique_ptr<Slab>> slabs_;
  std::vector<Packet*> free_;
  std::size_t in_use_ = 0;
  std::size_t made_ = 0;
};

}  // namespace tutti::transport::ofi
