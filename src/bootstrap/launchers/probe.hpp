// Is somebody there who serves this id?
#pragma once

#include "base/clock.hpp"
#include "base/result.hpp"
#include "bootstrap/trust/id_fields.hpp"

namespace tutti::bootstrap {

/// Connects to the root and has both ends prove the key, no more. One attempt, five seconds at most.
/// Fails with transport: nobody there, another key, another version. The text says which.
Status probe(const IdFields& id);

/// `probe` until it succeeds or the deadline passes, with pauses that grow to a quarter of a second.
Status await_root(const IdFields& id, Deadline deadline);

}  // namespace tutti::bootstrap
