// What was measured, as text and as data.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "perf/limits/measures.hpp"

namespace tutti::limits {

struct Report {
  std::string host;
  std::string cpu;
  std::vector<int> cores;
  std::optional<double> round_trip_us;  // nothing on one core
  std::vector<Bandwidth> bandwidth;
  std::vector<AllReduce> all_reduce;
  std::vector<WakeUp> wake_up;
  double hand_over_us = 0;
  ForeignCopies foreign;
};

/// The names of this machine and of its processor.
Report describe_machine();

std::string format_text(const Report& report);

/// Schema tutti.limits/1.
nlohmann::ordered_json document_of(const Report& report);

}  // namespace tutti::limits
