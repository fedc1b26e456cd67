// The root of a meeting: it listens where the unique id says, and is the top of the tree over which ranks meet.
#pragma once

#include <memory>

#include "base/config.hpp"
#include "base/log.hpp"
#include "base/result.hpp"
#include "bootstrap/unique_id.hpp"

namespace tutti::bootstrap {

/// Serves one unique id from a thread of its own that sleeps when nothing happens. It may live in any process: that of
/// rank 0, or a launcher's. It must outlive the meeting, and ends by itself when every rank has left, or when nobody
/// has come within the init timeout.
class Root {
 public:
  /// Listens on every usable interface address (at most 4) that `config.iface` allows, or on `config.address`, within
  /// `config.port_range`. Fails with system or invalid_argument.
  static Result<std::unique_ptr<Root>> start(const Config& config, Log log);

  virtual ~Root() = default;  // stops serving; ranks that are still there see the root as lost
  [[nodiscard]] virtual const UniqueId& unique_id() const = 0;
  [[nodiscard]] virtual bool finished() const = 0;  // thread-safe
};

}  // namespace tutti::bootstrap
