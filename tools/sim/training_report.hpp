// A training step as text, as data (schema tutti.step/1), and as a trace.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "tools/sim/training.hpp"

namespace tutti::predict {

std::string report(const TrainingQuestion& question, const Training& training);

nlohmann::ordered_json document_of(const TrainingQuestion& question, const Training& training, double wall_ms);

/// For chrome://tracing and Perfetto: a row for computing and one for the network. Of very many buckets the first.
std::string trace_of(const sim::TrainingTimes& times);

}  // namespace tutti::predict
