// Prepares the operands of one call so that its result is known, and counts what came out wrong.
#pragma once

#include "tools/perf/collective.hpp"
#include "tools/perf/data.hpp"
#include "tools/perf/options.hpp"

namespace tutti::perf {

struct Question {
  Collective collective;
  Case series;
  Shape shape;
  int rank = 0;
  int ranks = 1;
  std::uint64_t seed = 0;
};

class Judge {
 public:
  explicit Judge(const Question& question);

  /// Writes this rank's input to `send`, and to `recv`, where it is not part of it, what no right result leaves there.
  /// Both need kGuard bytes behind them.
  void prepare(std::byte* send, std::byte* recv);

  /// Wrong elements of the result, of an input that should have stayed as it was, and one more if the call wrote behind
  /// the end of the result.
  [[nodiscard]] std::size_t count_wrong(const std::byte* send, const std::byte* recv) const;

  static constexpr std::size_t kGuard = 16;  // bytes behind a result that must stay as they are

 private:
  [[nodiscard]] bool has_input() const;
  [[nodiscard]] bool has_result() const;
  [[nodiscard]] std::size_t count_wrong_result(const std::byte* recv) const;
  [[nodiscard]] bool is_apart(const std::byte* send, const std::byte* recv) const;

  Question question_;
  std::size_t element_;
  DataSpec spec_;
  Pattern input_;
};

}  // namespace tutti::perf
