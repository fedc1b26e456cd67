// Combine where it needs least: one node of two ranks, float32 from end to end, rows added as they are. A token then
// has two rows at most, one here and one at the peer, and it does not matter which comes first in their sum: so each
// row that comes is added to this rank's own right where the transport has it, and the sum is written once. What it
// sends, and all results, are those of `sums.hpp`, bit by bit.
#pragma once

#include <memory>
#include <vector>

#include "moe/combine_call.hpp"
#include "moe/planned.hpp"

namespace tutti::moe {

class Fold final : public Planned {
 public:
  /// Whether this rank's part of a call can be done so.
  static bool fits(const Plan& plan, const CombineCall& request, std::size_t round);

  /// The request must fit.
  Fold(std::shared_ptr<Plan> plan, const CombineCall& request, const Call& call);

  [[nodiscard]] bool is_ready(Item /*item*/) const override { return true; }
  [[nodiscard]] std::size_t staging_bytes(Item item, bool near) const override;
  void load(Item item, bool near, std::byte* staging, std::vector<transport::Transfer>& messages) override;
  Result<bool> finish(Item item, bool near, std::byte* staging) override;
  bool work(std::vector<Item>& freed) override;
  [[nodiscard]] bool is_done() const override { return next_alone_ == alone_.size(); }

 private:
  [[nodiscard]] std::span<const std::uint32_t> tokens_of(const Parcel& parcel) const;
  [[nodiscard]] const std::byte* row(std::int32_t source, std::uint32_t number) const;
  /// This rank's row of a token of its own; null if it has none.
  [[nodiscard]] const std::byte* own_row(std::uint32_t token) const;

  CombineCall request_;
  std::size_t row_bytes_;
  std::vector<std::uint32_t> own_;    // of each token: its row here, counted from 1; 0: none
  std::vector<std::uint32_t> alone_;  // tokens for which nothing comes
  std::size_t next_alone_ = 0;
  transport::Combine sum_;
};

}  // namespace tutti::moe
