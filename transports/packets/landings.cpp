#include "transports/packets/landings.hpp"

namespace tutti::transport::packets {

Header header_of(const Note& note) {
  return {.kind = PacketKind::note,
          .message = note.window,
          .offset = std::uint64_t{note.writes} << 32 | note.put,
          .bytes = note.bytes,
          .fingerprint = note.signal};
}

Note note_of(const Header& header) {
  return {.window = static_cast<std::uint32_t>(header.message),
          .signal = header.fingerprint,
          .bytes = header.bytes,
          .put = static_cast<std::uint32_t>(header.offset) % Mark::kPuts,
          .writes = static_cast<std::uint32_t>(header.offset >> 32)};
}

std::optional<Note> Landings::noted(const Note& note) {
  if (note.writes == 0) return note;
  landings_[note.put].note = note;
  return settle(note.put);
}

std::optional<Note> Landings::marked(std::uint32_t put) {
  ++landings_[put].marks;
  return settle(put);
}

std::optional<Note> Landings::settle(std::uint32_t put) {
  const auto place = landings_.find(put);
  Landing& landing = place->second;
  if (!landing.note || landing.marks < landing.note->writes) return std::nullopt;
  const Note note = *landing.note;
  landing.marks -= note.writes;
  landing.note.reset();
  if (landing.marks == 0) landings_.erase(place);
  return note;
}

}  // namespace tutti::transport::packets
