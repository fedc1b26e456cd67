// The results as data: schema tutti.p2p/1. See docs/point-to-point.md.
#pragma once

#include <nlohmann/json.hpp>

#include "tools/perf/p2p/row.hpp"

namespace tutti::perf::p2p {

/// A row has the members of the modes that were measured.
nlohmann::ordered_json document_of(const Options& options, const Site& site, const std::vector<Row>& rows);

}  // namespace tutti::perf::p2p
