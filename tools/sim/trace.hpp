// What ranks did as a trace that chrome://tracing and Perfetto show.
#pragma once

#include <string>

#include "tools/sim/rehearse.hpp"

namespace tutti::predict {

/// The last row's: a process a rank that was simulated, with rows for what it computes, sends and receives. Of many
/// ranks the first so many events.
std::string trace_of(const Rehearsal& rehearsal);

}  // namespace tutti::predict
