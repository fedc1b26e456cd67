// A whole job in one process and one thread: the real meeting over a virtual network, and real communicators over
// loopback. What a rank sends and holds is counted.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "comm/founding.hpp"
#include "transports/loopback/loopback.hpp"
#include "unit/bootstrap/virtual_cluster.hpp"

namespace tutti {

/// A rank's seat among virtual ranks. What would wait is not offered: `VirtualJob` carries what ranks say.
class VirtualSession final : public bootstrap::Session {
 public:
  VirtualSession(bootstrap::VirtualCluster& cluster, std::size_t seat, Rank rank)
      : cluster_(cluster), seat_(seat), rank_(rank) {}

  [[nodiscard]] Rank rank() const override { return rank_; }
  [[nodiscard]] const topology::Layout& layout() const override { return *mine().layout; }
  [[nodiscard]] const topology::Layout& machines() const override { return *mine().machines; }
  [[nodiscard]] std::string node_name(Rank /*peer*/) const override { return {}; }
  void publish(std::vector<std::byte> card) override {
    cluster_.call(seat_, [&](bootstrap::Machine& m) { static_cast<bootstrap::Member&>(m).publish(std::move(card)); });
  }
  std::optional<std::vector<std::byte>> find_card(Rank peer) override {
    const auto found = mine().cards.find(index(peer));
    if (found != mine().cards.end()) return found->second.bytes;
    cluster_.call(seat_,
                  [&](bootstrap::Machine& m) { static_cast<bootstrap::Member&>(m).ask(index(peer), cluster_.now()); });
    return std::nullopt;
  }
  Result<bootstrap::Contributions> all_gather(std::span<const std::byte> /*mine*/, Deadline /*deadline*/) override {
    return Error{Code::unsupported, "virtual ranks do not wait"};
  }
  void fail(const Error& error) override {
    cluster_.call(seat_, [&](bootstrap::Machine& m) { static_cast<bootstrap::Member&>(m).raise(error); });
  }
  [[nodiscard]] std::optional<Error> failure() const override { return mine().failure; }
  [[nodiscard]] int wait_fd() const override { return -1; }
  void acknowledge() override {}
  void leave() override {}

 private:
  [[nodiscard]] const bootstrap::VirtualCluster::Seat& mine() const { return cluster_.seat(seat_); }

  bootstrap::VirtualCluster& cluster_;
  std::size_t seat_;
  Rank rank_;
};

class VirtualJob {
 public:
  VirtualJob(std::int32_t ranks, std::int32_t on_node) {
    cluster_.add_root();
    for (std::int32_t rank = 0; rank < ranks; ++rank)
      cluster_.add_rank(rank, ranks, rank / on_node, std::chrono::seconds(60), rank == 0);
  }

  // An orderly end waits for the others, who are on this thread.
  ~VirtualJob() { end(); }
  void end() {
    for (const auto& communicator : communicators_) communicator->abort();
    communicators_.clear();
  }
  VirtualJob(const VirtualJob&) = delete;
  VirtualJob& operator=(const VirtualJob&) = delete;

  [[nodiscard]] bootstrap::VirtualCluster& cluster() { return cluster_; }
  [[nodiscard]] std::int32_t ranks() const { return static_cast<std::int32_t>(cluster_.size()) - 1; }
  /// The number-th of those that there are.
  [[nodiscard]] comm::Communicator& communicator(std::int32_t number) {
    return *communicators_[static_cast<std::size_t>(number)];
  }

  /// All ranks meet.
  Status meet() {
    const auto has_met = [](const auto& seat) { return seat.layout != nullptr; };
    return run_until(has_met);
  }

  /// Every `step`th rank, which rank 0 is, makes its communicator, after all have met; the others say what the one
  /// before them says.
  Status found(const Config& config, std::int32_t step = 1) {
    std::vector<std::unique_ptr<comm::Communicator::Founding>> foundings;
    for (std::int32_t rank = 0; rank < ranks(); rank += step) {
      comm::Company company;
      company.session = std::make_unique<VirtualSession>(cluster_, seat_of(rank), to_rank(rank));
      company.transports.push_back(TUTTI_TRY(transport::loopback::create(hub_, to_rank(rank))));
      comm::Membership membership{.id = {},
                                  .rank = to_rank(rank),
                                  .world_size = ranks(),
                                  .config = config,
                                  .name = "comm",
                                  .root = nullptr,
                                  .machine = nullptr};
      foundings.push_back(std::make_unique<comm::Communicator::Founding>(std::move(membership), std::move(company)));
    }
    for (std::uint32_t round = 0;; ++round) {
      std::vector<std::byte> word;
      std::int32_t silent = 0;
      for (std::int32_t rank = 0; rank < ranks(); ++rank) {
        if (rank % step == 0) {
          auto& seat = cluster_.seat(seat_of(rank));
          const auto* const heard = round == 0 ? nullptr : &seat.gathers.back().contributions;
          auto own = TUTTI_TRY(foundings[static_cast<std::size_t>(rank / step)]->next(heard));
          silent += own ? 0 : 1;
          word = own.value_or(std::vector<std::byte>());
        }
        if (silent > 0) continue;
        cluster_.call(seat_of(rank), [&](bootstrap::Machine& m) {
          static_cast<bootstrap::Member&>(m).gather(round + 1, word, {cluster_.now() + std::chrono::seconds(60)},
                                                    cluster_.now());
        });
      }
      if (std::cmp_equal(silent, foundings.size())) break;
      if (silent > 0) return Error{Code::internal, "some ranks are done while others still speak"};
      TUTTI_TRY(run_until([&](const auto& seat) { return seat.gathers.size() > round; }));
    }
    for (const auto& founding : foundings) communicators_.push_back(founding->take());
    return {};
  }

  /// Every rank, if all have communicators, makes the call that `call_of(rank)` gives; returns when all are over.
  template <typename CallOf>
  Status run(CallOf&& call_of) {
    std::vector<std::int32_t> busy;
    for (std::int32_t rank = 0; rank < ranks(); ++rank) {
      TUTTI_TRY(communicator(rank).begin(call_of(rank), TimePoint{}));
      busy.push_back(rank);
    }
    int idle_ms = 0;
    while (!busy.empty()) {
      bool moved = false;
      std::vector<std::int32_t> still;
      for (const std::int32_t rank : busy) {
        if (!TUTTI_TRY(communicator(rank).advance(TimePoint{}, moved))) still.push_back(rank);
      }
      moved = moved || still.size() < busy.size();
      busy = std::move(still);
      idle_ms = moved ? 0 : idle_ms + 1;
      if (!moved) cluster_.settle(std::chrono::milliseconds(1));  // cards are on their way
      if (idle_ms > 10000) return Error{Code::internal, "nothing moves any more"};
    }
    return {};
  }

 private:
  static std::size_t seat_of(std::int32_t rank) { return static_cast<std::size_t>(rank) + 1; }

  // Until it holds of every rank.
  template <typename Holds>
  Status run_until(Holds&& holds) {
    std::size_t first_not = 1;  // outcomes do not go away
    const bool over = cluster_.run([&] {
      while (first_not < cluster_.size() && holds(cluster_.seat(first_not))) ++first_not;
      return first_not == cluster_.size();
    });
    for (std::size_t id = 1; id < cluster_.size(); ++id) {
      if (cluster_.seat(id).failure) return *cluster_.seat(id).failure;
    }
    return over ? Status() : Error{Code::timeout, "not all ranks came that far"};
  }

  bootstrap::VirtualCluster cluster_;
  transport::loopback::Hub hub_{{.buffer = 1 << 12, .combines = false}};
  std::vector<std::unique_ptr<comm::Communicator>> communicators_;
};

}  // namespace tutti
