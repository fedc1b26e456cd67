// The top of the tree: it counts who has come, makes the layout, says who is missing, and puts all-gathers together.
#pragma once

#include <map>
#include <optional>
#include <vector>

#include "bootstrap/tree/tree_node.hpp"

namespace tutti::bootstrap {

/// An all-gather under way.
struct GatherRound {
  std::uint32_t sequence = 0;
  std::map<std::vector<std::byte>, std::vector<RankRun>> said;  // what was said, and by whom
  RankSet there;
  TimePoint until{};
  Duration patience{};
};

class MeetingRoot final : public TreeNode {
 public:
  /// Ends by itself when nobody has come within `patience`.
  MeetingRoot(std::string node_name, Duration patience, Log log);

  void start(TimePoint now) override;
  void opened(LinkId link, const Greeting& peer, TimePoint now) override;
  void received(LinkId link, std::span<const std::byte> body, TimePoint now) override;
  void closed(LinkId link, Ending ending, const std::string& why, TimePoint now) override;
  void hub_claimed(std::optional<std::vector<NetAddress>> /*doors*/, TimePoint /*now*/) override {}
  void tick(TimePoint now) override;

  /// Ends properly: ranks that are still there learn that it was no accident.
  void close(TimePoint now);

 private:
  void joined(Join join, TimePoint now) override;
  void left(const std::vector<RankRun>& ranks, TimePoint now) override;
  void moved(const std::vector<RankRun>& /*ranks*/) override {}
  void strayed(const std::vector<RankRun>& /*ranks*/) override {}
  void contributed(Gather gather, TimePoint now) override;
  void leads_up(std::int32_t rank, const Message& message) override;
  void child_gone(TimePoint now) override;
  void spread(const Frame& failed, LinkId except) override { to_children(failed, except); }
  [[nodiscard]] bool is_here(std::int32_t rank) override;
  [[nodiscard]] bool takes_in(bool local) const override { return !local; }

  void complete();
  void send_layout(const topology::Layout& layout, const topology::Layout& machines);
  void send_gathered(GatherRound& round);
  void fail_if_someone_left();
  void nobody_came_in_time(TimePoint now);
  void finish();

  const Duration patience_;
  RankSet came_;
  RankSet left_;
  std::vector<Arrival> arrivals_;  // needed until the layout is made
  std::int32_t host_ = -1;
  std::string host_node_;
  Duration shortest_patience_{};  // of the rank whose deadline is the first
  TimePoint first_deadline_{};
  std::uint32_t gathers_done_ = 0;
  std::optional<GatherRound> round_;
  bool finished_ = false;
};

}  // namespace tutti::bootstrap
