// The arithmetic of combine: out[token] = sum over its choices of weight * row, in float32.
//
// The order of additions is part of the contract, so that the same plan gives the same bits whatever the route, the
// staging memory, the rounds or the order of arrival:
//   partial(r)  of a token at rank r: its rows there, in the order of its choices
//   node(n)     the sum of round(partial(r)) over the ranks of node n, ascending; rounded once more where n is not the
//               token's own node. The token's own rank's partial is not rounded.
//   out         the sum of node(n) over the nodes, ascending; plus bias[0], plus bias[1], plus what was there if
//               `accumulate`; then converted to its type
// where round() is the way through the wire type, and each sum begins with its first term.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "moe/combine_call.hpp"
#include "moe/plan.hpp"
#include "moe/wire.hpp"

namespace tutti::moe {

class Sums {
 public:
  /// The plan must outlive it.
  Sums(const Plan& plan, const CombineCall& call, std::size_t round);

  [[nodiscard]] std::size_t row_bytes() const { return row_bytes_; }  // as rows travel

  /// A partial is a row of the user's, as it travels; and so is the result.
  [[nodiscard]] bool is_plain() const { return plain_; }
  [[nodiscard]] bool is_direct() const { return direct_; }
  [[nodiscard]] const std::byte* plain_row(std::int32_t source, std::uint32_t row) const;

  /// This rank's partial for a source's row, as it travels.
  void write_partial(std::int32_t source, std::uint32_t row, std::byte* out);

  /// A node's sum, term by term: this rank's partial, rounded or not, or one that has come.
  void add_own(std::int32_t source, std::uint32_t row, bool rounded);
  void add_arrived(const std::byte* row);
  /// The end of it: it is written as it travels, or it goes into the token's sum. Without terms it is nothing.
  void write_node(std::byte* out);
  void end_node(bool is_far);
  /// The end of the token's sum; zero without nodes.
  void write_token(std::uint32_t token);

  /// The same as all that for a token, where the call is direct and its terms are added from left to right.
  void write_sum(std::uint32_t token, std::span<const void* const> terms) const;

 private:
  void sum_partial(std::int32_t source, std::uint32_t row);
  void add_term();
  void add(std::vector<float>& sum, const std::vector<float>& more) const;
  void add_matrix(const Matrix& matrix, std::uint32_t token);

  const Plan& plan_;
  const Arrangement& arrangement_;
  CombineCall call_;
  Coder coder_;
  std::size_t row_bytes_;
  bool plain_;
  bool direct_;
  std::size_t nodes_ = 0;  // in total_
  std::size_t terms_ = 0;  // in node_
  std::vector<float> total_;
  std::vector<float> node_;
  std::vector<float> partial_;
  std::vector<float> row_;
};

}  // namespace tutti::moe
