// Short messages on the spot: what fits into the ring whole, and has come whole, passes no queue.
#include <cstring>

#include "transports/shm/endpoint.hpp"

namespace tutti::transport::shm {

bool ShmEndpoint::send_now(std::span<const std::byte> message, std::uint32_t fingerprint) {
  if (!producer_ || !sends_.empty() || failure_ || !producer_->has_room_for_all_of(message.size())) return false;
  std::size_t sent = 0;
  if (producer_->push(message, fingerprint, sent) != Producer::Push::done) return false;
  if (producer_->must_wake_consumer()) connection_.ring_doorbell();
  return true;
}

// Whatever is not as it should be is left where it is: `pull_receives` finds it again, and says what it is.
bool ShmEndpoint::find_now(std::size_t bytes, std::uint32_t fingerprint, Consumer::Piece& piece) {
  if (!consumer_ || !receives_.empty() || failure_ || consumer_->look(piece) != Consumer::Look::piece) return false;
  const bool is_all = piece.data != nullptr && piece.kind != PieceKind::more && piece.message_bytes == piece.bytes;
  return is_all && piece.bytes == bytes && piece.fingerprint == fingerprint;
}

void ShmEndpoint::release_now(const Consumer::Piece& piece) {
  consumer_->release(piece);
  if (consumer_->must_wake_producer()) connection_.ring_doorbell();
}

bool ShmEndpoint::recv_now(std::span<std::byte> message, std::uint32_t fingerprint) {
  Consumer::Piece piece;
  if (!find_now(message.size(), fingerprint, piece)) return false;
  if (!message.empty()) std::memcpy(message.data(), piece.data, message.size());
  release_now(piece);
  return true;
}

bool ShmEndpoint::combine_now(std::span<std::byte> out, const std::byte* operand, const Combine& combine,
                              std::uint32_t fingerprint) {
  Consumer::Piece piece;
  if (!find_now(out.size(), fingerprint, piece)) return false;
  combine.apply(combine.context, out.data(), operand, piece.data, out.size());
  release_now(piece);
  return true;
}

}  // namespace tutti::transport::shm
