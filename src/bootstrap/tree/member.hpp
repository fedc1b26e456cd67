// A rank's place in the tree. It looks for a parent, brings its own arrival and those below it to the root, and then
// passes cards, contributions and news on. When its parent leaves it looks for another.
#pragma once

#include <set>

#include "bootstrap/tree/gather.hpp"
#include "bootstrap/tree/tree_node.hpp"

namespace tutti::bootstrap {

struct MemberSetup {
  Rank rank{};
  std::int32_t world_size = 1;
  Where root;             // empty: a world of one rank
  std::string root_name;  // for people: "10.0.0.1:4000"
  std::string hub_name;   // of this node's socket: who owns it is the hub
  std::string own_door;   // this rank's own socket, for those that the hub has no seat for
  std::uint64_t node = 0;
  std::uint64_t machine = 0;  // that the node is on
  std::string node_name;
  bool hosts_root = false;
  Deadline deadline;  // of the join
  Log log;
};

class Member final : public TreeNode {
 public:
  explicit Member(MemberSetup setup);

  // From the driver.
  void start(TimePoint now) override;
  void opened(LinkId link, const Greeting& peer, TimePoint now) override;
  void received(LinkId link, std::span<const std::byte> body, TimePoint now) override;
  void closed(LinkId link, Ending ending, const std::string& why, TimePoint now) override;
  void hub_claimed(std::optional<std::vector<NetAddress>> doors, TimePoint now) override;
  void tick(TimePoint now) override;

  // From the rank.
  void publish(std::vector<std::byte> card);
  void ask(std::int32_t owner, TimePoint now);
  void gather(std::uint32_t sequence, std::vector<std::byte> mine, Deadline deadline, TimePoint now);
  /// Says goodbye; goes on passing messages.
  void leave(TimePoint now);
  /// Leaves, hands its children over to other parents and ends: at once without children, else when the last child has
  /// moved or left, at the latest after kHandOver. Finished tells when.
  void close(TimePoint now);

  static constexpr Duration kHandOver = std::chrono::seconds(1);
  static constexpr Duration kDrain = std::chrono::milliseconds(500);

 private:
  struct Parent {
    LinkId link = kNoLink;
    std::int32_t rank = kRootRank;
    std::string node_name;
  };

  // Looking for a parent (member_seek.cpp).
  void seek();
  void dial(Where where);
  void try_again(TimePoint now);
  void attempt_opened(const Greeting& peer);
  bool attempt_received(Message& message, TimePoint now);
  [[nodiscard]] bool may_be_seated() const { return attempt_ != kNoLink && asked_ == attempt_; }
  void give_up_attempt();
  void attempt_closed(Ending ending, const std::string& why, TimePoint now);
  void seated(const Seated& seated, TimePoint now);
  void parent_wants_to_leave(TimePoint now);
  void parent_closed(const std::string& why);
  void become_top();
  void deadline_passed(TimePoint now);
  [[nodiscard]] RankSet my_ranks() const;

  // From above (member_services.cpp).
  void from_above(Message& message, TimePoint now);
  void layout_came(Ready& ready);
  void contributions_came(Gathered& gathered);
  void card_wanted(const Ask& ask);
  void card_came(const Card& card);
  bool is_mine(const Message& message);
  void up(const Message& message);
  void no_way_up(const std::string& what);
  void flush_joins(TimePoint now);
  void flush_gathers(bool all, TimePoint now);
  [[nodiscard]] bool nobody_above_knows() const;
  void tell_above(TimePoint now);
  void finish(TimePoint now);
  void finish_if_alone();

  // What the root would act on goes to the parent.
  void joined(Join join, TimePoint now) override;
  void left(const std::vector<RankRun>& ranks, TimePoint now) override;
  void moved(const std::vector<RankRun>& ranks) override;
  void strayed(const std::vector<RankRun>& ranks) override;
  void contributed(Gather gather, TimePoint now) override;
  void leads_up(std::int32_t rank, const Message& message) override;
  void child_gone(TimePoint now) override;
  void spread(const Frame& failed, LinkId except) override;
  [[nodiscard]] bool is_here(std::int32_t rank) override;
  [[nodiscard]] bool takes_in(bool local) const override;

  const MemberSetup setup_;

  std::optional<Parent> parent_;
  bool parent_leaves_ = false;
  bool is_hub_ = false;
  std::vector<NetAddress> network_doors_;
  LinkId attempt_ = kNoLink;  // a link on which this rank asked, or will ask, for a seat
  Where attempted_;
  Greeting attempt_peer_;
  LinkId asked_ = kNoLink;     // the latest link on which this rank asked
  LinkId farewell_ = kNoLink;  // the attempt that this rank gave up to leave
  LinkId next_link_ = 1;
  int tries_ = 0;
  int wrong_keys_ = 0;
  std::string last_trouble_;
  TimePoint started_{};

  Join waiting_joins_;  // not sent up yet; their deadline is waiting_until_
  TimePoint waiting_until_{};
  std::vector<RankRun> unsent_left_;
  std::vector<RepeatedRun> layout_;
  std::vector<RepeatedRun> machines_;
  std::int32_t host_ = -1;
  std::string host_node_;

  GatherUp gathers_;
  GatherDown gathered_;
  std::optional<std::vector<std::byte>> card_;
  std::set<std::int32_t> askers_;  // who asked before the card was there
  std::set<std::int32_t> wanted_;  // whose cards this rank asked for
  Duration ask_again_after_{};
  bool has_left_ = false;
  bool refused_ = false;  // by the root, for good
  bool telling_ = false;  // closing_, but the root has still to hear of the failure
  bool finishing_ = false;
};

}  // namespace tutti::bootstrap
