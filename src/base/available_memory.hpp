// What this machine has left.
#pragma once

#include <cstddef>

namespace tutti {

/// Bytes that can still be had without swapping; SIZE_MAX when that is not known. Reads a file.
std::size_t available_memory();

}  // namespace tutti
