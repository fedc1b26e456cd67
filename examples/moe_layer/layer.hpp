// A mixture-of-experts layer whose experts lie on the ranks of a communicator.
//
//   out[t] = sum over the experts e that token t chooses of weight * (matrix[e] x[t])
//
// Forward is a dispatch, the experts, and a combine. Backward is the same the other way round, on the same plan: the
// gradient of the result is dispatched (the backward of combine), and those of tokens and weights are combined (the
// backward of dispatch).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <tutti/tutti.hpp>
#include <vector>

/// A batch of one rank: `topk` experts and weights a token.
struct Batch {
  std::vector<float> x;  // a row of kWidth a token
  std::vector<std::int32_t> experts;
  std::vector<float> weights;
};

class MoeLayer {
 public:
  static constexpr std::size_t kWidth = 32;
  static constexpr int kTopk = 3;

  MoeLayer(const tutti::Communicator& comm, int experts, std::int64_t most_tokens);

  /// One row a token.
  std::vector<float> forward(const Batch& batch);

  struct Gradients {
    std::vector<float> x;         // a row a token
    std::vector<float> weights;   // one a choice
    std::vector<float> matrices;  // of this rank's experts
  };
  /// Of the batch that went forward last; `out`: of a loss by what `forward` gave.
  Gradients backward(std::span<const float> out);

  /// The experts that this rank holds.
  [[nodiscard]] const std::vector<int>& held() const { return held_; }

 private:
  void multiply(std::size_t slot, const float* in, float* out) const;

  tutti::Experts experts_;
  tutti::ExpertPlan plan_;
  std::vector<int> held_;
  std::vector<float> matrices_;  // of this rank's experts, one after the other
  std::size_t tokens_ = 0;
  std::vector<float> rows_;  // what came to this rank: one row a choice
};
