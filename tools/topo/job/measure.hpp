// Measures a job, pair by pair, and infers its levels.
#pragma once

#include <string>

#include "tools/job/member.hpp"
#include "topology/fabric/description.hpp"
#include "topology/infer/infer.hpp"

namespace tutti::topo {

struct Measured {
  int ranks = 1;
  int nodes = 1;
  std::size_t pairs = 0;
  std::size_t waves = 0;
  std::size_t alone = 0;  // pairs that were measured again, one at a time
  double seconds = 0;
  std::vector<topology::Probe> probes;  // of the waves
  topology::Inferred inferred;
  topology::Description description;  // the same as a fabric
};

/// All ranks call it; rank 0 gets the answer. `source` says in the description who measured.
Result<Measured> measure(job::Member& member, const std::string& source);

/// The answer for people, and as data (schema tutti.measured/1).
std::string text_of(const Measured& measured);
std::string document_of(const Measured& measured);

}  // namespace tutti::topo
