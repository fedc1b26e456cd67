#include "tools/perf/p2p/pair.hpp"

#include <algorithm>

#include "tools/perf/data.hpp"

namespace tutti::perf::p2p {

Status Pair::send(std::size_t at, std::size_t bytes) {
  return checked(tuttiSend(send_.data() + at, bytes, tuttiUint8, peer(), seat_.comm(), nullptr), "send", seat_.comm());
}

Status Pair::receive(std::size_t at, std::size_t bytes) {
  return checked(tuttiRecv(recv_.data() + at, bytes, tuttiUint8, peer(), seat_.comm(), nullptr), "receive",
                 seat_.comm());
}

Status Pair::ping_pong(std::size_t bytes) {
  if (is_first()) {
    TUTTI_TRY(send(0, bytes));
    return receive(0, bytes);
  }
  TUTTI_TRY(receive(0, bytes));
  return send(0, bytes);
}

Status Pair::window(const Load& load, bool sends, bool receives) {
  TUTTI_TRY(checked(tuttiGroupStart(), "group"));
  for (int i = 0; i < load.window; ++i) {
    const std::size_t at = static_cast<std::size_t>(i) * load.bytes;
    if (receives) TUTTI_TRY(receive(at, load.bytes));
    if (sends) TUTTI_TRY(send(at, load.bytes));
  }
  return checked(tuttiGroupEnd(), "window", seat_.comm());
}

Status Pair::acknowledge() {
  std::byte word{};
  if (is_first())
    return checked(tuttiRecv(&word, 1, tuttiUint8, peer(), seat_.comm(), nullptr), "acknowledgement", seat_.comm());
  return checked(tuttiSend(&word, 1, tuttiUint8, peer(), seat_.comm(), nullptr), "acknowledgement", seat_.comm());
}

Status Pair::turn(Mode mode, const Load& load) {
  switch (mode) {
    case Mode::latency:
      return ping_pong(load.bytes);
    case Mode::bandwidth:
      TUTTI_TRY(window(load, is_first(), !is_first()));
      return acknowledge();
    case Mode::bidirectional:
      TUTTI_TRY(window(load, true, true));
      return acknowledge();
    case Mode::rate:
      break;
  }
  TUTTI_TRY(window(load, is_first(), !is_first()));
  if (!is_first()) return acknowledge();
  if (std::exchange(owed_, true)) return acknowledge();  // that of the window before
  return {};
}

Status Pair::settle() {
  return std::exchange(owed_, false) ? acknowledge() : Status();
}

std::size_t Pair::received_by_this_end(Mode mode, const Load& load) const {
  if (mode == Mode::latency) return load.bytes;
  const bool receives = mode == Mode::bidirectional || !is_first();
  return receives ? static_cast<std::size_t>(load.window) * load.bytes : 0;
}

Result<std::uint64_t> Pair::check(Mode mode, const Load& load, std::uint64_t seed) {
  const std::size_t whole = static_cast<std::size_t>(load.window) * load.bytes;
  const std::size_t expected = received_by_this_end(mode, load);
  const DataSpec spec{.type = DataType::u8, .ranks = 2, .seed = seed};
  const Pattern mine = message_of(spec, seat_.rank());
  Pattern theirs = message_of(spec, peer());
  const auto invert = [](std::byte* data, std::size_t bytes) {
    std::transform(data, data + bytes, data, [](std::byte each) { return ~each; });
  };
  fill(send_.data(), mine, 1, 0, whole);
  fill(recv_.data(), theirs, 1, 0, expected + kGuard);
  invert(recv_.data(), expected + kGuard);  // wrong in every byte, until something comes
  TUTTI_TRY(seat_.barrier());
  TUTTI_TRY(turn(mode, load));
  TUTTI_TRY(settle());
  std::uint64_t wrong = count_wrong(recv_.data(), theirs, 1, 0, expected);
  invert(theirs.data(), theirs.size());
  if (count_wrong(recv_.data() + expected, theirs, 1, expected, kGuard) > 0) ++wrong;
  return wrong + count_wrong(send_.data(), mine, 1, 0, whole);
}

}  // namespace tutti::perf::p2p
