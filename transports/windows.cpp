#include "transports/windows.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>

namespace tutti::transport {
namespace {

constexpr std::array kMagic = {std::byte{'t'}, std::byte{'w'}, std::byte{'k'}, std::byte{'1'}};
constexpr std::size_t kHeader = kMagic.size() + sizeof(std::uint64_t);
constexpr std::size_t kKeyBytes = kHeader + 2 * sizeof(std::uint64_t) + sizeof(std::uint32_t);

std::uint64_t checksum(std::span<const std::byte> bytes) {
  std::uint64_t sum = 0xcbf29ce484222325;
  for (const std::byte byte : bytes) sum = (sum ^ std::to_integer<std::uint64_t>(byte)) * 0x100000001b3;
  return sum;
}

bool is_inside(std::uint64_t offset, std::uint64_t bytes, std::uint64_t window) {
  return offset <= window && bytes <= window - offset;
}

}  // namespace

std::vector<std::byte> encode(const WindowKey& key) {
  std::vector<std::byte> bytes(kKeyBytes);
  std::ranges::copy(kMagic, bytes.begin());
  std::byte* at = bytes.data() + kHeader;
  std::memcpy(at, &key.owner, sizeof(key.owner));
  std::memcpy(at + 8, &key.bytes, sizeof(key.bytes));
  std::memcpy(at + 16, &key.window, sizeof(key.window));
  bytes.insert(bytes.end(), key.more.begin(), key.more.end());
  const std::uint64_t sum = checksum(std::span(bytes).subspan(kHeader));
  std::memcpy(bytes.data() + kMagic.size(), &sum, sizeof(sum));
  return bytes;
}

std::optional<WindowKey> decode_window_key(std::span<const std::byte> bytes) {
  if (bytes.size() < kKeyBytes || !std::ranges::equal(kMagic, bytes.first(kMagic.size()))) return std::nullopt;
  std::uint64_t sum = 0;
  std::memcpy(&sum, bytes.data() + kMagic.size(), sizeof(sum));
  if (sum != checksum(bytes.subspan(kHeader))) return std::nullopt;
  WindowKey key;
  const std::byte* at = bytes.data() + kHeader;
  std::memcpy(&key.owner, at, sizeof(key.owner));
  std::memcpy(&key.bytes, at + 8, sizeof(key.bytes));
  std::memcpy(&key.window, at + 16, sizeof(key.window));
  key.more = bytes.subspan(kKeyBytes);
  return key;
}

Result<WindowKey> key_of(const Put& put, std::uint64_t owner, Rank peer, std::string_view path) {
  const auto key = decode_window_key(put.key);
  if (!key) {
    return Error{Code::invalid_argument,
                 fmt::format("{} bytes that are no window's key were given for a put to rank {} ({}): take them from "
                             "window_key of that rank",
                             put.key.size(), index(peer), path)};
  }
  if (key->owner != owner) {
    return Error{Code::invalid_argument,
                 fmt::format("the window's key of a put to rank {} is another rank's ({})", index(peer), path)};
  }
  if (!is_inside(put.offset, put.bytes, key->bytes)) {
    return Error{Code::invalid_argument,
                 fmt::format("a put of {} bytes at {} leads out of the window of rank {}, which has {} bytes ({})",
                             put.bytes, put.offset, index(peer), key->bytes, path)};
  }
  if (put.signal >= kSignals) {
    return Error{Code::invalid_argument, fmt::format("signal {} of a put to rank {} is not below {} ({})", put.signal,
                                                     index(peer), kSignals, path)};
  }
  return *key;
}

Result<WindowId> Windows::open(std::span<std::byte> memory, std::string_view path) {
  if (memory.empty()) return Error{Code::invalid_argument, fmt::format("a window of 0 bytes ({})", path)};
  for (const auto& [number, window] : open_) {
    const bool is_apart = window.memory.data() + window.memory.size() <= memory.data() ||
                          memory.data() + memory.size() <= window.memory.data();
    if (!is_apart) {
      return Error{Code::invalid_argument,
                   fmt::format("{} bytes overlap window {}, which is open ({})", memory.size(), number, path)};
    }
  }
  open_[next_].memory = memory;
  return WindowId{next_++};
}

std::vector<std::byte> Windows::key(WindowId window, std::uint64_t owner, std::span<const std::byte> more) const {
  const auto number = static_cast<std::uint32_t>(window);
  const auto place = open_.find(number);
  if (place == open_.end()) return {};
  return encode({.owner = owner, .window = number, .bytes = place->second.memory.size(), .more = more});
}

std::uint64_t Windows::arrived(WindowId window, std::uint32_t signal) const {
  const auto place = open_.find(static_cast<std::uint32_t>(window));
  if (place == open_.end() || signal >= place->second.arrived.size()) return 0;
  return place->second.arrived[signal];
}

std::byte* Windows::place(std::uint32_t window, std::uint64_t offset, std::uint64_t bytes) const {
  const auto place = open_.find(window);
  if (place == open_.end() || !is_inside(offset, bytes, place->second.memory.size())) return nullptr;
  return place->second.memory.data() + offset;
}

bool Windows::count(std::uint32_t window, std::uint32_t signal, std::uint64_t bytes) {
  const auto place = open_.find(window);
  if (place == open_.end() || signal >= kSignals) return false;
  auto& arrived = place->second.arrived;
  if (arrived.empty()) arrived.resize(kSignals);
  arrived[signal] += bytes;
  return true;
}

}  // namespace tutti::transport
