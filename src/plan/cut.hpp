// How a plan cuts a vector, or a row of blocks: into parts, the parts into chunks.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "plan/axis.hpp"

namespace tutti::plan {

/// A value. Chunks are numbered through all parts. A vector is cut by parts, in proportion to their weights, and each
/// part evenly into its chunks. With blocks, every block is cut by parts, and a chunk is a part of one block or empty.
class Cut {
 public:
  static constexpr int kMostParts = 16;

  struct Part {
    std::uint32_t first = 0;  // chunk
    std::uint32_t chunks = 1;
    std::uint32_t weight = 1;
    std::uint8_t tiers = 0;  // chunk numbers have a digit for each, the first the most significant
    std::array<std::uint8_t, topology::Levels::kMost> levels{};  // the column of which level a digit is
    bool operator==(const Part&) const = default;
  };

  /// One part of `chunks` chunks; block i is chunk i.
  Cut() : Cut(1) {}
  explicit Cut(std::uint32_t chunks) { add({.chunks = chunks}); }
  /// No parts yet: what follows numbers chunks by columns of these levels.
  explicit Cut(std::shared_ptr<const topology::Levels> levels) : levels_(std::move(levels)) {}
  /// Positions are chunks: chunk i is the block of the rank at position i.
  static Cut by_position(std::shared_ptr<const topology::Levels> levels);

  void add(Part part);

  [[nodiscard]] std::uint32_t chunks() const { return chunks_; }
  [[nodiscard]] int parts() const { return parts_; }
  [[nodiscard]] const Part& part(int number) const { return list_[static_cast<std::size_t>(number)]; }
  [[nodiscard]] int part_of(std::uint32_t chunk) const;
  [[nodiscard]] std::uint32_t weights() const { return weights_; }
  /// Weights of the parts before this one.
  [[nodiscard]] std::uint32_t weight_before(int part) const;

  /// The rank whose block a chunk is part of; nothing if the chunk is empty. log(ranks).
  [[nodiscard]] std::optional<Rank> block(std::uint32_t chunk) const;
  /// The same, but for an empty chunk the rank that plays its columns.
  [[nodiscard]] Rank owner(std::uint32_t chunk) const;
  /// The chunks that a rank owns, in order.
  [[nodiscard]] std::vector<std::uint32_t> chunks_of(Rank rank) const;
  /// Whether there are chunks that are no part of any block: levels of uneven size.
  [[nodiscard]] bool has_empty_chunks() const;
  /// Whether chunk i of each part is block i, for all i: no lookup is needed.
  [[nodiscard]] bool in_order() const { return levels_ == nullptr; }

  /// What chunks are numbered by; null: chunk i is block i.
  [[nodiscard]] const std::shared_ptr<const topology::Levels>& levels() const { return levels_; }
  [[nodiscard]] bool is_by_position() const { return by_position_; }

  bool operator==(const Cut& other) const;

 private:
  struct Owner {
    Rank rank{};
    bool first = true;  // of the chunks that this rank owns
  };
  [[nodiscard]] Owner find(std::uint32_t chunk) const;

  std::shared_ptr<const topology::Levels> levels_;  // null: chunk i is block i
  bool by_position_ = false;
  std::uint32_t chunks_ = 0;
  std::uint32_t weights_ = 0;
  int parts_ = 0;
  std::array<Part, kMostParts> list_{};
};

}  // namespace tutti::plan
