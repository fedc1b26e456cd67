// The files that settings name: read where a communicator is made, and nowhere else.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/config.hpp"
#include "base/result.hpp"
#include "plan/exchange/brought.hpp"
#include "plan/select/tuning.hpp"
#include "topology/fabric/description.hpp"

namespace tutti::comm {

/// What TUTTI_PLAN names. Shared by all who only read it.
struct BroughtPlans {
  std::vector<plan::Brought> plans;
  std::string
      fingerprint;  // of the contents: "ring.xml 0123456789abcdef"; the same at all ranks that may work together
};

/// `paths` has ';' between them. Fails with system when a file cannot be read, and with what `plan::read_brought` says.
Result<std::shared_ptr<const BroughtPlans>> read_plans(const std::string& paths);

/// What TUTTI_FABRIC names: a preset, or a file with a tutti.fabric/1 document.
struct BroughtFabric {
  std::optional<topology::Description> description;  // none where the setting is empty
  std::string fingerprint;                           // "meta-roce-24k 0123456789abcdef"
};

/// Fails with invalid_argument when it is neither, and with what `topology::read_description` says of the file.
Result<BroughtFabric> read_fabric(const std::string& name);

/// What TUTTI_TUNING names, or the user's cache holds.
struct MeasuredPlans {
  plan::TuningTable table;
  std::string file;         // that was read; empty: none
  std::string fingerprint;  // of the content, if it was named; it must be the same at all ranks
  std::string cached;       // of the content, if it was not: it is used where all ranks have the same
  std::string ignored;      // why a file that nobody named is not used; empty: it is, or there is none
};

/// Fails with system when a named file cannot be read, and with what `plan::read_tuning` says. A file that was not
/// named ends nothing: why it is ignored is said.
Result<MeasuredPlans> read_measured(const Config& config);

}  // namespace tutti::comm
