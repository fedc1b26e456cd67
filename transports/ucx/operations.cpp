#include "transports/ucx/operations.hpp"

namespace tutti::transport::ucx {

Operation& Operations::take() {
  ++in_use_;
  if (free_.empty()) return all_.emplace_back();
  Operation& operation = *free_.back();
  free_.pop_back();
  return operation;
}

void Operations::give_back(Operation& operation) {
  --in_use_;
  operation = Operation{};
  free_.push_back(&operation);
}

}  // namespace tutti::transport::ucx
