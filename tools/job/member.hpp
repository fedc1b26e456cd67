// This process as a rank of the job that it was started in: what measuring and asking need, made with the library
// itself.
#pragma once

#include <tutti/tutti.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/result.hpp"

namespace tutti::job {

/// The library's result as ours, with the text of its last error.
Status checked(tuttiResult_t result, const char* what, tuttiComm_t comm = nullptr);

/// Aborts the communicator when it is destroyed before `close`, so that the others learn that this rank failed.
class Member {
 public:
  static Result<Member> join();
  Member(Member&& other) noexcept;
  Member& operator=(Member&&) = delete;
  ~Member();

  [[nodiscard]] tuttiComm_t comm() const { return comm_; }
  [[nodiscard]] int rank() const { return rank_; }
  [[nodiscard]] int ranks() const { return ranks_; }

  Status send(std::span<const std::byte> bytes, int peer);
  Status receive(std::span<std::byte> bytes, int peer);
  Status barrier();

  /// Rank 0's bytes, at every rank.
  Result<std::vector<std::byte>> from_root(std::vector<std::byte> bytes);
  /// At rank 0 every rank's bytes, one after the other; elsewhere nothing.
  Result<std::vector<std::byte>> at_root(std::span<const std::byte> bytes);

  /// Says goodbye in order.
  Status close();

 private:
  explicit Member(tuttiComm_t comm) : comm_(comm) {}

  tuttiComm_t comm_;
  int rank_ = 0;
  int ranks_ = 1;
};

/// Where a rank is: for the others.
struct Place {
  int node = 0;
  std::string host;
};

/// Of every rank, at rank 0; elsewhere nothing.
Result<std::vector<Place>> places_at_root(Member& member);

}  // namespace tutti::job
