// How the engine reaches other ranks. It neither opens paths nor knows which transport serves them.
#pragma once

#include <optional>
#include <string>

#include "base/rank.hpp"
#include "base/result.hpp"
#include "transports/transport.hpp"

namespace tutti::engine {

struct Path {
  transport::Endpoint* endpoint = nullptr;
  transport::Transport* transport = nullptr;
};

class Peers {
 public:
  Peers() = default;
  Peers(const Peers&) = delete;
  Peers& operator=(const Peers&) = delete;
  virtual ~Peers() = default;

  /// The path to `peer`; nothing while it is being found, which the first call sets going.
  virtual Result<const Path*> path(Rank peer) = 0;

  /// Moves all transports, and appends what is over.
  virtual void progress(TimePoint now, std::vector<transport::Completion>& completed) = 0;

  /// Forgets all transfers: see Transport::cancel.
  virtual void cancel() = 0;

  /// "rank 3 (node gpu-07)".
  [[nodiscard]] virtual std::string describe(Rank peer) const = 0;
};

}  // namespace tutti::engine
