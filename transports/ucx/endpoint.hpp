// The path to one peer, over whatever UCX chose.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "transports/fifo.hpp"
#include "transports/ucx/operations.hpp"
#include "transports/ucx/worker.hpp"

namespace tutti::transport::ucx {

/// What the endpoints of a rank share.
struct Self {
  Rank rank{};
  std::string path;  // as errors show it: "ucx tcp eth0"
  std::unique_ptr<Worker> worker;
  Operations operations;
  std::vector<Completion> done;        // not yet handed out
  std::vector<UcxEndpoint*> posted;    // have transfers that UCX has not been given
  std::vector<UcxEndpoint*> troubled;  // have failed inside UCX, where nothing can be closed
  std::vector<void*> closing;          // UCX's requests to close its endpoints

  struct Leaving {
    ucp_ep_h handle;
    bool reached;
    void* goodbye;  // UCX's request to send it
  };
  std::vector<Leaving> leaving;  // endpoints that close when their goodbye has left

  /// Closes a path that has carried something, or that UCX can close before.
  void close(ucp_ep_h handle, bool reached);
};

/// What an endpoint that cannot use its peer's message tells it before it closes.
inline constexpr unsigned kRefusalId = 1;  // of UCX's active message
struct Refusal {
  std::uint32_t magic = 0x74757872;
  Rank from{};
};

class UcxEndpoint final : public Endpoint {
 public:
  UcxEndpoint(Self& self, Rank peer) : self_(self), peer_(peer) {}

  /// Gives UCX the peer's address.
  void open(std::span<const std::byte> worker_address);

  void post(std::span<const Transfer> batch) override;
  [[nodiscard]] const Error* failure() const override { return failure_ ? &*failure_ : nullptr; }

  /// Gives UCX what was posted.
  void start_posted();
  /// Acts on what UCX reported, outside of its callbacks.
  void act_on_trouble();
  /// Ends the path: what is in flight is called back, and completes without a completion.
  void cancel(Error why);

  /// For UCX's callbacks.
  void called_back(Operation& operation, void* request, ucs_status_t status, const ucp_tag_recv_info_t* received);
  void lost(ucs_status_t status);
  void refused();

 private:
  void start(const Transfer& transfer);
  ucs_status_ptr_t give_to_ucx(const Transfer& transfer, Operation& operation);
  void finish(Operation& operation);
  void trouble(Error error);
  void end(Error error);
  void take_back_receives();
  /// Closes UCX's endpoint, after telling the peer why if it is to blame.
  void leave(bool refuses);
  [[nodiscard]] bool has_arrived(std::uint64_t tag, std::uint64_t mask) const;
  [[nodiscard]] const Library& ucx() const { return self_.worker->ucx(); }

  Self& self_;
  Rank peer_;
  ucp_ep_h handle_ = nullptr;
  Fifo<Transfer> posted_;
  std::uint64_t sends_ = 0;  // so far: the number in the tag
  std::uint64_t receives_ = 0;
  std::size_t in_flight_ = 0;
  bool reached_ = false;            // something went over this path: UCX has connected it
  Refusal refusal_;                 // must stay while it is being sent
  std::optional<Error> trouble_;    // reported by UCX, and not acted upon
  std::optional<Error> departure_;  // the peer is gone, and messages of it wait for their receives
  std::optional<Error> failure_;
  bool silent_ = false;  // cancelled: completes nothing
};

}  // namespace tutti::transport::ucx
