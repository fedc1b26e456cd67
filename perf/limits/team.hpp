// Threads that are pinned to a core each, and flags by which they wait for each other without the kernel.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "base/result.hpp"

namespace tutti::limits {

/// The cores that this process may use, lowest first.
std::vector<int> allowed_cores();

/// Pins the calling thread. Fails with system.
Status pin_to(int core);

/// A flag alone in its line: nothing that others write shares it.
struct alignas(128) Flag {
  std::atomic<std::uint64_t> value{0};
};

/// A round of flags: each member raises its own and waits for all others'. One cache line's way, if all come at once.
class Flags {
 public:
  explicit Flags(int members)
      : flags_(std::make_unique<Flag[]>(static_cast<std::size_t>(members))), members_(members) {}

  /// Returns when every member has called it for the `round`-th time; rounds count from 1.
  void meet(int member, std::uint64_t round) const;

 private:
  std::unique_ptr<Flag[]> flags_;
  int members_;
};

/// Runs `work(member)` on one pinned thread for each core, and waits for all. Fails with system when a thread could not
/// be pinned; then no work was done.
Status run_team(const std::vector<int>& cores, const std::function<void(int member)>& work);

}  // namespace tutti::limits
