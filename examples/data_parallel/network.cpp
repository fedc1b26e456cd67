#include "network.hpp"

#include <algorithm>
#include <cmath>
#include <random>

Layer::Layer(std::size_t inputs_, std::size_t outputs_, std::uint64_t seed)
    : inputs(inputs_), outputs(outputs_), parameters((inputs_ + 1) * outputs_), gradients(parameters.size()) {
  std::mt19937_64 random(seed);
  const double reach = std::sqrt(6.0 / static_cast<double>(inputs + outputs));  // Glorot & Bengio 2010
  for (float& parameter : parameters) {
    parameter = static_cast<float>(reach * (2 * static_cast<double>(random() >> 11) * 0x1p-53 - 1));
  }
}

Network::Network(std::span<const std::size_t> widths, std::uint64_t seed) : activations_(widths.size()) {
  for (std::size_t i = 0; i + 1 < widths.size(); ++i) layers_.emplace_back(widths[i], widths[i + 1], seed + i);
}

double Network::forward(std::span<const float> sample, std::size_t label) {
  activations_[0].assign(sample.begin(), sample.end());
  for (std::size_t l = 0; l < layers_.size(); ++l) {
    const Layer& layer = layers_[l];
    const auto& in = activations_[l];
    auto& out = activations_[l + 1];
    out.assign(layer.outputs, 0);
    for (std::size_t o = 0; o < layer.outputs; ++o) {
      const float* weights = &layer.parameters[o * (layer.inputs + 1)];
      float sum = weights[layer.inputs];
      for (std::size_t i = 0; i < layer.inputs; ++i) sum += weights[i] * in[i];
      out[o] = l + 1 < layers_.size() ? std::tanh(sum) : sum;
    }
  }
  error_ = activations_.back();
  const float largest = *std::max_element(error_.begin(), error_.end());
  float total = 0;
  for (float& value : error_) total += value = std::exp(value - largest);
  for (float& value : error_) value /= total;
  const double loss = -std::log(std::max(error_[label], 1e-30F));
  error_[label] -= 1;  // softmax minus truth: the derivative of the cross-entropy
  return loss;
}

void Network::backward(std::size_t l, float scale) {
  Layer& layer = layers_[l];
  const auto& in = activations_[l];
  std::vector<float> before(layer.inputs, 0);
  for (std::size_t o = 0; o < layer.outputs; ++o) {
    const float* weights = &layer.parameters[o * (layer.inputs + 1)];
    float* gradients = &layer.gradients[o * (layer.inputs + 1)];
    const float error = error_[o];
    for (std::size_t i = 0; i < layer.inputs; ++i) {
      gradients[i] += scale * error * in[i];
      before[i] += weights[i] * error;
    }
    gradients[layer.inputs] += scale * error;
  }
  for (std::size_t i = 0; i < layer.inputs; ++i) before[i] *= 1 - in[i] * in[i];  // through the tanh
  error_ = std::move(before);
}

void Network::clear_gradients() {
  for (Layer& layer : layers_) std::fill(layer.gradients.begin(), layer.gradients.end(), 0.0F);
}

void Network::descend(float rate) {
  for (Layer& layer : layers_) {
    for (std::size_t i = 0; i < layer.parameters.size(); ++i) layer.parameters[i] -= rate * layer.gradients[i];
  }
}
