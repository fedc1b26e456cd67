// A transport moves messages between this rank and its peers. This is the whole contract; tests/conformance holds every
// transport to it.
//
// Words: a *transfer* is one message to send or to receive; an *endpoint* is the open path to one peer; a *completion*
// says that a transfer is over.
//
// Rules
// - One Transport object belongs to one communicator of one rank and is used by one thread at a time.
// - Nothing blocks. Only `progress` moves bytes, accepts peers and finds failures.
// - The n-th send to a peer meets the n-th receive posted for it. Completions come in any order: count, never order.
// - Puts have no order, neither among themselves nor with messages: count what has arrived.
// - A message has the length of its receive, and both carry the same `fingerprint`; if not, the receive fails with
//   invalid_usage and so does the endpoint.
// - A failed endpoint completes everything outstanding with ok == false and keeps failing; other endpoints go on.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"

namespace tutti::transport {

/// Combines bytes that have arrived with local ones: out = local (op) arrived. `bytes` is a multiple of the element
/// that the owner of `context` has in mind: a transport cuts a message at multiples of 64 bytes only.
struct Combine {
  void (*apply)(const void* context, std::byte* out, const std::byte* local, const std::byte* arrived,
                std::size_t bytes);
  const void* context;
};

/// One message. The memory must stay valid and, for a receive, untouched by others until the completion.
struct Transfer {
  enum class Kind : std::uint8_t { send, recv };
  Kind kind = Kind::send;
  std::byte* data = nullptr;           // send: what to send (it is only read); recv: where the message goes
  std::size_t bytes = 0;               // may be 0
  std::uint32_t fingerprint = 0;       // of the call that it belongs to
  std::uint64_t token = 0;             // comes back in the completion
  const std::byte* operand = nullptr;  // with `combine`: the local side, as long as `data`; may be `data`
  const Combine* combine = nullptr;    // recv only, and only if capabilities().combines: instead of storing
};

/// Memory of this rank that peers and NICs may reach where it lies.
struct WindowMemory {
  std::span<std::byte> bytes;
  int file = -1;             // the sealed memory file that they map, if there is one; it stays the caller's
  std::uint64_t offset = 0;  // of `bytes` in the file
};

enum class WindowId : std::uint32_t {};

/// Signals under which a window counts what arrives: 0 .. kSignals - 1.
inline constexpr std::uint32_t kSignals = 4096;

/// Bytes of this rank for a window of a peer. They must stay as they are until the completion, which says that they may
/// be changed, and not that they have arrived: the peer counts that.
struct Put {
  const std::byte* data = nullptr;
  std::size_t bytes = 0;             // may be 0: there is nothing to count then
  std::span<const std::byte> key{};  // Transport::window_key of the peer; needed until `put` has returned
  std::uint64_t offset = 0;          // in the window; any
  std::uint32_t signal = 0;          // under which the peer counts the bytes
  std::uint64_t token = 0;           // comes back in the completion
};

struct Completion {
  std::uint64_t token = 0;
  bool ok = true;  // false: see Endpoint::failure()
};

/// What a transport can do, as a value.
struct Capabilities {
  bool combines = false;       // takes Transfer::combine
  bool shares_memory = false;  // peers are on this node
  bool goes_straight = false;  // its endpoints have send_now and its like: else to wait for them is in vain
};

/// The open path to one peer. Owned by its transport.
class Endpoint {
 public:
  Endpoint() = default;
  Endpoint(const Endpoint&) = delete;
  Endpoint& operator=(const Endpoint&) = delete;
  virtual ~Endpoint() = default;

  /// Takes the transfers, in order. A failure comes as a completion.
  virtual void post(std::span<const Transfer> batch) = 0;

  /// The straight way of short messages, beside `post` and `progress`: each moves all of a message at once, or does
  /// nothing and returns false - then it is for `post`. A send goes if none waits before it and there is room, a
  /// receive if none waits before it and the message has come and fits. What is not short, and a
  /// transport without capabilities().goes_straight, say false.
  virtual bool send_now(std::span<const std::byte> /*message*/, std::uint32_t /*fingerprint*/) { return false; }
  virtual bool recv_now(std::span<std::byte> /*message*/, std::uint32_t /*fingerprint*/) { return false; }
  /// A receive that combines the message with `operand`, which is as long as `out`; for transports that combine.
  virtual bool combine_now(std::span<std::byte> /*out*/, const std::byte* /*operand*/, const Combine& /*combine*/,
                           std::uint32_t /*fingerprint*/) {
    return false;
  }

  /// Writes into windows of the peer. Fails as `admits` does for the first that it does not admit, and takes none then.
  /// Where the peer has closed the window, the path fails at both ends with invalid_usage, and nothing is written.
  /// Other failures come as completions.
  virtual Status put(std::span<const Put> batch) = 0;
  /// Fails with invalid_argument where the key is none of the peer's, the put leads out of its window, or the signal is
  /// none.
  [[nodiscard]] virtual Status admits(const Put& put) const = 0;

  /// Why this endpoint is unusable: it names the peer and the path. Null while it is usable.
  [[nodiscard]] virtual const Error* failure() const = 0;
};

class Transport {
 public:
  Transport() = default;
  Transport(const Transport&) = delete;
  Transport& operator=(const Transport&) = delete;
  virtual ~Transport() = default;  // gives back everything; waits for nobody

  [[nodiscard]] virtual std::string_view name() const = 0;
  [[nodiscard]] virtual Capabilities capabilities() const = 0;

  /// The path as errors and tables show it: "shm", "ucx tcp eth0".
  [[nodiscard]] virtual std::string describe() const = 0;

  /// What a peer needs to reach this rank; at most 1 KiB.
  [[nodiscard]] virtual std::vector<std::byte> address() const = 0;

  /// Whether the owner of `address` can be reached this way. The answer is the same at both ends. The address may be
  /// garbage: then the answer is no.
  [[nodiscard]] virtual bool can_reach(std::span<const std::byte> address) const = 0;

  /// The path to `peer`, whose `address` can be reached. Returns at once; whether the peer answers shows later.
  /// At most one call for each peer.
  virtual Result<Endpoint*> connect(Rank peer, std::span<const std::byte> address) = 0;

  /// Moves what can move; appends what is over to `completed`.
  virtual void progress(TimePoint now, std::vector<Completion>& completed) = 0;

  /// Lets peers and NICs reach this memory where it lies, until close_window: a message from or into it then goes
  /// without a copy in between, where the transport can do that; where it cannot, nothing changes. The memory must stay
  /// mapped. Windows do not overlap, and no number of one is given again. Fails with invalid_argument, and with
  /// unsupported or system where the machine's means are exhausted.
  virtual Result<WindowId> open_window(const WindowMemory& /*memory*/) { return WindowId{}; }
  /// Needs that no outstanding transfer touches the window. What peers still put into it is refused.
  virtual void close_window(WindowId /*window*/) {}

  /// What peers need to put into the window, at most 1 KiB: it may travel by any way. Empty where there is no such
  /// window.
  [[nodiscard]] virtual std::vector<std::byte> window_key(WindowId /*window*/) const { return {}; }
  /// Bytes that puts with this signal have brought into the window, ever; counted when this rank can read them.
  [[nodiscard]] virtual std::uint64_t arrived(WindowId /*window*/, std::uint32_t /*signal*/) const { return 0; }

  /// Forgets every outstanding transfer without a completion. When it returns, no memory of theirs is touched any more;
  /// every endpoint is failed from now on.
  virtual void cancel() = 0;

  /// Bytes of this rank's memory that it holds for messages now: buffers, rings, and what came before its receive.
  [[nodiscard]] virtual std::size_t memory() const = 0;

  /// A descriptor that is readable when `progress` may have something to do, if `prepare_to_sleep` said so.
  [[nodiscard]] virtual int wait_fd() const = 0;

  /// To be called before sleeping on wait_fd(). False: there is work now, do not sleep.
  virtual bool prepare_to_sleep() = 0;
};

}  // namespace tutti::transport
