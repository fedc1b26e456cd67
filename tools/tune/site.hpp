// What the library says of the job: where it is, and the levels and links that it plans with.
#pragma once

#include "plan/select/tuning.hpp"
#include "tools/job/member.hpp"
#include "topology/fabric/fabric.hpp"

namespace tutti::tune {

struct Place {
  plan::Site site;
  topology::Fabric fabric;
};

/// The same at every rank.
Result<Place> look(const job::Member& member);

}  // namespace tutti::tune
