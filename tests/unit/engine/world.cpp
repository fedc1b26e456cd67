#include "unit/engine/world.hpp"

#include <algorithm>
#include <numeric>

namespace tutti::engine {

LoopbackPeers::LoopbackPeers(transport::loopback::Hub& hub, Rank rank)
    : transport_(transport::loopback::create(hub, rank).value()) {}

Result<const Path*> LoopbackPeers::path(Rank peer) {
  if (!transport_) return Error{Code::peer_lost, "this rank has vanished"};
  if (delay_ > 0) {
    --delay_;
    return nullptr;
  }
  Path& path = paths_[static_cast<std::size_t>(index(peer))];
  if (path.endpoint == nullptr) {
    path.endpoint = TUTTI_TRY(transport_->connect(peer, addresses_[static_cast<std::size_t>(index(peer))]));
    path.transport = transport_.get();
  }
  return &path;
}

void LoopbackPeers::meet(std::vector<std::vector<std::byte>> addresses, int delay) {
  addresses_ = std::move(addresses);
  paths_.resize(addresses_.size());
  delay_ = delay;
}

World::World(std::int32_t ranks, const WorldOptions& options) : hub_(options.hub), random_(options.seed) {
  std::vector<std::vector<std::byte>> addresses;
  for (std::int32_t rank = 0; rank < ranks; ++rank) {
    peers_.push_back(std::make_unique<LoopbackPeers>(hub_, Rank{rank}));
    addresses.push_back(peers_.back()->address());
    engines_.push_back(std::make_unique<Engine>(*peers_.back(), options.staging));
  }
  for (auto& peers : peers_) peers->meet(addresses, options.path_delay);
}

bool World::finish() {
  std::vector<std::size_t> order(engines_.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  for (int idle = 0; idle < 1000;) {
    std::shuffle(order.begin(), order.end(), random_);
    bool running = false;
    bool any_moved = false;
    for (const std::size_t rank : order) {
      bool moved = false;
      running = engines_[rank]->poll(TimePoint{}, moved) == State::running || running;
      any_moved = any_moved || moved;
    }
    if (!running) return true;
    idle = any_moved ? 0 : idle + 1;
  }
  return false;
}

}  // namespace tutti::engine
