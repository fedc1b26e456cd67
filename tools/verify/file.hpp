// A file with somebody's plan, proven as it is where TUTTI_PLAN names it: `tutti verify --plan FILE`.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "tools/verify/outcome.hpp"

namespace tutti::prove {

/// One kind of call that the file may serve.
struct FormProof {
  std::string form;  // "apart", "in place", "converted"
  std::uint64_t plans = 0;
  std::uint64_t steps = 0;  // of all ranks
  std::string error;        // why it does not serve such calls; empty: it holds
};

struct FileProof {
  std::string name;  // empty: it could not be read
  std::string collective;
  std::int32_t ranks = 0;
  std::vector<FormProof> forms;
};

/// Fails, in `outcome`, where the library would refuse the file. A file that serves some kinds of calls only holds.
FileProof prove_file(const std::string& path, std::string_view text, Outcome& outcome);

std::string report(const FileProof& proof);
nlohmann::ordered_json document_of(const FileProof& proof);

}  // namespace tutti::prove
