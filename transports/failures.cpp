#include "transports/failures.hpp"

#include <fmt/format.h>

namespace tutti::transport {

Error peer_gone(Rank peer, std::string_view path) {
  return {Code::peer_lost, fmt::format("rank {} is gone ({})", index(peer), path), peer};
}

Error peer_left(Rank peer, std::string_view path) {
  return {Code::peer_lost, fmt::format("rank {} closed its path ({})", index(peer), path), peer};
}

Error peer_refused(Rank peer, std::string_view path) {
  return {Code::invalid_usage,
          fmt::format("rank {} got a message that does not fit its call: the ranks called different things ({})",
                      index(peer), path),
          peer};
}

Error wrong_fingerprint(Rank peer, std::string_view path, std::uint32_t got, std::uint32_t expected) {
  return {Code::invalid_usage,
          fmt::format("rank {} sent a message of call {:08x} where one of call {:08x} was expected: the ranks called "
                      "different things ({})",
                      index(peer), got, expected, path),
          peer};
}

Error wrong_length(Rank peer, std::string_view path, std::uint64_t got, std::uint64_t expected) {
  return {Code::invalid_usage,
          fmt::format("rank {} sent {} bytes where {} were expected: the ranks called different things ({})",
                      index(peer), got, expected, path),
          peer};
}

Error wrong_put(Rank peer, std::string_view path, std::uint32_t window, std::uint64_t offset, std::uint64_t bytes) {
  return {Code::invalid_usage,
          fmt::format("rank {} put {} bytes at {} into window {}, which is not open, or not any more ({})", index(peer),
                      bytes, offset, window, path),
          peer};
}

Error put_refused(Rank peer, std::string_view path) {
  return {Code::invalid_usage, fmt::format("rank {} refused a put: its window is closed ({})", index(peer), path),
          peer};
}

Error wrong_write(Rank peer, std::string_view path) {
  return {Code::invalid_usage,
          fmt::format("rank {} put into a window that is not open any more ({})", index(peer), path), peer};
}

Error path_cancelled(Rank peer, std::string_view path) {
  return {Code::aborted, fmt::format("the path to rank {} was cancelled ({})", index(peer), path), std::nullopt};
}

}  // namespace tutti::transport
