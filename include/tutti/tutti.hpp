// Tutti for C++20: a thin, header-only skin over tutti.h. Everything it does, it does by calling the C ABI.
//
// Errors     Every failure throws tutti::Error, which carries the result code and Tutti's text. Destructors never
// throw. Resources  Communicator, Stream and Group own what they stand for. Communicator and Stream can be moved, not
// copied. Types      Spans of C++ numbers know their data type. For half, bfloat16 and the 8-bit floats use the calls
// of tutti.h
//            with Communicator::get().
// Threads, memory, deadlines: as tutti.h says.
#ifndef TUTTI_HPP_
#define TUTTI_HPP_

#include <tutti/tutti.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>

namespace tutti {
inline namespace v0 {  // apart from the library's own symbols, for programs that link it statically

/// A call that failed: `code()` for programs, `what()` for people ("all_reduce: peer lost: ...").
class Error : public std::runtime_error {
 public:
  Error(tuttiResult_t code, const std::string& text) : std::runtime_error(text), code_(code) {}
  [[nodiscard]] tuttiResult_t code() const noexcept { return code_; }

 private:
  tuttiResult_t code_;
};

/// Throws Error unless `result` is tuttiSuccess. `comm` may be NULL: then the text is the calling thread's last error.
inline void check(tuttiResult_t result, const char* what, tuttiComm_t comm = nullptr) {
  if (result == tuttiSuccess) return;
  std::string detail = tuttiGetLastError(comm);
  if (detail.empty() && comm != nullptr) detail = tuttiGetLastError(nullptr);
  throw Error(result, std::string(what) + ": " + tuttiGetErrorString(result) + (detail.empty() ? "" : ": ") + detail);
}

/// The numbers are those of tuttiRedOp_t.
enum class ReduceOp : std::uint8_t { sum = tuttiSum, prod = tuttiProd, max = tuttiMax, min = tuttiMin, avg = tuttiAvg };

/// The data type of a C++ number.
template <typename T>
constexpr tuttiDataType_t data_type() {
  static_assert(std::is_arithmetic_v<T> && !std::is_same_v<T, bool> && sizeof(T) <= 8 && sizeof(T) != 2,
                "8-, 32- and 64-bit numbers; for other types call tutti.h with Communicator::get()");
  if constexpr (std::is_floating_point_v<T>) return sizeof(T) == 4 ? tuttiFloat32 : tuttiFloat64;
  if constexpr (std::is_signed_v<T>) return sizeof(T) == 1 ? tuttiInt8 : sizeof(T) == 4 ? tuttiInt32 : tuttiInt64;
  return sizeof(T) == 1 ? tuttiUint8 : sizeof(T) == 4 ? tuttiUint32 : tuttiUint64;
}

using UniqueId = tuttiUniqueId;
using Config = tuttiConfig_t;

/// A configuration in which everything is left to the TUTTI_* variables and the defaults.
inline Config make_config() {
  return TUTTI_CONFIG_INITIALIZER;
}

/// Makes an id and serves the meeting from this process; see tuttiGetUniqueId.
inline UniqueId make_unique_id() {
  UniqueId id;
  check(tuttiGetUniqueId(&id), "unique id");
  return id;
}

/// Runs the calls that are given it one after the other while the caller goes on.
class Stream {
 public:
  Stream() { check(tuttiStreamCreate(&stream_), "stream"); }
  Stream(Stream&& other) noexcept : stream_(std::exchange(other.stream_, nullptr)) {}
  Stream& operator=(Stream&& other) noexcept {
    std::swap(stream_, other.stream_);
    return *this;
  }
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;
  ~Stream() { tuttiStreamDestroy(stream_); }

  /// Waits until everything is done. Throws the first error since the last call.
  void synchronize() { check(tuttiStreamSynchronize(stream_), "stream"); }

  /// True when everything is done. Throws the first error.
  [[nodiscard]] bool is_done() const {
    const tuttiResult_t result = tuttiStreamQuery(stream_);
    if (result == tuttiInProgress) return false;
    check(result, "stream");
    return true;
  }

  [[nodiscard]] tuttiStream_t get() const noexcept { return stream_; }

 private:
  tuttiStream_t stream_ = nullptr;
};

/// Calls made while a Group lives are made together by `end`. Without it (an exception passed by), the destructor ends
/// the group and drops what that returns.
class Group {
 public:
  Group() { check(tuttiGroupStart(), "group"); }
  Group(const Group&) = delete;
  Group& operator=(const Group&) = delete;
  ~Group() {
    if (open_) tuttiGroupEnd();
  }

  void end() {
    open_ = false;
    check(tuttiGroupEnd(), "group");
  }

 private:
  bool open_ = true;
};

/// The blocks of a buffer where they differ in length: block r has counts[r] elements and begins at displacements[r].
/// Without displacements, they follow each other. Read during the call only.
struct Blocks {
  std::span<const std::size_t> counts;
  std::span<const std::size_t> displacements = {};
};

/// This rank's seat among the ranks of a job. A call without a stream is complete when it returns.
class Communicator {
 public:
  /// Joins the job that this process was started in; alone without a launcher. See tuttiCommInitWorld.
  Communicator() { check(tuttiCommInitWorld(&comm_, nullptr), "init"); }
  explicit Communicator(Config config) { check(tuttiCommInitWorld(&comm_, &config), "init"); }

  /// Joins `ranks` ranks that have the same id. See tuttiCommInitRank.
  Communicator(int ranks, const UniqueId& id, int rank) { check(tuttiCommInitRank(&comm_, ranks, id, rank), "init"); }
  Communicator(int ranks, const UniqueId& id, int rank, Config config) {
    check(tuttiCommInitRankConfig(&comm_, ranks, id, rank, &config), "init");
  }

  Communicator(Communicator&& other) noexcept : comm_(std::exchange(other.comm_, nullptr)) {}
  Communicator& operator=(Communicator&& other) noexcept {
    std::swap(comm_, other.comm_);
    return *this;
  }
  Communicator(const Communicator&) = delete;
  Communicator& operator=(const Communicator&) = delete;
  ~Communicator() { tuttiCommDestroy(comm_); }

  [[nodiscard]] int size() const {
    int count = 0;
    check(tuttiCommCount(comm_, &count), "count", comm_);
    return count;
  }
  [[nodiscard]] int rank() const {
    int rank = 0;
    check(tuttiCommUserRank(comm_, &rank), "rank", comm_);
    return rank;
  }

  /// Ranks of the same color form a new communicator, ordered by key. Every rank of this one calls it.
  [[nodiscard]] Communicator split(int color, int key) const {
    tuttiComm_t part = nullptr;
    check(tuttiCommSplit(comm_, color, key, &part, nullptr), "split", comm_);
    return Communicator(part);
  }

  /// out[i] = op over the ranks' in[i]. `out` may be `in`.
  template <typename T>
  void all_reduce(std::span<const T> in, std::span<T> out, ReduceOp op = ReduceOp::sum, Stream* stream = nullptr) {
    need(out.size() >= in.size(), "all_reduce: out is shorter than in");
    check(tuttiAllReduce(in.data(), out.data(), in.size(), data_type<T>(), redop(op), comm_, raw(stream)), "all_reduce",
          comm_);
  }
  template <typename T>
  void all_reduce(std::span<T> values, ReduceOp op = ReduceOp::sum, Stream* stream = nullptr) {
    all_reduce(std::span<const T>(values), values, op, stream);
  }

  /// As all_reduce, but only `root` gets the result; elsewhere `out` may be empty.
  template <typename T>
  void reduce(std::span<const T> in, std::span<T> out, int root, ReduceOp op = ReduceOp::sum,
              Stream* stream = nullptr) {
    need(out.size() >= in.size() || rank() != root, "reduce: out is shorter than in");
    check(tuttiReduce(in.data(), out.data(), in.size(), data_type<T>(), redop(op), root, comm_, raw(stream)), "reduce",
          comm_);
  }

  /// Copies root's values to every rank.
  template <typename T>
  void broadcast(std::span<T> values, int root, Stream* stream = nullptr) {
    check(tuttiBcast(values.data(), values.size(), data_type<T>(), root, comm_, raw(stream)), "broadcast", comm_);
  }

  /// Reduces `in` (size() times as long as `out`) and leaves block r at rank r.
  template <typename T>
  void reduce_scatter(std::span<const T> in, std::span<T> out, ReduceOp op = ReduceOp::sum, Stream* stream = nullptr) {
    need(in.size() == out.size() * static_cast<std::size_t>(size()), "reduce_scatter: in is not size() times out");
    check(tuttiReduceScatter(in.data(), out.data(), out.size(), data_type<T>(), redop(op), comm_, raw(stream)),
          "reduce_scatter", comm_);
  }

  /// Gathers every rank's `in` into `out` (size() times as long), in rank order.
  template <typename T>
  void all_gather(std::span<const T> in, std::span<T> out, Stream* stream = nullptr) {
    need(out.size() == in.size() * static_cast<std::size_t>(size()), "all_gather: out is not size() times in");
    check(tuttiAllGather(in.data(), out.data(), in.size(), data_type<T>(), comm_, raw(stream)), "all_gather", comm_);
  }

  /// Gathers every rank's `in` at `root`, in rank order; elsewhere `out` may be empty.
  template <typename T>
  void gather(std::span<const T> in, std::span<T> out, int root, Stream* stream = nullptr) {
    need(rank() != root || out.size() == in.size() * ranks(), "gather: out is not size() times in");
    check(tuttiGather(in.data(), out.data(), in.size(), data_type<T>(), root, comm_, raw(stream)), "gather", comm_);
  }

  /// Gives block r of root's `in` (size() times as long as `out`) to rank r; elsewhere `in` may be empty.
  template <typename T>
  void scatter(std::span<const T> in, std::span<T> out, int root, Stream* stream = nullptr) {
    need(rank() != root || in.size() == out.size() * ranks(), "scatter: in is not size() times out");
    check(tuttiScatter(in.data(), out.data(), out.size(), data_type<T>(), root, comm_, raw(stream)), "scatter", comm_);
  }

  /// Block r of `in` becomes block rank() of rank r's `out`. `out` may be `in`, at every rank or at none.
  template <typename T>
  void all_to_all(std::span<const T> in, std::span<T> out, Stream* stream = nullptr) {
    need(in.size() == out.size() && in.size() % ranks() == 0, "all_to_all: in and out are not size() equal blocks");
    check(tuttiAlltoAll(in.data(), out.data(), in.size() / ranks(), data_type<T>(), comm_, raw(stream)), "all_to_all",
          comm_);
  }

  /// Every rank's `in` becomes block rank() of everybody's `out`, whose blocks `blocks` describes.
  template <typename T>
  void all_gather_v(std::span<const T> in, std::span<T> out, Blocks blocks, Stream* stream = nullptr) {
    need_blocks(blocks, out.size(), "all_gather_v");
    check(tuttiAllGatherV(in.data(), in.size(), out.data(), blocks.counts.data(), displacements(blocks), data_type<T>(),
                          comm_, raw(stream)),
          "all_gather_v", comm_);
  }

  /// Reduces the blocks of `in` over all ranks and leaves block r at rank r.
  template <typename T>
  void reduce_scatter_v(std::span<const T> in, Blocks blocks, std::span<T> out, ReduceOp op = ReduceOp::sum,
                        Stream* stream = nullptr) {
    need_blocks(blocks, in.size(), "reduce_scatter_v");
    check(tuttiReduceScatterV(in.data(), blocks.counts.data(), displacements(blocks), out.data(), out.size(),
                              data_type<T>(), redop(op), comm_, raw(stream)),
          "reduce_scatter_v", comm_);
  }

  /// Every rank's `in` becomes block rank() of root's `out`; elsewhere `out` and `blocks` may be empty.
  template <typename T>
  void gather_v(std::span<const T> in, std::span<T> out, Blocks blocks, int root, Stream* stream = nullptr) {
    if (rank() == root) need_blocks(blocks, out.size(), "gather_v");
    check(tuttiGatherV(in.data(), in.size(), out.data(), blocks.counts.data(), displacements(blocks), data_type<T>(),
                       root, comm_, raw(stream)),
          "gather_v", comm_);
  }

  /// Block r of root's `in` goes to rank r; elsewhere `in` and `blocks` may be empty.
  template <typename T>
  void scatter_v(std::span<const T> in, Blocks blocks, std::span<T> out, int root, Stream* stream = nullptr) {
    if (rank() == root) need_blocks(blocks, in.size(), "scatter_v");
    check(tuttiScatterV(in.data(), blocks.counts.data(), displacements(blocks), out.data(), out.size(), data_type<T>(),
                        root, comm_, raw(stream)),
          "scatter_v", comm_);
  }

  /// Block r of `in` becomes block rank() of rank r's `out`.
  template <typename T>
  void all_to_all_v(std::span<const T> in, Blocks in_blocks, std::span<T> out, Blocks out_blocks,
                    Stream* stream = nullptr) {
    need_blocks(in_blocks, in.size(), "all_to_all_v");
    need_blocks(out_blocks, out.size(), "all_to_all_v");
    check(tuttiAlltoAllV(in.data(), in_blocks.counts.data(), displacements(in_blocks), out.data(),
                         out_blocks.counts.data(), displacements(out_blocks), data_type<T>(), comm_, raw(stream)),
          "all_to_all_v", comm_);
  }

  /// Completes when every rank has called it.
  void barrier(Stream* stream = nullptr) { check(tuttiBarrier(comm_, raw(stream)), "barrier", comm_); }

  template <typename T>
  void send(std::span<const T> values, int peer, Stream* stream = nullptr) {
    check(tuttiSend(values.data(), values.size(), data_type<T>(), peer, comm_, raw(stream)), "send", comm_);
  }
  template <typename T>
  void recv(std::span<T> values, int peer, Stream* stream = nullptr) {
    check(tuttiRecv(values.data(), values.size(), data_type<T>(), peer, comm_, raw(stream)), "recv", comm_);
  }

  /// Waits until this rank's calls are complete and says goodbye. The destructor does the same but cannot report.
  void finalize() { check(tuttiCommFinalize(comm_), "finalize", comm_); }

  /// Ends the calls in flight here and at every other rank. The communicator is empty afterwards.
  void abort() { check(tuttiCommAbort(std::exchange(comm_, nullptr)), "abort"); }

  [[nodiscard]] tuttiComm_t get() const noexcept { return comm_; }

 private:
  explicit Communicator(tuttiComm_t comm) : comm_(comm) {}

  static void need(bool condition, const char* text) {
    if (!condition) throw Error(tuttiInvalidArgument, text);
  }
  void need_blocks(const Blocks& blocks, std::size_t size, const char* what) const {
    const bool whole = blocks.counts.size() == ranks() &&
                       (blocks.displacements.empty() || blocks.displacements.size() == blocks.counts.size());
    if (!whole) throw Error(tuttiInvalidArgument, std::string(what) + ": not one count and one displacement a rank");
    std::size_t next = 0;
    for (std::size_t rank = 0; rank < blocks.counts.size(); ++rank) {
      const std::size_t first = blocks.displacements.empty() ? next : blocks.displacements[rank];
      const std::size_t count = blocks.counts[rank];
      if (count > 0 && (count > size || first > size - count))
        throw Error(tuttiInvalidArgument,
                    std::string(what) + ": the block of rank " + std::to_string(rank) + " goes beyond its span");
      next += count;
    }
  }
  static const std::size_t* displacements(const Blocks& blocks) {
    return blocks.displacements.empty() ? nullptr : blocks.displacements.data();
  }
  [[nodiscard]] std::size_t ranks() const { return static_cast<std::size_t>(size()); }
  static tuttiRedOp_t redop(ReduceOp op) { return static_cast<tuttiRedOp_t>(op); }
  static tuttiStream_t raw(const Stream* stream) { return stream == nullptr ? nullptr : stream->get(); }

  tuttiComm_t comm_ = nullptr;
};

/// Memory that ranks of one node can share; see tuttiMemAlloc. Must outlive the windows in it.
class SharedMemory {
 public:
  explicit SharedMemory(std::size_t bytes) : bytes_(bytes) { check(tuttiMemAlloc(&memory_, bytes), "shared memory"); }
  SharedMemory(SharedMemory&& other) noexcept
      : memory_(std::exchange(other.memory_, nullptr)), bytes_(std::exchange(other.bytes_, 0)) {}
  SharedMemory& operator=(SharedMemory&& other) noexcept {
    std::swap(memory_, other.memory_);
    std::swap(bytes_, other.bytes_);
    return *this;
  }
  SharedMemory(const SharedMemory&) = delete;
  SharedMemory& operator=(const SharedMemory&) = delete;
  ~SharedMemory() { tuttiMemFree(memory_); }

  /// As many whole numbers as fit.
  template <typename T>
  [[nodiscard]] std::span<T> as() const noexcept {
    return {static_cast<T*>(memory_), bytes_ / sizeof(T)};
  }

 private:
  void* memory_ = nullptr;
  std::size_t bytes_ = 0;
};

/// Lets the peers of a communicator, which must outlive it, reach memory where it lies; see tuttiWindowRegister.
class Window {
 public:
  template <typename T>
  Window(const Communicator& communicator, std::span<T> memory) : comm_(communicator.get()) {
    check(tuttiWindowRegister(comm_, memory.data(), memory.size_bytes(), &window_), "window", comm_);
  }
  Window(Window&& other) noexcept : comm_(other.comm_), window_(std::exchange(other.window_, nullptr)) {}
  Window& operator=(Window&& other) noexcept {
    std::swap(comm_, other.comm_);
    std::swap(window_, other.window_);
    return *this;
  }
  Window(const Window&) = delete;
  Window& operator=(const Window&) = delete;
  ~Window() { tuttiWindowDeregister(comm_, window_); }

 private:
  tuttiComm_t comm_;
  tuttiWindow_t window_ = nullptr;
};

}  // namespace v0
}  // namespace tutti

#include <tutti/ep.hpp>  // experts in parallel

#endif  // TUTTI_HPP_
