#include "moe/planned.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace tutti::moe {
namespace {

// A gateway is where a row's second leg begins and its first one ends.
bool is_at_gateway(const Parcel& parcel) {
  return parcel.leg != Leg::straight && parcel.sends == (parcel.order.stage == 1);
}

}  // namespace

Planned::Planned(const char* name, Schedule schedule, std::shared_ptr<Plan> plan, const Call& call)
    : name_(name),
      plan_(std::move(plan)),
      call_(call),
      parcels_(schedule(plan_->book(), first_window(), last_window())) {
  ++plan_->in_use;
}

Planned::~Planned() {
  --plan_->in_use;
}

std::string Planned::describe() const {
  return fmt::format("{} {}", name_, call_.serial);
}

Exchange::End Planned::end(Item item) const {
  const Parcel& parcel = parcels_[item];
  Purpose purpose = parcel.sends ? Purpose::leaving : Purpose::entering;
  if (is_at_gateway(parcel)) purpose = parcel.sends ? Purpose::leaving_gateway : Purpose::entering_gateway;
  return {parcel.peer, parcel.sends, purpose};
}

std::uint32_t Planned::first_row(std::span<const std::uint32_t> tokens, std::uint32_t window) const {
  const auto begin = std::uint64_t{window} * plan_->window;
  return static_cast<std::uint32_t>(std::lower_bound(tokens.begin(), tokens.end(), begin) - tokens.begin());
}

// A gateway's mate gets, or has, some rows of the chunk only.
std::size_t Planned::rows_of(const Parcel& parcel) const {
  if (parcel.leg != Leg::branch || !is_at_gateway(parcel)) return parcel.rows;
  return rows_wanted(plan_->chunks[parcel.first], site(), site().local[static_cast<std::size_t>(parcel.peer)]);
}

}  // namespace tutti::moe
