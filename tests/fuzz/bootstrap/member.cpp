// A rank and a root whose authenticated peers say anything in any order.
#include "bootstrap/tree/member.hpp"
#include "bootstrap/tree/meeting_root.hpp"

namespace {

using namespace tutti;
using namespace tutti::bootstrap;

// Frames are cut from the input: link (1 byte), length (1 byte), that many bytes.
void feed(Machine& machine, std::span<const std::byte> input) {
  TimePoint now{std::chrono::seconds(1)};
  machine.start(now);
  while (input.size() >= 2) {
    const LinkId link = std::to_integer<LinkId>(input[0]) % 8;
    const auto size = std::min<std::size_t>(std::to_integer<std::size_t>(input[1]), input.size() - 2);
    const auto body = input.subspan(2, size);
    input = input.subspan(2 + size);
    now += std::chrono::milliseconds(7);
    if (size == 0) machine.closed(link, Ending::closed, "fuzzed", now);
    if (size == 1) machine.opened(link, {.rank = static_cast<std::int32_t>(body[0]), .world_size = 8}, now);
    if (size == 2) machine.hub_claimed(std::vector<NetAddress>{}, now);
    if (size > 2) machine.received(link, body, now);
    machine.tick(now);
    (void)machine.take_actions();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto input = std::as_bytes(std::span(data, size));
  const Log silent(LogLevels{LogLevel::off, {}}, "");
  MemberSetup setup;
  setup.rank = to_rank(3);
  setup.world_size = 8;
  setup.root.network.resize(1);
  setup.deadline = {TimePoint{std::chrono::seconds(60)}};
  setup.log = silent;
  Member member(setup);
  feed(member, input);
  MeetingRoot root("root", std::chrono::seconds(60), silent);
  feed(root, input);
  return 0;
}
