// A library to compare with: its plug-in, loaded at run time, so that the command depends on none.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "tools/perf/compare/peer.h"
#include "tools/perf/compare/rival.hpp"
#include "tools/perf/row.hpp"
#include "tools/perf/seat.hpp"

namespace tutti::perf {

/// What `--compare` takes.
std::vector<std::string> peer_names();

/// The plug-in that is meant by `name` in a job that was started like this one: `mpi` is the MPI whose launcher started
/// it. Fails with invalid_argument when no launcher of an MPI did, or another MPI's.
Result<std::string> plugin_for(const std::string& name);

/// A loaded plug-in. From `open` until the destructor its library runs in this process. A process has one.
class Peer {
 public:
  /// Fails with unsupported when the plug-in is not there or cannot be loaded, and says what to install.
  static Result<Peer> load(const std::string& plugin);
  Peer(Peer&& other) noexcept;
  Peer& operator=(Peer&&) = delete;
  ~Peer();

  /// Starts the library, and joins Tutti's ranks in its order: one that knows its place hands out Tutti's unique id,
  /// and the others are told their place by Tutti. Fails with unsupported, system or what joining fails with.
  Result<Seat> join(const Options& options);

  /// The calls of one case. Fails with unsupported when the library does not have the collective.
  Result<std::unique_ptr<Rival>> rival_for(const Options& options, const Case& series);

  [[nodiscard]] PeerName name() const;

 private:
  explicit Peer(const tuttiPeer_t* table) : table_(table) {}
  Status open(tuttiPeerPlace_t& place);
  Result<Seat> join_by_peer(const Options& options);
  Result<Seat> join_by_tutti(const Options& options);

  const tuttiPeer_t* table_;
  bool open_ = false;
};

}  // namespace tutti::perf
