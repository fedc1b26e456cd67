#include "unit/moe/world.hpp"

#include <algorithm>
#include <numeric>

namespace tutti::moe {
namespace {

// Loopback that says of itself what shm would.
class Sharing final : public transport::Transport {
 public:
  explicit Sharing(std::unique_ptr<transport::Transport> inner) : inner_(std::move(inner)) {}

  [[nodiscard]] std::string_view name() const override { return inner_->name(); }
  [[nodiscard]] transport::Capabilities capabilities() const override {
    auto all = inner_->capabilities();
    all.shares_memory = true;
    return all;
  }
  [[nodiscard]] std::string describe() const override { return inner_->describe(); }
  [[nodiscard]] std::vector<std::byte> address() const override { return inner_->address(); }
  [[nodiscard]] bool can_reach(std::span<const std::byte> address) const override { return inner_->can_reach(address); }
  Result<transport::Endpoint*> connect(Rank peer, std::span<const std::byte> address) override {
    return inner_->connect(peer, address);
  }
  void progress(TimePoint now, std::vector<transport::Completion>& completed) override {
    inner_->progress(now, completed);
  }
  void cancel() override { inner_->cancel(); }
  [[nodiscard]] std::size_t memory() const override { return inner_->memory(); }
  [[nodiscard]] int wait_fd() const override { return inner_->wait_fd(); }
  bool prepare_to_sleep() override { return inner_->prepare_to_sleep(); }

 private:
  std::unique_ptr<transport::Transport> inner_;
};

topology::Layout layout_of(const std::vector<std::int32_t>& nodes) {
  std::vector<std::uint64_t> node_of_rank;
  for (std::size_t node = 0; node < nodes.size(); ++node)
    node_of_rank.insert(node_of_rank.end(), static_cast<std::size_t>(nodes[node]), node);
  return topology::Layout::from_nodes(node_of_rank);
}

}  // namespace

Result<const engine::Path*> VirtualPeers::path(Rank peer) {
  engine::Path& path = paths_[static_cast<std::size_t>(index(peer))];
  if (path.endpoint == nullptr) {
    path.endpoint = TUTTI_TRY(transport_->connect(peer, addresses_[static_cast<std::size_t>(index(peer))]));
    path.transport = transport_.get();
    return nullptr;  // once: it is being found
  }
  return &path;
}

void VirtualPeers::meet(std::vector<std::vector<std::byte>> addresses) {
  addresses_ = std::move(addresses);
  paths_.resize(addresses_.size());
}

World::World(const WorldOptions& options)
    : layout_(layout_of(options.nodes)),
      hub_({.buffer = options.buffer}),
      random_(options.seed),
      is_real_(options.carrier != nullptr) {
  std::vector<std::vector<std::byte>> addresses;
  const auto placement = Placement::even(options.settings.experts, layout_.ranks());
  for (std::int32_t rank = 0; rank < layout_.ranks(); ++rank) {
    auto transport = is_real_ ? options.carrier(Rank{rank}) : transport::loopback::create(hub_, Rank{rank}).value();
    if (options.shares_memory) transport = std::make_unique<Sharing>(std::move(transport));
    if (options.faulty)
      transport = transport::faulty::create(std::move(transport),
                                            transport::faulty::harmless(options.seed + static_cast<unsigned>(rank)))
                      .value();
    peers_.push_back(std::make_unique<VirtualPeers>(std::move(transport)));
    addresses.push_back(peers_.back()->address());
    groups_.push_back(Group::make(Site::of(layout_, rank), options.settings, placement, {}).value());
  }
  for (auto& peers : peers_) peers->meet(addresses);
}

bool World::run(const std::vector<std::shared_ptr<engine::Activity>>& activities, std::vector<Status>* failures) {
  std::vector<std::size_t> order(activities.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::vector<bool> over(activities.size(), false);
  std::vector<Status> statuses(activities.size());
  TimePoint last_moved = is_real_ ? SteadyClock().now() : now_;
  const Duration patience = is_real_ ? Duration(std::chrono::seconds(30)) : Duration(std::chrono::milliseconds(30));
  while (now_ < last_moved + patience) {
    std::shuffle(order.begin(), order.end(), random_);
    bool any_moved = false;
    now_ = is_real_ ? SteadyClock().now() : now_ + std::chrono::microseconds(10);
    for (const std::size_t rank : order) {
      if (over[rank] || activities[rank] == nullptr) continue;
      bool moved = false;
      const auto done = activities[rank]->poll(*peers_[rank], now_, moved);
      if (!done) statuses[rank] = done.error();
      over[rank] = !done || *done;
      any_moved = any_moved || moved || over[rank];
    }
    bool all = true;
    for (std::size_t rank = 0; rank < over.size(); ++rank) all = all && (over[rank] || activities[rank] == nullptr);
    const bool well = std::all_of(statuses.begin(), statuses.end(), [](const Status& each) { return bool(each); });
    if (all && failures != nullptr) *failures = statuses;
    if (all) return well;
    if (any_moved) last_moved = now_;
  }
  if (failures != nullptr) *failures = statuses;
  return false;
}

bool World::run(const std::vector<std::shared_ptr<Exchange>>& exchanges) {
  std::vector<std::shared_ptr<engine::Activity>> activities;
  for (std::size_t rank = 0; rank < exchanges.size(); ++rank)
    activities.push_back(std::make_shared<Drive>(groups_[rank], exchanges[rank], true, Drive::Until::over));
  return run(activities);
}

}  // namespace tutti::moe
