#include "moe/fold.hpp"

#include <algorithm>
#include <cstring>

#include "kernels/kernels.hpp"
#include "moe/rows.hpp"

namespace tutti::moe {
namespace {

constexpr std::int32_t kMostRanks = 2;

void add_arrived(const void* /*context*/, std::byte* out, const std::byte* local, const std::byte* arrived,
                 std::size_t bytes) {
  kernels::reduce2(DataType::f32, ReduceOp::sum)(out, local, arrived, bytes / sizeof(float));
}

// A sum of one row has the one form of NaN that all sums have.
void copy_sum(std::byte* out, const std::byte* row, std::size_t bytes) {
  kernels::narrow(DataType::f32)(out, row, bytes / sizeof(float), 1);
}

}  // namespace

bool Fold::fits(const Plan& plan, const CombineCall& request, std::size_t round) {
  return plan.site->ranks <= kMostRanks && plan.site->nodes == 1 && request.wire == Wire::f32 &&
         request.in.type == DataType::f32 && request.out.type == DataType::f32 && !request.weighted &&
         request.row_weights == nullptr && !request.adds_to_sums() && !is_by_expert(plan.shape.layout) &&
         plan.rounds[round].dropped.empty();
}

Fold::Fold(std::shared_ptr<Plan> plan, const CombineCall& request, const Call& call)
    : Planned("combine", schedule_combine, std::move(plan), call),
      request_(request),
      row_bytes_(request.elements * sizeof(float)),
      own_(this->plan().outgoing.tokens, 0),
      sum_{.apply = add_arrived, .context = nullptr} {
  const std::int32_t self = site().rank;
  const auto own = Planned::tokens_of(self);
  const RowRange here = arrangement().range[static_cast<std::size_t>(self)];
  for (std::uint32_t number = here.first; number < here.last; ++number) own_[own[number]] = number + 1;
  std::vector<bool> comes(own_.size(), false);
  for (const Parcel& parcel : parcels()) {
    if (parcel.sends) continue;
    for (const std::uint32_t token : tokens_of(parcel)) comes[token] = true;
  }
  const auto token_at = [&](std::uint32_t window) {
    return static_cast<std::uint32_t>(
        std::min<std::uint64_t>(own_.size(), std::uint64_t{window} * this->plan().window));
  };
  for (std::uint32_t token = token_at(first_window()); token < token_at(last_window()); ++token) {
    if (!comes[token]) alone_.push_back(token);
  }
}

std::span<const std::uint32_t> Fold::tokens_of(const Parcel& parcel) const {
  return plan().outgoing.tokens_of_rank(parcel.peer).subspan(parcel.first, parcel.rows);
}

std::size_t Fold::staging_bytes(Item item, bool near) const {
  return travels_by_rows(near, row_bytes_) ? 0 : parcel(item).rows * row_bytes_;
}

void Fold::load(Item item, bool near, std::byte* staging, std::vector<transport::Transfer>& messages) {
  const Parcel& parcel = this->parcel(item);
  transport::Transfer message;
  if (!travels_by_rows(near, row_bytes_)) {
    for (std::uint32_t number = 0; parcel.sends && number < parcel.rows; ++number)
      std::memcpy(staging + number * row_bytes_, row(parcel.source, parcel.first + number), row_bytes_);
    message.data = staging;
    message.bytes = parcel.rows * row_bytes_;
    messages.push_back(message);
    return;
  }
  message.bytes = row_bytes_;
  for (std::uint32_t number = 0; number < parcel.rows; ++number) {
    if (parcel.sends) {
      message.data = const_cast<std::byte*>(row(parcel.source, parcel.first + number));  // it is only read
    } else {
      const std::uint32_t token = tokens_of(parcel)[number];
      message.data = request_.out_row(token);
      message.operand = own_row(token);
      message.combine = message.operand == nullptr ? nullptr : &sum_;
    }
    messages.push_back(message);
  }
}

Result<bool> Fold::finish(Item item, bool near, std::byte* staging) {
  const Parcel& parcel = this->parcel(item);
  if (parcel.sends) return true;
  const bool is_there = travels_by_rows(near, row_bytes_);
  for (const std::uint32_t token : tokens_of(parcel)) {
    std::byte* const out = request_.out_row(token);
    const std::byte* const own = own_row(token);
    const std::byte* const arrived = is_there ? out : staging;
    if (own == nullptr) {
      copy_sum(out, arrived, row_bytes_);
    } else if (!is_there) {
      add_arrived(nullptr, out, own, arrived, row_bytes_);
    }
    if (!is_there) staging += row_bytes_;
  }
  return true;
}

bool Fold::work(std::vector<Item>& /*freed*/) {
  if (is_done()) return false;
  const std::size_t end = std::min(alone_.size(), next_alone_ + rows_a_turn(row_bytes_));
  for (; next_alone_ < end; ++next_alone_) {
    std::byte* const out = request_.out_row(alone_[next_alone_]);
    if (const std::byte* const own = own_row(alone_[next_alone_]); own != nullptr) {
      copy_sum(out, own, row_bytes_);
    } else {
      std::memset(out, 0, row_bytes_);
    }
  }
  return true;
}

// The user's row of a source at this rank: a partial sum as it is.
const std::byte* Fold::row(std::int32_t source, std::uint32_t number) const {
  const auto from = static_cast<std::size_t>(source);
  return request_.in.row(arrangement().place[from][number - arrangement().range[from].first], request_.elements);
}

const std::byte* Fold::own_row(std::uint32_t token) const {
  return own_[token] == 0 ? nullptr : row(site().rank, own_[token] - 1);
}

}  // namespace tutti::moe
