// All-gathers under way at one place of the tree: contributions on their way up, and the result on its way down.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "bootstrap/wire/frames.hpp"

namespace tutti::bootstrap {

/// Contributions of the ranks at and below a place, kept until they are sent up together.
class GatherUp {
 public:
  void add(Gather gather, TimePoint now) {
    Round& round = rounds_[gather.sequence];
    const TimePoint until = now + std::chrono::milliseconds(gather.left_ms);
    round.until = round.seen == 0 ? until : std::min(round.until, until);
    round.seen += static_cast<std::int64_t>(gather.blobs.size());
    for (auto& blob : gather.blobs) round.waiting.push_back(std::move(blob));
  }

  /// What should go up now: rounds to which all `ranks` contributed, or, with `all`, whatever waits.
  std::vector<Gather> take(std::int64_t ranks, bool all, TimePoint now) {
    std::vector<Gather> out;
    for (auto at = rounds_.begin(); at != rounds_.end();) {
      Round& round = at->second;
      const bool whole = round.seen >= ranks;
      if ((whole || all) && !round.waiting.empty()) {
        const auto left = Deadline{round.until}.left(now);
        cut(at->first, std::chrono::duration_cast<std::chrono::milliseconds>(left).count(),
            std::exchange(round.waiting, {}), out);
      }
      at = whole ? rounds_.erase(at) : std::next(at);
    }
    return out;
  }
  [[nodiscard]] bool empty() const {
    return std::all_of(rounds_.begin(), rounds_.end(), [](const auto& round) { return round.second.waiting.empty(); });
  }

 private:
  struct Round {
    std::vector<Blob> waiting;
    std::int64_t seen = 0;  // waiting ones and those already sent
    TimePoint until{};
  };

  // In pieces that fit in a frame.
  static void cut(std::uint32_t sequence, std::int64_t left_ms, std::vector<Blob> blobs, std::vector<Gather>& out) {
    std::size_t bytes = kPiece;
    for (auto& blob : blobs) {
      bytes += blob.bytes.size() + 8;
      if (bytes > kPiece) {
        out.push_back({sequence, static_cast<std::uint32_t>(left_ms), {}});
        bytes = blob.bytes.size() + 8;
      }
      out.back().blobs.push_back(std::move(blob));
    }
  }
  static constexpr std::size_t kPiece = kMaxFrame / 2;

  std::map<std::uint32_t, Round> rounds_;
};

/// The result as it comes down, in rank order and in pieces.
class GatherDown {
 public:
  /// False if the piece does not continue what came before. `done` when the last rank's contribution is there.
  bool add(Gathered piece, std::int32_t world_size) {
    if (blobs_.empty()) sequence_ = piece.sequence;
    if (piece.sequence != sequence_) return false;
    for (auto& blob : piece.blobs) {
      if (std::cmp_not_equal(blob.rank, blobs_.size()) || blob.rank >= world_size) return false;
      blobs_.push_back(std::move(blob.bytes));
    }
    return true;
  }
  [[nodiscard]] bool done(std::int32_t world_size) const { return std::cmp_equal(blobs_.size(), world_size); }
  std::pair<std::uint32_t, std::vector<std::vector<std::byte>>> take() {
    return {sequence_, std::exchange(blobs_, {})};
  }

 private:
  std::uint32_t sequence_ = 0;
  std::vector<std::vector<std::byte>> blobs_;
};

}  // namespace tutti::bootstrap
