// The root of a meeting: it listens where the unique id says, and is the top of the tree over which ranks meet.
#pragma once

#include <cstdint>
#include <memory>

#include "base/clock.hpp"
#include "base/config.hpp"
#include "base/log.hpp"
#include "base/result.hpp"
#include "bootstrap/unique_id.hpp"

namespace tutti::bootstrap {

/// Where a root lives: with a launcher's id, rank 0 starts no root of its own (`agree`).
enum class ServedBy : std::uint8_t { rank, launcher };

/// Serves one unique id from a thread of its own that sleeps when nothing happens. It may live in any process: that of
/// rank 0, or a launcher's. It must outlive the meeting, and ends by itself when every rank has left, or when nobody
/// has come within the init timeout.
class Root {
 public:
  /// Listens on every usable interface address (at most 4) that `config.iface` allows, or on `config.address`, within
  /// `config.port_range`. Fails with system or invalid_argument.
  static Result<std::unique_ptr<Root>> start(const Config& config, Log log, ServedBy by = ServedBy::rank);

  /// Stops serving. Ranks that are still there are told: they go on, but fail with peer_lost once they need the root.
  virtual ~Root() = default;
  [[nodiscard]] virtual const UniqueId& unique_id() const = 0;
  [[nodiscard]] virtual bool finished() const = 0;  // thread-safe
  /// Waits until every rank has left, at most until the deadline; whether they have. Thread-safe.
  virtual bool wait_until_finished(Deadline deadline) = 0;
};

}  // namespace tutti::bootstrap
