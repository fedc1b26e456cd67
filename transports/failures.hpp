// The words in which every transport says why a path failed. `path` is the transport as errors show it: "shm".
#pragma once

#include <cstdint>
#include <string_view>

#include "base/result.hpp"

namespace tutti::transport {

/// The peer died, or nobody answers at its address.
Error peer_gone(Rank peer, std::string_view path);

/// The peer closed its transport without dying.
Error peer_left(Rank peer, std::string_view path);

/// The peer could not use what this rank sent: the other end of a mismatch.
Error peer_refused(Rank peer, std::string_view path);

/// A message that does not belong to the receive that it met.
Error wrong_fingerprint(Rank peer, std::string_view path, std::uint32_t got, std::uint32_t expected);
Error wrong_length(Rank peer, std::string_view path, std::uint64_t got, std::uint64_t expected);

/// A put into a window that is not open, or not any more: at the window's end, and at the other.
Error wrong_put(Rank peer, std::string_view path, std::uint32_t window, std::uint64_t offset, std::uint64_t bytes);
Error put_refused(Rank peer, std::string_view path);
/// The same at the window's end, where a NIC has refused it.
Error wrong_write(Rank peer, std::string_view path);

/// This rank called cancel().
Error path_cancelled(Rank peer, std::string_view path);

}  // namespace tutti::transport
