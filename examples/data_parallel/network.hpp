// A small fully connected network with tanh between its layers and a softmax at its end, in plain C++.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

/// One layer: out = weights * in + bias. The bias is the last column of the weights, so that all of a layer's
/// parameters, and all of its gradients, lie in one array: one bucket for one all-reduce.
struct Layer {
  Layer(std::size_t inputs, std::size_t outputs, std::uint64_t seed);

  std::size_t inputs;
  std::size_t outputs;
  std::vector<float> parameters;
  std::vector<float> gradients;
};

class Network {
 public:
  /// Layers between these widths; the same seed gives the same parameters on every rank.
  Network(std::span<const std::size_t> widths, std::uint64_t seed);

  /// Forward pass of one sample; returns its cross-entropy loss. Follow it with `backward` for every layer, last first.
  double forward(std::span<const float> sample, std::size_t label);

  /// Adds the sample's gradients of one layer. `scale` is 1 / the samples of a step over all ranks.
  void backward(std::size_t layer, float scale);

  void clear_gradients();
  void descend(float rate);

  [[nodiscard]] std::size_t depth() const { return layers_.size(); }
  [[nodiscard]] std::span<float> gradients(std::size_t layer) { return layers_[layer].gradients; }

 private:
  std::vector<Layer> layers_;
  std::vector<std::vector<float>> activations_;  // of the last sample: the input, then each layer's output
  std::vector<float> error_;                     // how the loss changes with the output of the layer that comes next
};
