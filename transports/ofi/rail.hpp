// One endpoint of libfabric with its queue and its packets: what a rank has of a fabric, and gives back. libfabric
// never sees memory of a transfer: what it may touch is allocated, and registered where the provider demands that,
// here.
#pragma once

#include <rdma/fi_domain.h>
#include <rdma/fi_endpoint.h>

#include <cstddef>
#include <cstdlib>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "transports/ofi/packet.hpp"
#include "transports/ofi/provider.hpp"

namespace tutti::transport::ofi {

class Rail {
 public:
  static Result<std::unique_ptr<Rail>> create(std::shared_ptr<const Library> library, Offer offer);
  Rail(const Rail&) = delete;
  Rail& operator=(const Rail&) = delete;
  /// Waits for nobody. All that is in flight is dropped.
  ~Rail();

  [[nodiscard]] const Library& library() const { return *library_; }
  [[nodiscard]] const Offer& offer() const { return offer_; }
  [[nodiscard]] const std::vector<std::byte>& address() const { return address_; }

  /// What a packet can carry.
  [[nodiscard]] std::size_t max_payload() const { return max_payload_; }

  /// libfabric's handle for a peer.
  Result<fi_addr_t> insert(std::span<const std::byte> peer);

  /// A packet to fill. Fails if memory for it cannot be registered.
  Result<Packet*> take();
  void give_back(Packet& packet) { free_.push_back(&packet); }

  /// False: not now; the packet is still the caller's. Else it comes back with a completion.
  Result<bool> send(Packet& packet, std::size_t bytes, fi_addr_t peer);

  /// One thing that is over.
  struct Done {
    Packet* packet = nullptr;
    std::size_t bytes = 0;
    int error = 0;  // libfabric's
  };
  /// Lets the provider work, and gives what is over: at most `most` into `done`. `rang`: its descriptor was readable.
  std::size_t poll(Done* done, std::size_t most, bool rang);
  /// Offers a packet that has been received into to the provider again.
  void receive_again(Packet& packet);

  /// Readable when `poll` may have something; -1 where the provider has no such descriptor.
  [[nodiscard]] int event_fd() const { return event_fd_; }
  /// Whether `event_fd` can be waited for: nothing has happened already.
  bool may_sleep();

 private:
  struct Slab {
    std::unique_ptr<std::byte, decltype(&std::free)> memory{nullptr, &std::free};
    std::vector<Packet> packets;
    fid_mr* registration = nullptr;
  };

  Rail(std::shared_ptr<const Library> library, Offer offer) : library_(std::move(library)), offer_(std::move(offer)) {}
  Status start();
  Status open_queue();
  Status read_address();
  Result<Slab*> add_slab(std::size_t packets);
  Status register_memory(Slab& slab);
  void post_receives();
  [[nodiscard]] Error error(const char* what, std::int64_t number) const;

  std::shared_ptr<const Library> library_;
  Offer offer_;
  fid_fabric* fabric_ = nullptr;
  fid_domain* domain_ = nullptr;
  fid_av* peers_ = nullptr;
  fid_cq* queue_ = nullptr;
  fid_ep* endpoint_ = nullptr;
  int event_fd_ = -1;
  std::size_t max_payload_ = kMaxPayload;
  std::uint64_t next_key_ = 1;
  std::vector<std::byte> address_;
  std::vector<std::unique_ptr<Slab>> slabs_;
  std::vector<Packet*> free_;        // for sending
  std::vector<Packet*> to_receive_;  // not yet taken by the provider
};

}  // namespace tutti::transport::ofi
