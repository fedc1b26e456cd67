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

struct Completion {
  std::uint64_t token = 0;
  bool ok = true;  // false: see Endpoint::failure()
};

/// What a transport can do, as a value.
struct Capabilities {
  bool combines = false;       // takes Transfer::combine
  bool shares_memory = false;  // peers are on this node
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

  /// Forgets every outstanding transfer without a completion. When it returns, no memory of theirs is touched any more;
  /// every endpoint is failed from now on.
  virtual void cancel() = 0;

  /// A descriptor that is readable when `progress` may have something to do, if `prepare_to_sleep` said so.
  [[nodiscard]] virtual int wait_fd() const = 0;

  /// To be called before sleeping on wait_fd(). False: there is work now, do not sleep.
  virtual bool prepare_to_sleep() = 0;
};

}  // namespace tutti::transport
