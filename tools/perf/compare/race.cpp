// A trial against another library: the same calls on the same memory, by turns.
#include <algorithm>
#include <chrono>

#include "tools/perf/trial.hpp"

namespace tutti::perf {
namespace {

using Clock = std::chrono::steady_clock;

constexpr double kTurnMicroseconds = 2000;  // more than ranks leave a barrier apart, with many on a core too
constexpr double kMostCalls = 2000;

double microseconds_since(Clock::time_point begin) {
  return std::chrono::duration<double, std::micro>(Clock::now() - begin).count();
}

}  // namespace

Result<Row> Trial::run_against(Rival& rival, std::size_t bytes) {
  Row row = begin_row(bytes);
  row.out_of_place = TUTTI_TRY(race(rival, row.shape, false));
  row.in_place = TUTTI_TRY(race(rival, row.shape, options_.collective.is_in_place));
  if (!options_.collective.is_in_place) row.in_place.wrong.reset();
  return row;
}

// A turn begins with the own barrier of whose turn it is: nobody still sleeps as the other's waiting has left it. Turns
// of small sizes are many calls, and the same memory is used for all: it stays in the cache as in a program's loop.
Result<double> Trial::take_turn(Rival* rival, const Shape& shape, bool in_place, int calls) {
  const Operands at = operands(shape, in_place, 0);
  const RivalCall same{at.send, at.recv, shape.count, in_place};
  TUTTI_TRY(rival == nullptr ? seat_.barrier() : rival->barrier());
  const auto begin = Clock::now();
  for (int i = 0; i < calls; ++i) TUTTI_TRY(rival == nullptr ? call(shape, at) : rival->call(same));
  return microseconds_since(begin) / calls;
}

Result<Side> Trial::race(Rival& rival, const Shape& shape, bool in_place) {
  // Every rank gets the same answer here.
  const auto first = take_turn(&rival, shape, in_place, 1);
  if (!first && first.error().code == Code::unsupported && in_place) return measure(shape, in_place);
  if (!first) return first.error();
  TUTTI_TRY(take_turn(nullptr, shape, in_place, 1));
  std::vector<double> longest(1, 0);
  for (int i = 0; i < options_.warmups + 1; ++i) {
    longest[0] =
        std::max(TUTTI_TRY(take_turn(nullptr, shape, in_place, 2)), TUTTI_TRY(take_turn(&rival, shape, in_place, 2)));
  }
  TUTTI_TRY(seat_.reduce(longest, tuttiMax));
  const int calls = static_cast<int>(std::clamp(kTurnMicroseconds / longest[0], 1.0, kMostCalls));
  std::vector<double> own;
  std::vector<double> theirs;
  for (int i = 0; i < options_.iterations; ++i) {
    for (int turn = 0; turn < 2; ++turn) {
      const bool is_own = (i + turn) % 2 == 0;
      (is_own ? own : theirs).push_back(TUTTI_TRY(take_turn(is_own ? nullptr : &rival, shape, in_place, calls)));
    }
  }
  Side side = TUTTI_TRY(settle(own));
  TUTTI_TRY(seat_.reduce(own, tuttiMax));
  TUTTI_TRY(seat_.reduce(theirs, tuttiMax));
  std::vector<double> ratios;
  for (std::size_t i = 0; i < own.size(); ++i) ratios.push_back(theirs[i] / own[i]);
  side.duel = Duel{statistics_of(std::move(theirs)), spread_of(std::move(ratios))};
  TUTTI_TRY(check_side(side, shape, in_place));
  // In place, an MPI may leave results elsewhere; out of place, whoever is compared with must do the same work.
  if (!in_place && options_.collective.kind != Kind::barrier) {
    const std::uint64_t wrong = TUTTI_TRY(seat_.sum(TUTTI_TRY(check(shape, in_place, 0, &rival))));
    if (wrong > 0)
      return Error{Code::transport, "--compare: the other library leaves " + std::to_string(wrong) + " wrong elements"};
  }
  return side;
}

}  // namespace tutti::perf
