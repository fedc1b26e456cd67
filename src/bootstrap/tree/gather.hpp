// All-gathers under way at one place of the tree: contributions on their way up, and the result on its way down.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "bootstrap/wire/frames.hpp"

namespace tutti::bootstrap {

/// How many ranks `gather` brings; nothing, if it names one beyond the world or more than there are.
inline std::optional<std::int64_t> ranks_in(const std::vector<Blob>& blobs, std::int32_t world_size) {
  std::int64_t count = 0;
  for (const Blob& blob : blobs) {
    for (const RankPattern& pattern : blob.ranks) {
      if (pattern.end() > world_size) return std::nullopt;
      count += pattern.size();
    }
  }
  return count <= world_size ? std::optional(count) : std::nullopt;
}

/// Calls `use` with blobs that fit in a frame together, all of `blobs` in order.
template <typename Use>
void in_pieces(std::vector<Blob> blobs, Use&& use) {
  constexpr std::size_t kPiece = kMaxFrame / 2;
  constexpr std::size_t kMostPatterns = 2048;  // 32 KiB
  std::vector<Blob> piece;
  std::size_t bytes = 0;
  const auto add = [&](Blob blob) {
    const std::size_t more = blob.bytes.size() + 16 * blob.ranks.size() + 8;
    if (bytes + more > kPiece && !piece.empty()) {
      use(std::exchange(piece, {}));
      bytes = 0;
    }
    bytes += more;
    piece.push_back(std::move(blob));
  };
  for (Blob& blob : blobs) {
    while (blob.ranks.size() > kMostPatterns) {
      const auto cut = blob.ranks.end() - static_cast<std::ptrdiff_t>(kMostPatterns);
      add({{cut, blob.ranks.end()}, blob.bytes});
      blob.ranks.erase(cut, blob.ranks.end());
    }
    add(std::move(blob));
  }
  if (!piece.empty()) use(std::move(piece));
}

/// Contributions of the ranks at and below a place, kept until they are sent up together.
class GatherUp {
 public:
  /// `ranks` are those in `gather`.
  void add(Gather gather, std::int64_t ranks, TimePoint now) {
    Round& round = rounds_[gather.sequence];
    const TimePoint until = now + std::chrono::milliseconds(gather.left_ms);
    round.until = round.seen == 0 ? until : std::min(round.until, until);
    round.seen += ranks;
    for (auto& blob : gather.blobs) round.waiting.push_back(std::move(blob));
  }

  /// What should go up now: rounds to which all `ranks` contributed, or, with `all`, whatever waits.
  std::vector<Gather> take(std::int64_t ranks, bool all, TimePoint now) {
    std::vector<Gather> out;
    for (auto at = rounds_.begin(); at != rounds_.end();) {
      Round& round = at->second;
      const bool whole = round.seen >= ranks;
      if ((whole || all) && !round.waiting.empty()) {
        const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(Deadline{round.until}.left(now));
        in_pieces(merged(std::exchange(round.waiting, {})), [&](std::vector<Blob> piece) {
          out.push_back({at->first, static_cast<std::uint32_t>(left.count()), std::move(piece)});
        });
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

  std::map<std::uint32_t, Round> rounds_;
};

/// The result as it comes down, in pieces.
class GatherDown {
 public:
  /// False if the piece does not continue what came before.
  bool add(Gathered piece, std::int32_t world_size) {
    if (blobs_.empty()) sequence_ = piece.sequence;
    const auto more = ranks_in(piece.blobs, world_size);
    if (piece.sequence != sequence_ || !more || told_ + *more > world_size) return false;
    told_ += *more;
    for (auto& blob : piece.blobs) blobs_.push_back(std::move(blob));
    return true;
  }
  [[nodiscard]] bool done(std::int32_t world_size) const { return told_ == world_size; }
  std::pair<std::uint32_t, std::vector<Blob>> take() {
    told_ = 0;
    return {sequence_, merged(std::exchange(blobs_, {}))};
  }

 private:
  std::uint32_t sequence_ = 0;
  std::int64_t told_ = 0;  // ranks
  std::vector<Blob> blobs_;
};

}  // namespace tutti::bootstrap
