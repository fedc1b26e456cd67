// The results as a table, and as data: schema tutti.moe/1. See docs/moe.md.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tools/perf/moe/row.hpp"
#include "tools/perf/row.hpp"

namespace tutti::perf::moe {

std::string format_head(const Options& options, const Job& job, const Speeds& speeds);
std::string format_row(const Row& row);
std::string format_tail(const std::vector<Row>& rows);

nlohmann::ordered_json document_of(const Options& options, const Job& job, const Speeds& speeds,
                                   const std::vector<Row>& rows);

}  // namespace tutti::perf::moe
