// Transfers that UCX works on. They are recycled: after warm-up nothing is allocated.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <vector>

#include "transports/transport.hpp"

namespace tutti::transport::ucx {

class UcxEndpoint;

struct Operation {
  UcxEndpoint* endpoint = nullptr;  // null: not in use
  Transfer::Kind kind = Transfer::Kind::send;
  std::uint64_t token = 0;
  std::size_t bytes = 0;
  std::uint64_t tag = 0;
  void* request = nullptr;  // UCX's, while it is in flight
  bool starting = false;    // UCX is being given it, and may call back before it returns:
  bool called_back = false;
  int status = 0;  // ucs_status_t
  std::uint64_t received_tag = 0;
  std::size_t received_bytes = 0;
};

class Operations {
 public:
  Operation& take();
  void give_back(Operation& operation);
  [[nodiscard]] std::size_t in_use() const { return in_use_; }

  /// For each in flight of this endpoint. `action` may give it back.
  template <typename Action>
  void for_each(const UcxEndpoint& endpoint, Action action) {
    for (auto& operation : all_) {
      if (operation.endpoint == &endpoint) action(operation);
    }
  }

 private:
  std::deque<Operation> all_;  // addresses stay
  std::vector<Operation*> free_;
  std::size_t in_use_ = 0;
};

}  // namespace tutti::transport::ucx
