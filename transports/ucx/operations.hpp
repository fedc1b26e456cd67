// What UCX works on. Operations are recycled: after warm-up nothing is allocated.
#pragma once

#include <cstddef>
#include <deque>
#include <vector>

#include "transports/packets/rail.hpp"

namespace tutti::transport::ucx {

class UcxRail;

struct Operation {
  enum class Kind : std::uint8_t { packet, fetch, write };

  packets::Header header;  // UCX reads it until the packet has left
  packets::Piece piece;
  UcxRail* rail = nullptr;
  std::size_t connection = 0;   // over which it goes
  void* request = nullptr;      // UCX's, while it is in flight
  void* put_request = nullptr;  // of a write, beside the one that tells when it has arrived
  int status = 0;               // ucs_status_t
  Kind kind = Kind::packet;
  bool starting = false;  // UCX is being given it, and may call back before it returns:
  bool called_back = false;
};

class Operations {
 public:
  Operation& take();
  void give_back(Operation& operation);
  [[nodiscard]] std::size_t in_use() const { return in_use_; }
  [[nodiscard]] std::size_t memory() const { return all_.size() * sizeof(Operation); }

 private:
  std::deque<Operation> all_;  // addresses stay
  std::vector<Operation*> free_;
  std::size_t in_use_ = 0;
};

}  // namespace tutti::transport::ucx
