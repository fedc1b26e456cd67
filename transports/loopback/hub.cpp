#include <fmt/format.h>

#include "transports/loopback/transport.hpp"

namespace tutti::transport::loopback {

Result<std::unique_ptr<Transport>> create(Hub& hub, Rank rank) {
  const std::lock_guard guard(hub.lock_);
  const auto [place, fresh] = hub.members_.try_emplace(rank, nullptr);
  if (!fresh) return Error{Code::invalid_argument, fmt::format("the hub has a rank {} already", index(rank))};
  auto transport = std::make_unique<LoopbackTransport>(hub, rank);
  place->second = transport.get();
  return std::unique_ptr<Transport>(std::move(transport));
}

}  // namespace tutti::transport::loopback
