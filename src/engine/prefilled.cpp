#include "engine/prefilled.hpp"

#include <cstring>

namespace tutti::engine {
namespace {

std::byte* at(const Places& places, const Prefilled::Spot& spot) {
  return places[static_cast<std::size_t>(spot.buffer)] + spot.offset;
}

}  // namespace

std::uint32_t Prefilled::run(const Places& places, std::uint32_t fingerprint, Patience patience) {
  for (const Move& move : moves_) {
    switch (move.kind) {
      case Kind::send: {
        const std::span<const std::byte> message(at(places, move.src), move.bytes);
        if (!patience.wait_for([&] { return move.endpoint->send_now(message, fingerprint); })) return move.step;
        break;
      }
      case Kind::recv: {
        const std::span<std::byte> message(at(places, move.dst), move.bytes);
        if (!patience.wait_for([&] { return move.endpoint->recv_now(message, fingerprint); })) return move.step;
        break;
      }
      case Kind::recv_reduce: {
        const transport::Combine combine{move.flag ? combine_arrived_left : combine_arrived_right, &arithmetic_};
        const std::span<std::byte> out(at(places, move.dst), move.bytes);
        const std::byte* const local = at(places, move.src);
        if (!patience.wait_for([&] { return move.endpoint->combine_now(out, local, combine, fingerprint); }))
          return move.step;
        break;
      }
      case Kind::copy:
        if (at(places, move.dst) != at(places, move.src))
          std::memcpy(at(places, move.dst), at(places, move.src), move.bytes);
        break;
      case Kind::prepare:
        arithmetic_.prepare(at(places, move.dst), at(places, move.src), move.elements);
        break;
      case Kind::finish:
        arithmetic_.finish(at(places, move.dst), at(places, move.src), move.elements);
        break;
      case Kind::reduce:
        reduce(move, places);
        break;
    }
  }
  return steps_;
}

void Prefilled::reduce(const Move& move, const Places& places) {
  for (std::uint32_t i = 0; i < move.sources; ++i) pointers_[i] = at(places, sources_[move.first_source + i]);
  arithmetic_.reduce(at(places, move.dst), std::span(pointers_).first(move.sources), move.own, move.elements,
                     move.flag);
}

}  // namespace tutti::engine
