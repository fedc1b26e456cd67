#include "layer.hpp"

namespace {

constexpr std::size_t kWidth = MoeLayer::kWidth;
constexpr std::size_t kMatrix = kWidth * kWidth;

tuttiEpConfig_t config_of(int experts, std::int64_t most_tokens) {
  auto config = tutti::make_experts_config(experts);
  config.maxTopk = MoeLayer::kTopk;
  config.maxTokens = most_tokens;
  config.maxRowBytes = kWidth * sizeof(float);
  return config;
}

// Any matrix will do that no other expert has. Small integers keep float32 exact.
float element_of(int expert, std::size_t at) {
  return static_cast<float>((static_cast<std::size_t>(expert) * 5 + at * 7 + at / kWidth * 3) % 5) - 2.0F;
}

}  // namespace

MoeLayer::MoeLayer(const tutti::Communicator& comm, int experts, std::int64_t most_tokens)
    : experts_(comm, config_of(experts, most_tokens)),
      plan_(experts_.plan(tutti::make_routing(std::span<const std::int32_t>(), kTopk), tutti::Layout::expert_major)) {
  const auto info = plan_.info();  // an empty batch already tells which experts are here
  held_.assign(info.slotExpert, info.slotExpert + info.numSlots);
  for (const int expert : held_) {
    for (std::size_t at = 0; at < kMatrix; ++at) matrices_.push_back(element_of(expert, at));
  }
}

void MoeLayer::multiply(std::size_t slot, const float* in, float* out) const {
  const float* const matrix = matrices_.data() + slot * kMatrix;
  for (std::size_t row = 0; row < kWidth; ++row) {
    out[row] = 0;
    for (std::size_t column = 0; column < kWidth; ++column) out[row] += matrix[row * kWidth + column] * in[column];
  }
}

std::vector<float> MoeLayer::forward(const Batch& batch) {
  tokens_ = batch.x.size() / kWidth;
  plan_.update(
      tutti::make_routing(std::span<const std::int32_t>(batch.experts), kTopk, std::span<const float>(batch.weights)));
  const auto info = plan_.info();
  rows_.assign(static_cast<std::size_t>(info.recvRows) * kWidth, 0.0F);
  plan_.dispatch({tutti::make_column(std::span<const float>(batch.x), std::span(rows_), kWidth)});
  std::vector<float> results(rows_.size());
  for (std::int64_t choice = 0; choice < info.choices; ++choice) {
    const auto row = static_cast<std::size_t>(info.choiceRow[choice]) * kWidth;
    multiply(static_cast<std::size_t>(info.choiceSlot[choice]), &rows_[row], &results[row]);
  }
  std::vector<float> out(batch.x.size());
  auto call = tutti::make_combine(std::span<const float>(results), std::span(out), kWidth);
  call.weighted = 1;
  plan_.combine(call);
  return out;
}

MoeLayer::Gradients MoeLayer::backward(std::span<const float> out) {
  const auto info = plan_.info();
  std::vector<float> of_results(rows_.size());  // of the loss by weight * (matrix x)
  plan_.dispatch({tutti::make_column(out, std::span(of_results), kWidth)});
  std::vector<float> of_rows(rows_.size(), 0.0F);
  std::vector<float> of_weights(rows_.size() / kWidth * kTopk, 0.0F);
  Gradients all{std::vector<float>(out.size()), std::vector<float>(tokens_ * kTopk),
                std::vector<float>(matrices_.size(), 0.0F)};
  std::vector<float> result(kWidth);
  for (std::int64_t choice = 0; choice < info.choices; ++choice) {
    const auto row = static_cast<std::size_t>(info.choiceRow[choice]);
    const auto slot = static_cast<std::size_t>(info.choiceSlot[choice]);
    const float weight = info.choiceWeight[choice];
    const float* const x = &rows_[row * kWidth];
    const float* const gradient = &of_results[row * kWidth];
    multiply(slot, x, result.data());
    float& of_weight = of_weights[row * kTopk + static_cast<std::size_t>(info.choiceK[choice])];
    for (std::size_t i = 0; i < kWidth; ++i) {
      of_weight += gradient[i] * result[i];
      for (std::size_t j = 0; j < kWidth; ++j) {
        of_rows[row * kWidth + j] += weight * matrices_[slot * kMatrix + i * kWidth + j] * gradient[i];
        all.matrices[slot * kMatrix + i * kWidth + j] += weight * gradient[i] * x[j];
      }
    }
  }
  plan_.combine(tutti::make_combine(std::span<const float>(of_rows), std::span(all.x), kWidth));
  plan_.combine(tutti::make_combine(std::span<const float>(of_weights), std::span(all.weights), std::size_t{kTopk}));
  return all;
}
