// A place in the meeting's tree as a machine without sockets, threads or a clock: events go in together with the time,
// actions come out. net/driver.hpp runs one over real sockets, a test runs thousands over none.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "bootstrap/net/address.hpp"
#include "bootstrap/wire/frames.hpp"
#include "bootstrap/wire/handshake.hpp"
#include "topology/fabric/layout.hpp"

namespace tutti::bootstrap {

/// An authenticated connection. Odd: one that the machine asked for. Even: a newcomer's, numbered by the driver.
using LinkId = std::uint64_t;
inline constexpr LinkId kNoLink = 0;

// What a machine wants done. They are done in order.
struct Connect {  // try every address of `where` at once; the first that authenticates is the link
  LinkId link = kNoLink;
  Where where;
};
struct Send {
  LinkId link = kNoLink;
  Frame frame;
};
struct Close {  // once everything sent has gone; `closed` tells when
  LinkId link = kNoLink;
};
struct ClaimHub {};    // try to become the hub of this node; `hub_claimed` tells
struct CloseDoors {};  // take nobody in any more, and give up the hub's name
// What a machine tells its owner.
struct MeetingComplete {
  topology::Layout layout;
  topology::Layout machines;  // the same of machines, on which there may be several nodes
};
struct MeetingFailed {
  Error error;
};
struct CardArrived {
  std::int32_t owner = 0;
  std::string node_name;
  std::vector<std::byte> bytes;
};
struct GatherDone {
  std::uint32_t sequence = 0;
  Contributions contributions;
};
struct Finished {};  // nothing is left to do: the machine can go

using Action = std::variant<Connect, Send, Close, ClaimHub, CloseDoors, MeetingComplete, MeetingFailed, CardArrived,
                            GatherDone, Finished>;

/// How a link ended, or why it never came to be.
enum class Ending : std::uint8_t { closed, unreachable, wrong_key, other_version };

class Machine {
 public:
  virtual ~Machine() = default;

  virtual void start(TimePoint now) = 0;
  /// A link is authenticated: one asked for by Connect, or a newcomer's.
  virtual void opened(LinkId link, const Greeting& peer, TimePoint now) = 0;
  /// The bytes of one frame, without its length.
  virtual void received(LinkId link, std::span<const std::byte> body, TimePoint now) = 0;
  virtual void closed(LinkId link, Ending ending, const std::string& why, TimePoint now) = 0;
  /// The answer to ClaimHub: the network doors that were opened, or nothing if another process is the hub.
  virtual void hub_claimed(std::optional<std::vector<NetAddress>> doors, TimePoint now) = 0;
  /// To be called at `wake_at`; earlier does no harm.
  virtual void tick(TimePoint now) = 0;
  [[nodiscard]] virtual std::optional<TimePoint> wake_at() const = 0;

  [[nodiscard]] std::vector<Action> take_actions() { return std::exchange(actions_, {}); }

 protected:
  void act(Action action) { actions_.push_back(std::move(action)); }

 private:
  std::vector<Action> actions_;
};

}  // namespace tutti::bootstrap
