// One rank's part in measuring and checking one case: its buffers, its operator and the calls on them.
#pragma once

#include <functional>
#include <nlohmann/json.hpp>

#include "tools/perf/blocks.hpp"
#include "tools/perf/buffer.hpp"
#include "tools/perf/compare/rival.hpp"
#include "tools/perf/data.hpp"
#include "tools/perf/seat.hpp"

namespace tutti::perf {

class Trial {
 public:
  /// Makes the case's operator. `send` and `recv` are as long as the largest size, and Judge::kGuard more.
  static Result<Trial> make(const Options& options, Seat& seat, const Case& series, Buffer& send, Buffer& recv,
                            tuttiStream_t stream);
  Trial(Trial&& other) noexcept;
  Trial& operator=(Trial&&) = delete;
  ~Trial();

  /// Measures and checks one size, with every other rank.
  Result<Row> run(std::size_t bytes);
  /// The same by turns with another library. Fails with what that one fails with, and with transport when its results
  /// are wrong. Where it has no such call in place, Tutti's alone is measured there.
  Result<Row> run_against(Rival& rival, std::size_t bytes);

  [[nodiscard]] Shape shape_for(std::size_t bytes) const;
  /// What the library says about such a call (schema tutti.explain/1); null if it says nothing.
  [[nodiscard]] nlohmann::json explanation(const Shape& shape) const;
  /// A few calls one after the other, out of place; microseconds of one at this rank. For shapes that `run` has had.
  Result<double> time_calls(const Shape& shape, std::size_t iteration);

 private:
  struct Operands {
    std::byte* send;
    std::byte* recv;
  };

  Trial(const Options& options, Seat& seat, const Case& series, Buffer& send, Buffer& recv, tuttiStream_t stream)
      : options_(options), seat_(seat), series_(series), send_(send), recv_(recv), stream_(stream) {}

  [[nodiscard]] Operands operands(const Shape& shape, bool in_place, std::size_t iteration) const;
  Status call(const Shape& shape, const Operands& at);
  Status call_uneven(const Shape& shape, const Operands& at);
  Status call_grouped(const Shape& shape, const Operands& at);
  Row begin_row(std::size_t bytes);
  Result<Side> measure(const Shape& shape, bool in_place);
  Result<Side> race(Rival& rival, const Shape& shape, bool in_place);
  Result<double> take_turn(Rival* rival, const Shape& shape, bool in_place, int calls);
  Result<Side> settle(std::vector<double> times);  // over ranks
  Status check_side(Side& side, const Shape& shape, bool in_place);
  Result<std::vector<double>> time_iterations(const Shape& shape, bool in_place);
  Result<std::uint64_t> check(const Shape& shape, bool in_place, std::uint64_t seed, Rival* rival = nullptr);
  void explain(Row& row) const;

  const Options& options_;
  Seat& seat_;
  Case series_;
  Buffer& send_;
  Buffer& recv_;
  tuttiStream_t stream_;
  BlockList to_all_;  // of the size at hand, for V-variants and for places in place
  BlockList from_all_;
  tuttiRedOp_t op_ = tuttiSum;
  bool owns_op_ = false;
};

}  // namespace tutti::perf
