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
};

class UcxEndpoint final : public Endpoint {
 public:
  UcxEndpoint(Self& self, Rank peer) : self_(self), peer_(peer) {}

  /// Gives UCX the peer's address. Fails with transport if UCX has no way there.
  Status open(std::span<const std::byte> worker_address);

  void post(std::span<const Transfer> batch) override;
  [[nodiscard]] const Error* failure() const override { return failure_ ? &*failure_ : nullptr; }

  /// Gives UCX what was posted.
  void start_posted();
  /// Makes a failure that UCX reported the endpoint's.
  void fail_if_troubled();
  /// Ends the path: what is in flight is called back, and completes without a completion.
  void cancel(Error why);

  /// For UCX's callbacks.
  void finished(Operation& operation, ucs_status_t status, const ucp_tag_recv_info_t* received);
  void lost(ucs_status_t status);

 private:
  void start(const Transfer& transfer);
  ucs_status_ptr_t give_to_ucx(const Transfer& transfer, Operation& operation, ucp_tag_recv_info_t& received);
  void trouble(Error error);
  void end(Error error);
  [[nodiscard]] const Library& ucx() const { return self_.worker->ucx(); }

  Self& self_;
  Rank peer_;
  ucp_ep_h handle_ = nullptr;
  Fifo<Transfer> posted_;
  std::uint64_t sends_ = 0;  // so far: the number in the tag
  std::uint64_t receives_ = 0;
  std::optional<Error> trouble_;
  std::optional<Error> failure_;
  bool silent_ = false;  // cancelled: completes nothing
};

}  // namespace tutti::transport::ucx
