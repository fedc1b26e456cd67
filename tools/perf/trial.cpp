#include "tools/perf/trial.hpp"

#include <algorithm>
#include <chrono>
#include <cstring>

#include "tools/perf/encode.hpp"
#include "tools/perf/judge.hpp"

namespace tutti::perf {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kTimedCalls = 4;
constexpr int kMostSamples = 1 << 16;  // a row, so that -n may be any number

double microseconds(Clock::time_point from, Clock::time_point to) {
  return std::chrono::duration<double, std::micro>(to - from).count();
}

tuttiDataType_t abi(DataType type) {
  return static_cast<tuttiDataType_t>(type);
}

}  // namespace

Result<Trial> Trial::make(const Options& options, Seat& seat, const Case& series, Buffer& send, Buffer& recv,
                          tuttiStream_t stream) {
  Trial trial(options, seat, series, send, recv, stream);
  trial.op_ = static_cast<tuttiRedOp_t>(series.op);
  if (series.op == ReduceOp::premul_sum) {
    std::uint64_t scalar = 0;
    const auto value = static_cast<std::uint64_t>(scalar_of(seat.rank()));
    store(&scalar, 0, series.type, is_floating(series.type) ? encode(series.type, static_cast<double>(value)) : value);
    TUTTI_TRY(
        checked(tuttiRedOpCreatePreMulSum(&trial.op_, &scalar, abi(series.type), tuttiScalarHostImmediate, seat.comm()),
                "mulsum", seat.comm()));
    trial.owns_op_ = true;
  }
  return trial;
}

Trial::Trial(Trial&& other) noexcept
    : options_(other.options_),
      seat_(other.seat_),
      series_(other.series_),
      send_(other.send_),
      recv_(other.recv_),
      stream_(other.stream_),
      op_(other.op_),
      owns_op_(std::exchange(other.owns_op_, false)) {}

Trial::~Trial() {
  if (owns_op_) tuttiRedOpDestroy(op_, seat_.comm());
}

Row Trial::begin_row(std::size_t bytes) {
  Row row;
  row.series = series_;
  const auto rank = static_cast<std::size_t>(seat_.rank());
  const auto ranks = static_cast<std::size_t>(seat_.ranks());
  row.shape = shape_for(bytes);
  to_all_ = blocks_to_all(options_.collective, row.shape.count, rank, ranks);
  from_all_ = blocks_from_all(options_.collective, row.shape.count, rank, ranks);
  explain(row);
  return row;
}

Result<Row> Trial::run(std::size_t bytes) {
  Row row = begin_row(bytes);
  row.out_of_place = TUTTI_TRY(measure(row.shape, false));
  row.in_place = TUTTI_TRY(measure(row.shape, options_.collective.is_in_place));
  if (!options_.collective.is_in_place) row.in_place.wrong.reset();
  return row;
}

Shape Trial::shape_for(std::size_t bytes) const {
  return shape_of(options_.collective, bytes, size_of(series_.type), static_cast<std::size_t>(seat_.ranks()),
                  static_cast<std::size_t>(seat_.rank()));
}

// Ranks leave a barrier one after the other: several calls make that small.
Result<double> Trial::time_calls(const Shape& shape, std::size_t iteration) {
  TUTTI_TRY(seat_.barrier());
  const auto begin = Clock::now();
  for (std::size_t i = 0; i < kTimedCalls; ++i)
    TUTTI_TRY(call(shape, operands(shape, false, iteration * kTimedCalls + i)));
  return microseconds(begin, Clock::now()) / kTimedCalls;
}

// Each iteration uses another part of the buffers, while there is one, so that small sizes do not only run in the
// cache.
Trial::Operands Trial::operands(const Shape& shape, bool in_place, std::size_t iteration) const {
  const std::size_t element = size_of(series_.type);
  const std::size_t room = std::min(send_.size(), recv_.size()) - Judge::kGuard;  // -e need not be a size that is run
  const std::size_t places = shape.bytes == 0 ? 1 : std::max<std::size_t>(1, room / shape.bytes);
  const std::size_t offset = iteration % places * shape.bytes;
  std::byte* send = send_.data() + offset;
  std::byte* recv = recv_.data() + offset;
  if (!in_place) return {send, recv};
  const auto rank = static_cast<std::size_t>(seat_.rank());
  switch (options_.collective.kind) {
    case Kind::all_gather:
    case Kind::gather:
      return {recv + from_all_.displacements[rank] * element, recv};
    case Kind::reduce_scatter:
    case Kind::scatter:
      return {send, send + to_all_.displacements[rank] * element};
    default:
      return {recv, recv};
  }
}

Status Trial::call_uneven(const Shape& shape, const Operands& at) {
  const tuttiComm_t comm = seat_.comm();
  const tuttiDataType_t type = abi(series_.type);
  const auto done = [&](tuttiResult_t result) { return checked(result, options_.collective.name.data(), comm); };
  const std::size_t* const to = to_all_.counts.data();
  const std::size_t* const from = from_all_.counts.data();
  const std::size_t* const to_displs = to_all_.displacements.data();
  const std::size_t* const from_displs = from_all_.displacements.data();
  switch (options_.collective.kind) {
    case Kind::all_gather:
      return done(tuttiAllGatherV(at.send, shape.send, at.recv, from, from_displs, type, comm, stream_));
    case Kind::reduce_scatter:
      return done(tuttiReduceScatterV(at.send, to, to_displs, at.recv, shape.recv, type, op_, comm, stream_));
    case Kind::gather:
      return done(tuttiGatherV(at.send, shape.send, at.recv, from, from_displs, type, series_.root, comm, stream_));
    case Kind::scatter:
      return done(tuttiScatterV(at.send, to, to_displs, at.recv, shape.recv, type, series_.root, comm, stream_));
    default:
      return done(tuttiAlltoAllV(at.send, to, to_displs, at.recv, from, from_displs, type, comm, stream_));
  }
}

Status Trial::call(const Shape& shape, const Operands& at) {
  if (options_.collective.uneven) return call_uneven(shape, at);
  const tuttiComm_t comm = seat_.comm();
  const tuttiDataType_t type = abi(series_.type);
  const auto done = [&](tuttiResult_t result) { return checked(result, options_.collective.name.data(), comm); };
  switch (options_.collective.kind) {
    case Kind::all_reduce:
      return done(tuttiAllReduce(at.send, at.recv, shape.count, type, op_, comm, stream_));
    case Kind::reduce:
      return done(tuttiReduce(at.send, at.recv, shape.count, type, op_, series_.root, comm, stream_));
    case Kind::broadcast:
      return done(tuttiBroadcast(at.send, at.recv, shape.count, type, series_.root, comm, stream_));
    case Kind::reduce_scatter:
      return done(tuttiReduceScatter(at.send, at.recv, shape.count, type, op_, comm, stream_));
    case Kind::all_gather:
      return done(tuttiAllGather(at.send, at.recv, shape.count, type, comm, stream_));
    case Kind::gather:
      return done(tuttiGather(at.send, at.recv, shape.count, type, series_.root, comm, stream_));
    case Kind::scatter:
      return done(tuttiScatter(at.send, at.recv, shape.count, type, series_.root, comm, stream_));
    case Kind::all_to_all:
      return done(tuttiAlltoAll(at.send, at.recv, shape.count, type, comm, stream_));
    case Kind::barrier:
      return done(tuttiBarrier(comm, stream_));
    case Kind::sendrecv:
      break;
  }
  const int next = (seat_.rank() + 1) % seat_.ranks();
  const int previous = (seat_.rank() + seat_.ranks() - 1) % seat_.ranks();
  TUTTI_TRY(done(tuttiGroupStart()));
  TUTTI_TRY(done(tuttiSend(at.send, shape.count, type, next, comm, stream_)));
  TUTTI_TRY(done(tuttiRecv(at.recv, shape.count, type, previous, comm, stream_)));
  return done(tuttiGroupEnd());
}

Status Trial::call_grouped(const Shape& shape, const Operands& at) {
  if (options_.aggregated == 1) return call(shape, at);
  TUTTI_TRY(checked(tuttiGroupStart(), "group"));
  for (int i = 0; i < options_.aggregated; ++i) TUTTI_TRY(call(shape, at));
  return checked(tuttiGroupEnd(), "group", seat_.comm());
}

Result<std::vector<double>> Trial::time_iterations(const Shape& shape, bool in_place) {
  const bool each = options_.blocking || options_.per_iteration;  // else only the end of the stream is seen
  const auto synchronize = [&] {
    return stream_ == nullptr ? Status() : checked(tuttiStreamSynchronize(stream_), "stream", seat_.comm());
  };
  const int stride =
      (options_.iterations - 1) / kMostSamples + 1;  // of very many iterations, a sample is a mean of a few
  for (int i = 0; i < options_.warmups; ++i) TUTTI_TRY(call_grouped(shape, operands(shape, in_place, 0)));
  TUTTI_TRY(synchronize());
  TUTTI_TRY(seat_.barrier());
  std::vector<double> times;
  const auto begin = Clock::now();
  auto last = begin;
  for (int i = 0; i < options_.iterations;) {
    const int until = std::min(options_.iterations, i + stride);
    const double calls = static_cast<double>(until - i) * options_.aggregated;
    for (; i < until; ++i) TUTTI_TRY(call_grouped(shape, operands(shape, in_place, static_cast<std::size_t>(i))));
    if (!each) continue;
    TUTTI_TRY(synchronize());
    const auto now = Clock::now();
    times.push_back(microseconds(last, now) / calls);
    last = now;
  }
  if (!each) {
    TUTTI_TRY(synchronize());
    times = {microseconds(begin, Clock::now()) / options_.aggregated / options_.iterations};
  }
  return times;
}

Result<Side> Trial::measure(const Shape& shape, bool in_place) {
  Side side = TUTTI_TRY(settle(TUTTI_TRY(time_iterations(shape, in_place))));
  TUTTI_TRY(check_side(side, shape, in_place));
  return side;
}

Result<Side> Trial::settle(std::vector<double> times) {
  Side side;
  side.time_us = statistics_of(times).mean;
  if (options_.average != Average::rank0) {
    const tuttiRedOp_t op = options_.average == Average::min   ? tuttiMin
                            : options_.average == Average::max ? tuttiMax
                                                               : tuttiAvg;
    TUTTI_TRY(seat_.reduce(std::span(&side.time_us, 1), op));
  }
  TUTTI_TRY(seat_.reduce(times, tuttiMax));
  side.slowest = statistics_of(std::move(times));
  return side;
}

Status Trial::check_side(Side& side, const Shape& shape, bool in_place) {
  if (options_.collective.kind == Kind::barrier) return {};
  for (int i = 0; i < options_.checks; ++i) {
    const std::uint64_t wrong = TUTTI_TRY(check(shape, in_place, static_cast<std::uint64_t>(i)));
    side.wrong = side.wrong.value_or(0) + TUTTI_TRY(seat_.sum(wrong));
  }
  return {};
}

// Leaves zeros, which stay what they are however often they are reduced in place: timings never meet a denormal.
Result<std::uint64_t> Trial::check(const Shape& shape, bool in_place, std::uint64_t seed, Rival* rival) {
  const Operands at = operands(shape, in_place, 0);
  Judge judge({options_.collective, series_, shape, seat_.rank(), seat_.ranks(), seed});
  judge.prepare(at.send, at.recv);
  TUTTI_TRY(seat_.barrier());
  TUTTI_TRY(rival == nullptr ? call(shape, at) : rival->call({at.send, at.recv, shape.count, in_place}));
  if (stream_ != nullptr) TUTTI_TRY(checked(tuttiStreamSynchronize(stream_), "stream", seat_.comm()));
  const std::size_t wrong = judge.count_wrong(at.send, at.recv);
  for (const Buffer* buffer : {&send_, &recv_}) std::memset(buffer->data(), 0, shape.bytes + Judge::kGuard);
  return wrong;
}

nlohmann::json Trial::explanation(const Shape& shape) const {
  std::string text(1024, '\0');
  std::size_t needed = 0;
  for (int attempt = 0; attempt < 2; ++attempt) {  // again when the text was longer
    if (tuttiExplain(seat_.comm(), options_.collective.id, shape.count, abi(series_.type), op_, text.data(),
                     text.size(), &needed) != tuttiSuccess)
      return nullptr;
    if (needed <= text.size()) break;
    text.resize(needed);
  }
  return nlohmann::json::parse(text.c_str(), nullptr, false);
}

void Trial::explain(Row& row) const {
  const auto json = explanation(row.shape);
  if (!json.is_object()) return;
  row.algorithm = json.value("algorithm", "");
  row.transports = json.value("transports", std::vector<std::string>());
}

}  // namespace tutti::perf
