// Ranks in one thread, over loopback: engines that are polled in turn.
#pragma once

#include <memory>
#include <random>
#include <vector>

#include "engine/engine.hpp"
#include "plan/plan.hpp"
#include "transports/loopback/loopback.hpp"

namespace tutti::engine {

/// One rank's paths: all over one loopback transport.
class LoopbackPeers final : public Peers {
 public:
  LoopbackPeers(transport::loopback::Hub& hub, Rank rank);

  Result<const Path*> path(Rank peer) override;
  void progress(TimePoint now, std::vector<transport::Completion>& completed) override {
    transport_->progress(now, completed);
  }
  void cancel() override { transport_->cancel(); }
  [[nodiscard]] std::string describe(Rank peer) const override { return "rank " + std::to_string(index(peer)); }

  /// The addresses of all ranks; the first `delay` questions for a path are answered with "not yet".
  void meet(std::vector<std::vector<std::byte>> addresses, int delay);
  [[nodiscard]] std::vector<std::byte> address() const { return transport_->address(); }
  /// This rank dies.
  void vanish() { transport_.reset(); }

 private:
  std::unique_ptr<transport::Transport> transport_;
  std::vector<std::vector<std::byte>> addresses_;
  std::vector<Path> paths_;
  int delay_ = 0;
};

struct WorldOptions {
  transport::loopback::HubOptions hub;
  Bytes staging{1 << 20};
  int path_delay = 0;
  std::uint64_t seed = 1;  // the order in which ranks are polled
};

class World {
 public:
  World(std::int32_t ranks, const WorldOptions& options);

  [[nodiscard]] std::int32_t size() const { return static_cast<std::int32_t>(engines_.size()); }
  Engine& engine(std::int32_t rank) { return *engines_[static_cast<std::size_t>(rank)]; }
  LoopbackPeers& peers(std::int32_t rank) { return *peers_[static_cast<std::size_t>(rank)]; }

  /// Polls the ranks in random order until none runs; fails when nothing has moved for a long time.
  bool finish();

 private:
  transport::loopback::Hub hub_;
  std::vector<std::unique_ptr<LoopbackPeers>> peers_;
  std::vector<std::unique_ptr<Engine>> engines_;
  std::mt19937_64 random_;
};

}  // namespace tutti::engine
