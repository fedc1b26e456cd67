#include "moe/sums.hpp"

#include <algorithm>

#include "kernels/kernels.hpp"

namespace tutti::moe {

Sums::Sums(const Plan& plan, const CombineCall& call, std::size_t round)
    : plan_(plan),
      arrangement_(plan.rounds[round]),
      call_(call),
      coder_(call.wire),
      row_bytes_(moe::row_bytes(call.wire, call.elements)),
      plain_(!call.weighted && call.row_weights == nullptr && !is_by_expert(plan.shape.layout) &&
             call.in.type == element_of(call.wire) && arrangement_.dropped.empty()),
      direct_(plain_ && call.out.type == call.in.type && !call.adds_to_sums()),
      total_(call.elements),
      node_(call.elements),
      partial_(call.elements),
      row_(call.elements) {}

// It is only read.
const std::byte* Sums::plain_row(std::int32_t source, std::uint32_t row) const {
  const auto from = static_cast<std::size_t>(source);
  return call_.in.row(arrangement_.place[from][row - arrangement_.range[from].first], call_.elements);
}

// This rank's rows for one token of a source, summed into partial_. Rows that were dropped count as zeros.
void Sums::sum_partial(std::int32_t source, std::uint32_t row) {
  const auto from = static_cast<std::size_t>(source);
  const Source& rows = plan_.sources[from];
  const bool by_expert = is_by_expert(plan_.shape.layout);
  const RowRange range = arrangement_.range[from];
  const std::uint32_t base = by_expert ? rows.first_entry(range.first) : range.first;
  const std::uint32_t first = by_expert ? rows.first_entry(row) : row;
  const std::uint32_t last = by_expert ? rows.entry_ends[row] : row + 1;
  const auto widen = kernels::widen(call_.in.type);
  bool any = false;
  for (std::uint32_t at = first; at < last; ++at) {
    const Place place = arrangement_.place[from][at - base];
    if (place == kNowhere) continue;
    float weight = call_.weighted && !rows.weights.empty() ? rows.weights[at] : 1.0F;
    if (call_.row_weights != nullptr) weight *= call_.row_weights[place];
    widen(any ? row_.data() : partial_.data(), call_.in.row(place, call_.elements), call_.elements,
          static_cast<double>(weight));
    if (any) add(partial_, row_);
    any = true;
  }
  if (!any) std::fill(partial_.begin(), partial_.end(), 0.0F);
}

void Sums::add(std::vector<float>& sum, const std::vector<float>& more) const {
  kernels::reduce2(DataType::f32, ReduceOp::sum)(sum.data(), sum.data(), more.data(), call_.elements);
}

void Sums::write_partial(std::int32_t source, std::uint32_t row, std::byte* out) {
  sum_partial(source, row);
  coder_.encode(out, partial_.data(), call_.elements);
}

void Sums::add_own(std::int32_t source, std::uint32_t row, bool rounded) {
  sum_partial(source, row);
  if (rounded) coder_.round(partial_.data(), call_.elements);
  add_term();
}

void Sums::add_arrived(const std::byte* row) {
  coder_.decode(partial_.data(), row, call_.elements);
  add_term();
}

void Sums::add_term() {
  if (terms_++ == 0) {
    node_.swap(partial_);
  } else {
    add(node_, partial_);
  }
}

void Sums::write_node(std::byte* out) {
  coder_.encode(out, node_.data(), call_.elements);
  terms_ = 0;
}

// A gateway would have rounded the sum; of one term that changes nothing.
void Sums::end_node(bool is_far) {
  if (terms_ == 0) return;
  if (terms_ > 1 && is_far) coder_.round(node_.data(), call_.elements);
  if (nodes_++ == 0) {
    total_.swap(node_);
  } else {
    add(total_, node_);
  }
  terms_ = 0;
}

void Sums::add_matrix(const Matrix& matrix, std::uint32_t token) {
  if (matrix.data == nullptr) return;
  kernels::widen(matrix.type)(row_.data(), matrix.row(token, call_.elements), call_.elements, 1);
  add(total_, row_);
}

void Sums::write_token(std::uint32_t token) {
  if (nodes_ == 0) std::fill(total_.begin(), total_.end(), 0.0F);
  nodes_ = 0;
  for (const Matrix& bias : call_.bias) add_matrix(bias, token);
  if (call_.accumulate) add_matrix(call_.out, token);
  kernels::narrow(call_.out.type)(call_.out_row(token), total_.data(), call_.elements, 1);
}

void Sums::write_sum(std::uint32_t token, std::span<const void* const> terms) const {
  kernels::reduce_many(call_.out.type, ReduceOp::sum)(call_.out_row(token), terms, call_.elements, 1);
}

}  // namespace tutti::moe
