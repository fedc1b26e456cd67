// One endpoint of libfabric with its queue and its packets: what a rank has of a fabric, and gives back. Of memory
// outside packets libfabric sees windows only, and what is put: messages are copied into packets, and out of them.
#pragma once

#include <rdma/fi_domain.h>
#include <rdma/fi_endpoint.h>

#include <cstddef>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "transports/ofi/pool.hpp"
#include "transports/ofi/provider.hpp"

namespace tutti::transport::ofi {

class OfiRail final : public packets::Rail {
 public:
  /// `memory`: bytes of packets, half of them for what comes.
  static Result<std::unique_ptr<OfiRail>> create(std::shared_ptr<const Library> library, Offer offer,
                                                 std::size_t memory);
  ~OfiRail() override;

  [[nodiscard]] std::string describe() const override;
  [[nodiscard]] const std::vector<std::byte>& address() const override { return address_; }
  [[nodiscard]] bool takes(std::span<const std::byte> address) const override {
    return address.size() == address_.size();
  }
  [[nodiscard]] Limits limits() const override { return limits_; }

  Result<Peer> open(std::span<const std::byte> address, packets::Path& path, std::uint8_t lane) override;
  void close(Peer /*peer*/, bool /*heard*/) override {}  // libfabric has no such thing

  Result<packets::Sent> send(Peer peer, const packets::Header& header, const std::byte* payload,
                             const packets::Piece& piece, bool announces) override;
  void fetch(void* /*parcel*/, std::byte* /*out*/, const packets::Piece& /*piece*/) override {}  // nothing is announced
  void drop(void* /*parcel*/) override {}

  std::vector<std::byte> expose(std::uint32_t window, std::span<std::byte> memory) override;
  void conceal(std::uint32_t window) override;
  std::optional<Target> aim(Peer peer, std::span<const std::byte> exposure) override;
  [[nodiscard]] bool can_write(std::span<const std::byte> bytes) const override;
  Result<packets::Sent> write(Peer peer, Target target, std::uint64_t offset, const std::byte* data,
                              const packets::Piece& piece, std::uint32_t mark) override;

  std::size_t poll(bool rang) override;
  [[nodiscard]] int event_fd() const override { return event_fd_; }
  bool may_sleep() override;
  bool has_left() override { return is_idle(); }
  [[nodiscard]] bool is_idle() const override { return pool_->in_use() == 0 && free_writes_.size() == writes_.size(); }
  [[nodiscard]] std::size_t memory() const override { return pool_->memory(); }

 private:
  /// A window as the provider knows it.
  struct Exposed {
    std::span<const std::byte> memory;
    fid_mr* registration = nullptr;
  };
  /// Where a peer can be written to.
  struct Place {
    std::uint64_t address = 0;
    std::uint64_t key = 0;
  };

  OfiRail(std::shared_ptr<const Library> library, Offer offer)
      : library_(std::move(library)), offer_(std::move(offer)) {}
  Status start(std::size_t memory);
  Status open_queue();
  Status read_address();
  void post_receives();
  void over(Packet& packet, std::size_t bytes, int error);
  [[nodiscard]] int memory_mode() const { return offer_.info->domain_attr->mr_mode; }
  [[nodiscard]] const Exposed* exposure_with(std::span<const std::byte> bytes) const;
  void judge_descriptor(bool rang, bool something_came);
  [[nodiscard]] Error error(const char* what, std::int64_t number) const;

  std::shared_ptr<const Library> library_;
  Offer offer_;
  fid_fabric* fabric_ = nullptr;
  fid_domain* domain_ = nullptr;
  fid_av* peers_ = nullptr;
  fid_cq* queue_ = nullptr;
  fid_ep* endpoint_ = nullptr;
  int event_fd_ = -1;
  int futile_ = 0;  // how often in a row the descriptor was readable for nothing
  Limits limits_;
  std::size_t most_sending_ = 0;  // packets
  std::vector<std::byte> address_;
  std::optional<Pool> pool_;
  std::vector<Packet*> to_receive_;           // not yet taken by the provider
  std::map<std::uint32_t, Exposed> exposed_;  // by window
  std::vector<Place> places_;                 // what targets are numbers of
  std::deque<Packet> writes_;                 // without memory of their own; addresses stay
  std::vector<Packet*> free_writes_;
};

}  // namespace tutti::transport::ofi
