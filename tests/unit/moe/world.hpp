// Groups of ranks in one thread, over loopback or another transport, with or without faults: polled in random order.
#pragma once

#include <functional>
#include <memory>
#include <random>
#include <vector>

#include "moe/group.hpp"
#include "transports/faulty/faulty.hpp"
#include "transports/loopback/loopback.hpp"

namespace tutti::moe {

/// One rank's paths.
class VirtualPeers final : public engine::Peers {
 public:
  explicit VirtualPeers(std::unique_ptr<transport::Transport> transport) : transport_(std::move(transport)) {}

  Result<const engine::Path*> path(Rank peer) override;
  void progress(TimePoint now, std::vector<transport::Completion>& completed) override {
    transport_->progress(now, completed);
  }
  void cancel() override { transport_->cancel(); }
  [[nodiscard]] std::string describe(Rank peer) const override { return "rank " + std::to_string(index(peer)); }

  void meet(std::vector<std::vector<std::byte>> addresses);
  [[nodiscard]] std::vector<std::byte> address() const { return transport_->address(); }

 private:
  std::unique_ptr<transport::Transport> transport_;
  std::vector<std::vector<std::byte>> addresses_;
  std::vector<engine::Path> paths_;
};

struct WorldOptions {
  std::vector<std::int32_t> nodes = {1};  // ranks on each
  Settings settings;
  std::size_t buffer = 0;  // of a loopback path: 0 is the hardest for deadlocks
  bool shares_memory = false;
  bool faulty = false;
  std::uint64_t seed = 1;
  /// Makes a rank's transport; null: loopback. What is awaited from a real one takes real time.
  std::function<std::unique_ptr<transport::Transport>(Rank)> carrier = nullptr;
};

class World {
 public:
  explicit World(const WorldOptions& options);

  [[nodiscard]] std::int32_t ranks() const { return static_cast<std::int32_t>(groups_.size()); }
  [[nodiscard]] const topology::Layout& layout() const { return layout_; }
  std::shared_ptr<Group>& group(std::int32_t rank) { return groups_[static_cast<std::size_t>(rank)]; }
  VirtualPeers& peers(std::int32_t rank) { return *peers_[static_cast<std::size_t>(rank)]; }

  /// Runs one activity at each rank. False when nothing has moved for a long time. `failures` gets each rank's.
  bool run(const std::vector<std::shared_ptr<engine::Activity>>& activities, std::vector<Status>* failures = nullptr);

  /// One exchange at each rank, from beginning to end.
  bool run(const std::vector<std::shared_ptr<Exchange>>& exchanges);

 private:
  topology::Layout layout_;
  transport::loopback::Hub hub_;
  std::vector<std::unique_ptr<VirtualPeers>> peers_;
  std::vector<std::shared_ptr<Group>> groups_;
  std::mt19937_64 random_;
  bool is_real_;
  TimePoint now_{};
};

}  // namespace tutti::moe
