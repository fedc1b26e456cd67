// What every place in the tree does, the root's as well as a rank's: it takes newcomers in or passes them on, sends
// messages towards their ranks, notices a child's end, and spreads the first failure.
#pragma once

#include <map>
#include <string>

#include "base/log.hpp"
#include "bootstrap/tree/alarms.hpp"
#include "bootstrap/tree/family.hpp"
#include "bootstrap/tree/machine.hpp"

namespace tutti::bootstrap {

class TreeNode : public Machine {
 public:
  [[nodiscard]] std::optional<TimePoint> wake_at() const final { return alarms_.next(); }
  /// Records a failure and tells every neighbour. Only the first counts.
  void raise(const Error& error) { raise(error, kNoLink); }
  [[nodiscard]] const std::optional<Error>& failure() const { return failure_; }

 protected:
  TreeNode(Greeting mine, std::string node_name, Log log)
      : mine_(mine), node_name_(std::move(node_name)), log_(std::move(log)) {}

  // Upwards: a rank sends these to its parent, the root acts on them.
  virtual void joined(Join join, TimePoint now) = 0;
  virtual void left(const std::vector<RankRun>& ranks, TimePoint now) = 0;
  virtual void moved(const std::vector<RankRun>& ranks) = 0;
  virtual void strayed(const std::vector<RankRun>& ranks) = 0;
  virtual void contributed(Gather gather, TimePoint now) = 0;
  virtual void leads_up(std::int32_t rank, const Message& message) = 0;  // `rank` is not below this place
  virtual void child_gone(TimePoint now) = 0;
  virtual void spread(const Frame& failed, LinkId except) = 0;  // to every neighbour
  [[nodiscard]] virtual bool is_here(std::int32_t rank) = 0;
  [[nodiscard]] virtual bool takes_in(bool local) const = 0;  // or is it not sure of its own place?

  void raise(const Error& error, LinkId from);
  /// A newcomer's link, known from now on until it attaches or ends.
  void newcomer_opened(LinkId link, const Greeting& peer);
  /// Whether the message came from a newcomer or a child and was dealt with.
  bool from_below(LinkId link, Message& message, TimePoint now);
  /// Whether the link was a newcomer's or a child's.
  bool closed_below(LinkId link, const std::string& why, TimePoint now);
  /// Sends towards `rank`, down or up.
  void route(std::int32_t rank, const Message& message);

  void send(LinkId link, const Message& message) { act(Send{link, encode(message)}); }
  void to_children(const Frame& frame, LinkId except = kNoLink);
  void refuse(LinkId link, const Error& error);

  Greeting mine_;  // a world size of 0 takes that of the first newcomer
  std::string node_name_;
  Log log_;
  Alarms alarms_;
  Family family_;
  std::map<LinkId, Greeting> newcomers_;
  bool complete_ = false;   // every rank has come
  bool root_gone_ = false;  // it ended properly before all had left
  bool closing_ = false;    // this place is about to go: ends of links mean nothing any more
  std::optional<Error> failure_;

 private:
  [[nodiscard]] std::optional<Error> objection(const Greeting& peer);
  void attach(LinkId link, const Greeting& peer, const Attach& attach);
  void take_in(LinkId link, const Greeting& peer, const Attach& attach);
  void child_sent(Child& child, Message& message, TimePoint now);
  void child_joined(Child& child, Join join, TimePoint now);
  void child_left(Child& child, const std::vector<RankRun>& ranks, TimePoint now);
  void child_lost(Child& child, const std::vector<RankRun>& ranks);
  std::optional<Error> claim(Child& child, RankRun ranks);
  void malformed(LinkId link);

  std::int32_t first_rank_ = kRootRank;  // whose world size was taken
};

/// "rank 3 (node gpu-07)"
std::string name_of(std::int32_t rank, const std::string& node_name);
/// As it travels in a message: rounded up, so that it never falls short, and at most seven weeks.
std::uint32_t milliseconds_of(Duration duration);
/// "60 s", "0.5 s"
std::string in_seconds(Duration duration);

}  // namespace tutti::bootstrap
