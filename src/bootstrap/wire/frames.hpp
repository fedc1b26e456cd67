// The messages of a meeting. On the wire: length of the rest (4 bytes), kind (1), fields in the order given here,
// little-endian. docs/rendezvous.md says who sends which when.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "base/result.hpp"
#include "bootstrap/net/address.hpp"
#include "bootstrap/tree/contributions.hpp"
#include "bootstrap/tree/rank_set.hpp"
#include "topology/fabric/layout.hpp"

namespace tutti::bootstrap {

inline constexpr std::size_t kMaxFrame = 128 * 1024;  // without the length
inline constexpr std::size_t kMaxCard = 64 * 1024;
inline constexpr std::size_t kMaxRunsPerFrame = 4096;
inline constexpr std::size_t kMaxText = 1024;
inline constexpr std::size_t kMaxNodeName = 255;
inline constexpr std::int32_t kMostRanks = 1 << 24;

/// Ranks with the node that they are on, as they come.
struct Arrival {
  RankRun ranks;
  std::uint64_t node = 0;
  std::uint64_t machine = 0;  // that the node is on
  bool operator==(const Arrival&) const = default;
};

/// `repeat` node runs of `count` ranks each, on nodes node, node + 1, ...
struct RepeatedRun {
  std::int32_t node = 0;
  std::int32_t count = 0;
  std::int32_t repeat = 0;
  bool operator==(const RepeatedRun&) const = default;
};

// Newcomer to a parent, first of all. `local`: over this node's socket. `moved`: it has left another parent.
struct Attach {
  bool local = false;
  bool moved = false;
  std::string node_name;
  Where door;  // where it takes in those that the parent has no seat for
  bool operator==(const Attach&) const = default;
};
struct Seated {  // parent to newcomer
  std::string node_name;
  bool operator==(const Seated&) const = default;
};
struct PassOn {  // parent to newcomer: go there instead
  Where door;
  bool operator==(const PassOn&) const = default;
};
struct Refused {  // parent to newcomer; in_progress: try again
  Error error;
};
struct Join {                     // up, before the meeting is complete
  std::uint32_t left_ms = 0;      // the shortest time that one of these ranks still waits
  std::uint32_t patience_ms = 0;  // how long it wanted to wait in all
  std::int32_t host = -1;         // the rank in whose process the root lives
  std::string host_node;
  std::vector<Arrival> arrivals;
  bool operator==(const Join&) const = default;
};
struct Ready {  // down: the layout, and the one of machines instead of nodes, in pieces
  bool last = false;
  std::int32_t host = -1;
  std::string host_node;
  std::vector<RepeatedRun> runs;
  std::vector<RepeatedRun> machines;
  bool operator==(const Ready&) const = default;
};
struct Ask {  // towards `owner`: send your card to `asker`
  std::int32_t owner = 0;
  std::int32_t asker = 0;
  bool operator==(const Ask&) const = default;
};
struct Card {  // towards `asker`
  std::int32_t owner = 0;
  std::int32_t asker = 0;
  std::string node_name;
  std::vector<std::byte> bytes;
  bool operator==(const Card&) const = default;
};
struct Gather {  // up: contributions to the sequence-th all-gather
  std::uint32_t sequence = 0;
  std::uint32_t left_ms = 0;
  std::vector<Blob> blobs;
  bool operator==(const Gather&) const = default;
};
struct Gathered {  // down: all of them, in pieces
  std::uint32_t sequence = 0;
  std::vector<Blob> blobs;
  bool operator==(const Gathered&) const = default;
};
struct Failed {  // to every neighbour but the one it came from
  Error error;
};
struct Left {  // up: these ranks said goodbye
  std::vector<RankRun> ranks;
  bool operator==(const Left&) const = default;
};
struct Moved {  // up: these ranks are reached this way from now on
  std::vector<RankRun> ranks;
  bool operator==(const Moved&) const = default;
};
struct Strayed {  // up: these ranks are not reached this way any more
  std::vector<RankRun> ranks;
  bool operator==(const Strayed&) const = default;
};
struct HandOver {  // down: I leave, find another parent
  bool operator==(const HandOver&) const = default;
};
struct RootGone {  // down: the root ended properly before all had left; the tree has no top from now on
  bool operator==(const RootGone&) const = default;
};

// The kind on the wire is the position in this list, from 1.
using Message = std::variant<Attach, Seated, PassOn, Refused, Join, Ready, Ask, Card, Gather, Gathered, Failed, Left,
                             Moved, Strayed, HandOver, RootGone>;

/// An encoded message, length included. Shared, so that one copy serves all receivers.
using Frame = std::shared_ptr<const std::vector<std::byte>>;

Frame encode(const Message& message);

/// From the bytes behind the length. Nothing if any field is malformed, out of range, or followed by more bytes.
std::optional<Message> decode(std::span<const std::byte> body);

/// Shortest text forms of the layout, and back; nothing if they do not cover ranks 0..n-1.
std::vector<RepeatedRun> pack(const topology::Layout& layout);
std::optional<topology::Layout> unpack(std::span<const RepeatedRun> runs);

}  // namespace tutti::bootstrap
