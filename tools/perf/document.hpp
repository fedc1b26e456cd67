// The results as data: schema tutti.perf/1.
#pragma once

#include <nlohmann/json.hpp>
#include <vector>

#include "tools/perf/row.hpp"

namespace tutti::perf {

/// Times are of each iteration's slowest rank; the bandwidths belong to their median. Where several types, operators or
/// roots were asked for, the head repeats the words of the call and every row says its own.
nlohmann::ordered_json document_of(const Options& options, const Job& job, const std::vector<Row>& rows);

/// Fails with system when the file cannot be written.
Status write_document(const std::string& path, const nlohmann::ordered_json& document);

}  // namespace tutti::perf
