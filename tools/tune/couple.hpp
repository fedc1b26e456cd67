// Two ranks with a communicator of their own, on which calls are forced to be what is to be measured.
#pragma once

#include <string>

#include "tools/tune/rates.hpp"

namespace tutti::tune {

class Couple {
 public:
  /// All ranks of the job call it. Ranks of one color are a couple; those of TUTTI_SPLIT_NOCOLOR get none.
  static Result<Couple> make(job::Member& member, int color, const std::string& algorithm);
  Couple(Couple&& other) noexcept;
  Couple& operator=(Couple&&) = delete;
  /// Aborts it unless it was closed, so that the other one learns that this rank failed.
  ~Couple();

  [[nodiscard]] bool is_alone() const { return comm_ == nullptr; }

  /// The number-th all-gather in place of blocks that have `bytes`, in another place of `memory` each time.
  Status exchange(std::span<std::byte> memory, std::size_t bytes, std::size_t number);
  /// An all-reduce of f32 in place, the same way.
  Status reduce(std::span<std::byte> memory, std::size_t bytes, std::size_t number);

  /// Blocks of every size, out of memory that is a window and that is none.
  Status exchange_every_size(Handling& handling);

  Status close();

 private:
  explicit Couple(tuttiComm_t comm) : comm_(comm) {}
  Status every_size(std::span<std::byte> memory, Handling::Times& times);

  tuttiComm_t comm_;
  int rank_ = 0;
};

}  // namespace tutti::tune
