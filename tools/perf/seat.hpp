// One rank of the measurement: its communicator, and the few agreements that measuring needs, made with the library
// itself.
#pragma once

#include <tutti/tutti.h>

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "tools/perf/row.hpp"

namespace tutti::perf {

/// The library's result as ours, with the text of its last error.
Status checked(tuttiResult_t result, const char* what, tuttiComm_t comm = nullptr);

/// Destroys the communicator, or aborts it when the rank is leaving because of a failure, so that the others learn it.
class Seat {
 public:
  explicit Seat(tuttiComm_t comm) : comm_(comm) {}
  Seat(Seat&& other) noexcept;
  Seat& operator=(Seat&&) = delete;
  ~Seat();

  [[nodiscard]] tuttiComm_t comm() const { return comm_; }
  [[nodiscard]] int rank() const { return rank_; }
  [[nodiscard]] int ranks() const { return ranks_; }
  Status learn_place();

  /// The same ranks on another communicator, with these algorithms forced.
  [[nodiscard]] Result<Seat> again(const Options& options, const std::string& algorithm) const;

  /// Says goodbye in order. Without it the destructor aborts.
  Status close();

  Status barrier();
  Status reduce(std::span<double> values, tuttiRedOp_t op);
  Result<std::uint64_t> sum(std::uint64_t value);

 private:
  tuttiComm_t comm_;
  int rank_ = 0;
  int ranks_ = 1;
};

/// The ids with which each thread of this process takes its seat.
struct Meeting {
  tuttiUniqueId id{};
  int first_rank = 0;
  int ranks = 1;
};

/// The seat of a process with one thread: the world's.
Result<Seat> join_world(const Options& options);

/// Brings the processes of the world together and gives them one id for all their threads.
Result<Meeting> arrange_threads(const Options& options);
Result<Seat> join_as_thread(const Options& options, const Meeting& meeting, int thread);

/// Who takes part and where.
Result<Job> describe_job(Seat& seat, int thread);

}  // namespace tutti::perf
