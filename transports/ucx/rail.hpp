// One worker of UCX: packets are its active messages. Short ones, and all over TCP, are sent at once; over RDMA long
// ones are announced, and the receiver has UCX fetch them straight into their place; long puts are written by UCX.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "transports/ucx/operations.hpp"
#include "transports/ucx/worker.hpp"

namespace tutti::transport::ucx {

/// What a worker's devices do by themselves.
struct Abilities {
  bool announces = false;  // receivers fetch
  bool writes = false;     // senders write; its worker has been created for that
};

class UcxRail final : public packets::Rail {
 public:
  static Result<std::unique_ptr<UcxRail>> create(std::unique_ptr<Worker> worker, const Abilities& abilities);
  ~UcxRail() override;

  [[nodiscard]] std::string describe() const override { return path_; }
  [[nodiscard]] const std::vector<std::byte>& address() const override { return worker_->address(); }
  [[nodiscard]] bool takes(std::span<const std::byte> address) const override { return !address.empty(); }
  [[nodiscard]] Limits limits() const override { return limits_; }

  Result<Peer> open(std::span<const std::byte> address, packets::Path& path, std::uint8_t lane) override;
  void close(Peer peer, bool heard) override;

  Result<packets::Sent> send(Peer peer, const packets::Header& header, const std::byte* payload,
                             const packets::Piece& piece, bool announces) override;
  void fetch(void* parcel, std::byte* out, const packets::Piece& piece) override;
  void drop(void* parcel) override { dropped_.push_back(parcel); }

  std::vector<std::byte> expose(std::uint32_t window, std::span<std::byte> memory) override;
  void conceal(std::uint32_t window) override;
  std::optional<Target> aim(Peer peer, std::span<const std::byte> exposure) override;
  [[nodiscard]] bool can_write(std::span<const std::byte> /*bytes*/) const override { return true; }
  Result<packets::Sent> write(Peer peer, Target target, std::uint64_t offset, const std::byte* data,
                              const packets::Piece& piece, std::uint32_t mark) override;

  std::size_t poll(bool rang) override;
  [[nodiscard]] int event_fd() const override { return worker_->event_fd(); }
  bool may_sleep() override;
  bool has_left() override;
  [[nodiscard]] bool is_idle() const override;
  [[nodiscard]] std::size_t memory() const override;

  /// For UCX's callbacks.
  ucs_status_t received(const void* header, std::size_t header_bytes, void* data, std::size_t bytes, bool announced);
  void called_back(Operation& operation, void* request, ucs_status_t status);
  void lost(std::size_t connection, ucs_status_t status);

 private:
  /// The way to one peer.
  struct Connection {
    UcxRail* rail = nullptr;
    std::size_t number = 0;
    packets::Path* path = nullptr;
    std::uint8_t lane = 0;
    ucp_ep_h handle = nullptr;  // null: closed, or never opened
    bool reached = false;       // something went over it: UCX has connected it
    bool is_lost = false;
    ucs_status_t status = UCS_OK;        // why
    std::vector<std::size_t> targets{};  // that go with it
  };
  /// A window as UCX knows it.
  struct Exposed {
    std::span<std::byte> memory;
    ucp_mem_h handle = nullptr;
  };
  /// Where a peer can be written to.
  struct Place {
    ucp_rkey_h key = nullptr;  // null: not any more
    std::uint64_t address = 0;
  };

  UcxRail(std::unique_ptr<Worker> worker, const Abilities& abilities);
  Status start();
  Connection& of(Peer peer) { return connections_[peer.value]; }
  void finish(Operation& operation);
  void tidy_up();
  void close_now(Connection& connection);
  [[nodiscard]] const Library& ucx() const { return worker_->ucx(); }

  std::unique_ptr<Worker> worker_;
  std::string path_;
  Limits limits_;
  std::deque<Connection> connections_;  // addresses stay: UCX knows them
  Operations operations_;
  std::map<std::uint32_t, Exposed> exposed_;  // by window
  std::vector<Place> places_;                 // what targets are numbers of
  std::vector<std::size_t> lost_;             // connections whose ends are to be told: not inside UCX
  std::vector<std::size_t> leaving_;          // connections to close: not inside UCX
  std::vector<void*> dropped_;                // parcels to give back: not inside UCX
  std::vector<void*> closing_;                // UCX's requests to close
  void* flush_ = nullptr;                     // UCX's request to flush
  bool has_flushed_ = false;
  bool is_over_ = false;
  bool has_heard_ = false;      // something came, perhaps from a peer to which there is no connection here
  bool is_unfinished_ = false;  // a connection ended before anything went over it
};

}  // namespace tutti::transport::ucx
