// What a batch must give, computed from nothing but its identity: every row is a function of (source, token), and every
// expert a function of its own, so a lost, doubled or misrouted token cannot pass.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "moe/combine.hpp"
#include "unit/moe/world.hpp"

namespace tutti::moe {

/// The choices of all ranks. Every rank's are those of CSR: one list a token.
struct Batch {
  std::vector<std::vector<std::vector<std::int64_t>>> choices;  // [rank][token][k]: an expert, or -1
  std::vector<std::vector<std::vector<float>>> weights;         // the same; empty: none

  [[nodiscard]] std::int64_t tokens(std::int32_t rank) const {
    return static_cast<std::int64_t>(choices[static_cast<std::size_t>(rank)].size());
  }
};

using Chooser = std::function<std::int64_t(std::int32_t rank, std::uint32_t token, std::int32_t k)>;

/// `topk` choices a token by `choose`, with weights or without.
Batch make_batch(const std::vector<std::int64_t>& tokens, std::int32_t topk, const Chooser& choose, bool weighted);

/// A number of an identity: the same everywhere, and without a pattern.
std::uint64_t mix(std::uint64_t a, std::uint64_t b, std::uint64_t c);

/// Plans of all ranks of a world, and what they bring.
class Trial {
 public:
  Trial(World& world, Batch batch, const Shape& shape);

  /// Makes the plans by dense choices of 32 or 64 bits, or by CSR. The rank's errors, or success for all.
  enum class Form : std::uint8_t { dense32, dense64, csr };
  std::vector<Status> plan(Form form = Form::dense64);

  /// Dispatches columns of these many bytes, and compares every byte of every buffer.
  void check_dispatch(const std::vector<std::size_t>& columns);

  /// Lets experts compute on rows of `elements` values, combines, and compares the bits. The results of all ranks.
  std::vector<std::vector<float>> check_combine(std::size_t elements, Wire wire, bool weighted);

  [[nodiscard]] const Plan& plan_of(std::int32_t rank) const { return *plans_[static_cast<std::size_t>(rank)]; }
  std::shared_ptr<Plan>& plan_at(std::int32_t rank) { return plans_[static_cast<std::size_t>(rank)]; }
  [[nodiscard]] std::size_t rounds() const { return plans_.front()->rounds.size(); }
  World& world() { return world_; }

 private:
  struct Lists {
    std::vector<std::int32_t> dense32;
    std::vector<std::int64_t> dense64;
    std::vector<std::int64_t> row_ptr;
    std::vector<float> weights;
  };
  [[nodiscard]] std::vector<float> expert_row(std::int32_t rank, std::size_t round, Place place,
                                              std::size_t elements) const;
  [[nodiscard]] std::vector<float> expected(std::int32_t rank, std::uint32_t token, std::size_t elements, Wire wire,
                                            bool weighted) const;

  World& world_;
  Batch batch_;
  Shape shape_;
  std::vector<std::shared_ptr<Plan>> plans_;
};

}  // namespace tutti::moe
