// What dispatch and combine share: an exchange of the parcels of a plan's round.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "moe/exchange.hpp"
#include "moe/plan.hpp"

namespace tutti::moe {

/// Which one it is.
struct Call {
  std::size_t round = 0;
  std::uint32_t fingerprint = 0;
  std::uint64_t serial = 0;
};

class Planned : public Exchange {
 public:
  /// The plan stays as it is until this is gone.
  ~Planned() override;

  [[nodiscard]] Item items() const final { return static_cast<Item>(parcels_.size()); }
  [[nodiscard]] End end(Item item) const override;
  [[nodiscard]] std::uint32_t fingerprint() const final { return call_.fingerprint; }
  [[nodiscard]] std::string describe() const final;

 protected:
  using Schedule = std::vector<Parcel> (*)(const Book& book, std::uint32_t first, std::uint32_t last);

  /// `name`: "dispatch".
  Planned(const char* name, Schedule schedule, std::shared_ptr<Plan> plan, const Call& call);

  [[nodiscard]] const Plan& plan() const { return *plan_; }
  [[nodiscard]] const Site& site() const { return *plan_->site; }
  [[nodiscard]] const Arrangement& arrangement() const { return plan_->rounds[call_.round]; }
  [[nodiscard]] std::span<const Parcel> parcels() const { return parcels_; }
  [[nodiscard]] const Parcel& parcel(Item item) const { return parcels_[item]; }
  [[nodiscard]] std::uint32_t first_window() const { return plan_->first_window(call_.round); }
  [[nodiscard]] std::uint32_t last_window() const { return plan_->last_window(call_.round); }

  [[nodiscard]] std::span<const std::uint32_t> tokens_of(std::int32_t source) const {
    return plan_->sources[static_cast<std::size_t>(source)].tokens;
  }
  /// The first of `tokens`, which ascend, in a window or after it.
  [[nodiscard]] std::uint32_t first_row(std::span<const std::uint32_t> tokens, std::uint32_t window) const;
  /// Rows that a parcel's message has.
  [[nodiscard]] std::size_t rows_of(const Parcel& parcel) const;

 private:
  const char* name_;
  std::shared_ptr<Plan> plan_;
  Call call_;
  std::vector<Parcel> parcels_;
};

}  // namespace tutti::moe
