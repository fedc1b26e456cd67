// One tile of a call in flight, which mostly is all of it: runs the program. Its engine drives it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "engine/arithmetic.hpp"
#include "engine/geometry.hpp"
#include "engine/peers.hpp"
#include "engine/prefilled.hpp"
#include "engine/scratch.hpp"
#include "engine/turns.hpp"
#include "plan/program.hpp"

namespace tutti::engine {

/// The blocks of a buffer where they differ in length, in elements. One a rank; or this rank's own alone, where that is
/// all that the collective has in the buffer. Without displacements, one after the other.
struct Blocks {
  std::span<const std::size_t> counts;
  std::span<const std::size_t> displacements;
};

/// A call's buffers. For collectives of blocks `count` is that of one block; where they differ in length, it is not
/// used.
struct Buffers {
  const std::byte* in = nullptr;
  std::byte* out = nullptr;
  std::uint64_t count = 0;
  Blocks in_blocks{};
  Blocks out_blocks{};
};

/// A message outside a program, for send and recv. `data` is only read when sending.
struct Message {
  bool sends = false;
  Rank peer{};
  std::byte* data = nullptr;
  std::size_t bytes = 0;
};

/// What a call waits for: "step 5 of 14 (recv from 3: out[2], shm); waiting for ranks 3, 5", for messages of errors.
struct Stall {
  std::string text;
  std::optional<Rank> peer;
  double position = 0;  // of the first step that waits among all of them: 1 for the last one
};

class Work {
 public:
  /// `slot` is the work's number among those of its engine: completions come back with it.
  Work(Peers& peers, Turns& turns, Bytes staging, int numa, std::uint16_t slot);
  Work(const Work&) = delete;
  Work& operator=(const Work&) = delete;

  static std::uint16_t slot_of(const transport::Completion& completion) {
    return static_cast<std::uint16_t>(completion.token >> kSlotShift);
  }

  /// Takes a tile of a call on: the one that begins with element `first` of the vector, or of each block. Nothing is
  /// posted before `begin`.
  void prepare(const plan::Program& program, const Operation& operation, const Buffers& buffers,
               std::uint32_t fingerprint, std::uint64_t first);
  void prepare(std::vector<Message> messages);
  void begin();

  /// Instead of `begin`, for a short tile: runs the steps in the order of the program by Endpoint::send_now and
  /// recv_now. True: all is done. False: it has begun as by `begin`, and the steps that are done are done.
  bool go_straight(Patience patience);
  /// The longest message that goes this way, unless it is prefilled.
  static constexpr std::size_t kShort = 8192;
  /// Writes down what a prepared short tile does, for the next call that differs in nothing but its buffers.
  void prefill(const Operation& operation, const Buffers& buffers, Prefilled& prefilled);
  /// Where its buffers are in a call of what was prefilled.
  [[nodiscard]] Places places_of(const Buffers& buffers);
  /// Instead of `begin`: the first `steps` steps are done.
  void begin_behind(std::uint32_t steps);

  /// Runs what can run. True if anything did.
  bool advance();
  void handle(const transport::Completion& completion);
  /// Ends it without its completion, when all transfers have been forgotten.
  void abandon();

  [[nodiscard]] std::uint16_t slot() const { return slot_; }
  [[nodiscard]] const plan::Program& program() const { return *program_; }
  [[nodiscard]] bool is_over() const { return over_; }
  [[nodiscard]] const Error* failure() const { return failed_ ? &error_ : nullptr; }
  [[nodiscard]] Stall stall() const;

  /// Where its tile ends, and whether that is the end of the call.
  [[nodiscard]] std::uint64_t end_of_tile() const { return tile_.first + tile_.count; }
  [[nodiscard]] bool is_last_tile() const { return end_of_tile() >= whole_; }
  /// The scratch memory that the tile takes.
  [[nodiscard]] std::size_t scratch_bytes() const;
  /// Bytes of scratch memory held.
  [[nodiscard]] std::size_t memory() const;

 private:
  // A completion's token: the step, above it the number of its staging memory, above that the slot.
  static constexpr int kStagedShift = 32;
  static constexpr int kSlotShift = 48;

  // What is done with a message of a step that a transport cannot reduce on arrival.
  struct Staged {
    std::uint32_t step = 0;
    Scratch memory;
    std::byte* out = nullptr;
    const std::byte* local = nullptr;
    std::size_t elements = 0;
    std::size_t bytes = 0;
    bool busy = false;
    bool ahead = false;  // of an earlier reduction on arrival that has not been posted
  };
  struct Piece {
    std::byte* data = nullptr;
    std::size_t elements = 0;
  };
  struct Slice {
    plan::Buffer buffer{};
    std::uint32_t first = 0;
    std::uint32_t chunks = 0;
    std::uint32_t stride = 1;
    std::uint32_t stands_for = 0;  // of slots: see Step
  };

  void run_ready();
  bool run(std::uint32_t step);
  bool run_at_once(std::uint32_t step, Patience& patience);
  Prefilled::Spot spot_of(plan::Buffer buffer, const std::byte* data, const Buffers& buffers);
  Prefilled::State prefill_message(std::uint32_t step, const Buffers& buffers, Prefilled& prefilled);
  void prefill_copy(std::uint32_t step, const Buffers& buffers, Prefilled& prefilled);
  void prefill_reduce(std::uint32_t step, const Buffers& buffers, Prefilled& prefilled);
  void reserve_scratch();
  bool post(std::uint32_t step);
  bool post_message(std::uint32_t step, transport::Endpoint& endpoint);
  bool post_pieces(std::uint32_t step, const Path& path);
  transport::Transfer transfer_of(std::uint32_t step, std::size_t piece, const Path& path);
  void compute(const plan::Step& step);
  void find_copied(const plan::Step& step);
  void reduce_slots(const plan::Step& step);
  void find_reduced(const plan::Step& step);
  void find_sources(const plan::Step& step, std::size_t piece, std::size_t before);
  void release(std::uint32_t step, bool when_posted);
  void complete(std::uint32_t step);
  void finish_staged(Staged& staged);
  void fail(Error error);
  Staged* stage(std::size_t bytes);
  [[nodiscard]] bool is_ahead(std::uint32_t step);
  [[nodiscard]] bool may_stage(std::uint32_t step);

  [[nodiscard]] std::uint64_t token_of(std::uint32_t step) const { return std::uint64_t{slot_} << kSlotShift | step; }
  [[nodiscard]] std::size_t element_size(plan::Buffer buffer) const;
  void place_blocks(const Buffers& buffers);
  [[nodiscard]] Extent block_of(plan::Buffer buffer, std::uint32_t chunk) const;
  [[nodiscard]] Extent extent(plan::Buffer buffer, std::uint32_t chunk) const;
  void find_slices(std::uint32_t step);
  [[nodiscard]] bool joined(plan::Buffer buffer) const;
  [[nodiscard]] bool joined_message() const;
  void find_pieces(const Slice& slice, bool join, std::vector<Piece>& pieces) const;
  void find_slot_pieces(std::uint32_t first, std::uint32_t chunk, std::uint32_t chunks, bool join,
                        std::vector<Piece>& pieces) const;
  [[nodiscard]] std::byte* base(plan::Buffer buffer) const;
  [[nodiscard]] std::uint64_t tile_elements();
  [[nodiscard]] std::string name_of(std::uint32_t step) const;
  [[nodiscard]] Rank peer_of(std::uint32_t step) const;

  Peers& peers_;
  Turns& turns_;
  const Bytes staging_;  // of a call
  Bytes budget_;         // of this tile
  const int numa_;       // node that staging memory lies on; -1: any
  std::uint16_t slot_;
  bool failed_ = false;
  bool over_ = true;
  Error error_;

  // The call.
  const plan::Program* program_ = nullptr;
  plan::Program message_program_;  // the steps of a group of messages
  std::vector<Message> messages_;
  Arithmetic arithmetic_;
  transport::Combine combine_right_{};  // local op arrived
  transport::Combine combine_left_{};   // arrived op local
  const std::byte* in_ = nullptr;
  std::byte* out_ = nullptr;
  BlockMap in_blocks_;
  BlockMap out_blocks_;
  std::uint32_t fingerprint_ = 0;
  Tile tile_;
  std::uint64_t whole_ = 0;  // elements of the vector, or of the longest block

  // The run of the program.
  std::vector<std::uint32_t> waits_;   // dependencies that are left, per step
  std::vector<std::uint32_t> pieces_;  // messages that are outstanding, per step
  std::vector<std::uint32_t> ready_;
  std::vector<std::uint32_t> held_;  // ready, but their turn, path or staging memory has not come
  std::uint32_t remaining_ = 0;      // steps
  std::vector<std::uint8_t> posted_;
  std::vector<transport::Transfer> batch_;
  std::vector<Piece> local_;
  std::vector<Piece> target_;
  std::vector<std::byte*> sources_;

  Scratch acc_;
  Scratch acc2_;
  Scratch slots_;
  std::byte token_[64] = {};
  std::vector<std::unique_ptr<Staged>> staged_;
  std::size_t staged_bytes_ = 0;
  std::size_t ahead_bytes_ = 0;     // of them, for steps that are ahead
  std::uint32_t first_reduce_ = 0;  // the first recv_reduce that has not been posted, or where to look for it
  bool moved_ = false;
};

}  // namespace tutti::engine
