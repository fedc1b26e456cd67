// What libfabric writes into memory of peers by itself, and what of this rank they may write to.
#include <rdma/fi_rma.h>

#include <algorithm>
#include <cstring>

#include "transports/ofi/rail.hpp"
#include "transports/packets/path.hpp"

namespace tutti::transport::ofi {
namespace {

using packets::Sent;

// Keys of windows, where the provider leaves them to us: the packets' are below.
constexpr std::uint64_t kFirstKey = std::uint64_t{1} << 20;

/// What peers need: where the memory begins for the provider, and its key.
struct Exposure {
  std::uint64_t address = 0;
  std::uint64_t key = 0;
};

bool is_inside(std::span<const std::byte> bytes, std::span<const std::byte> memory) {
  return bytes.data() >= memory.data() && bytes.data() + bytes.size() <= memory.data() + memory.size();
}

}  // namespace

std::vector<std::byte> OfiRail::expose(std::uint32_t window, std::span<std::byte> memory) {
  if (limits_.written == 0) return {};
  fid_mr* registration = nullptr;
  int failed = ::fi_mr_reg(domain_, memory.data(), memory.size(), FI_WRITE | FI_REMOTE_WRITE, 0, kFirstKey + window, 0,
                           &registration, nullptr);
  if (failed == 0 && (memory_mode() & FI_MR_ENDPOINT) != 0) {
    failed = ::fi_mr_bind(registration, &endpoint_->fid, 0);
    if (failed == 0) failed = ::fi_mr_enable(registration);
    if (failed != 0) ::fi_close(&registration->fid);
  }
  if (failed != 0) return {};  // then puts come in packets
  exposed_[window] = {memory, registration};
  const bool is_virtual = (memory_mode() & FI_MR_VIRT_ADDR) != 0;
  const Exposure exposure{is_virtual ? reinterpret_cast<std::uint64_t>(memory.data()) : 0, ::fi_mr_key(registration)};
  std::vector<std::byte> bytes(sizeof(exposure));
  std::memcpy(bytes.data(), &exposure, sizeof(exposure));
  return bytes;
}

void OfiRail::conceal(std::uint32_t window) {
  const auto place = exposed_.find(window);
  if (place == exposed_.end()) return;
  ::fi_close(&place->second.registration->fid);
  exposed_.erase(place);
}

std::optional<packets::Rail::Target> OfiRail::aim(Peer /*peer*/, std::span<const std::byte> exposure) {
  if (exposure.size() != sizeof(Exposure)) return std::nullopt;
  Exposure seen;
  std::memcpy(&seen, exposure.data(), sizeof(seen));
  places_.push_back({seen.address, seen.key});
  return Target{places_.size() - 1};
}

// Where the provider wants to know memory that it reads, too, only that of windows.
bool OfiRail::can_write(std::span<const std::byte> bytes) const {
  return (memory_mode() & FI_MR_LOCAL) == 0 || exposure_with(bytes) != nullptr;
}

const OfiRail::Exposed* OfiRail::exposure_with(std::span<const std::byte> bytes) const {
  const auto place =
      std::ranges::find_if(exposed_, [&](const auto& each) { return is_inside(bytes, each.second.memory); });
  return place == exposed_.end() ? nullptr : &place->second;
}

Result<Sent> OfiRail::write(Peer peer, Target target, std::uint64_t offset, const std::byte* data,
                            const packets::Piece& piece, std::uint32_t mark) {
  if (free_writes_.empty()) free_writes_.push_back(&writes_.emplace_back());
  Packet& write = *free_writes_.back();
  write.piece = piece;
  write.piece.lent = true;
  const bool is_told = (memory_mode() & FI_MR_LOCAL) != 0;
  const Exposed* from = is_told ? exposure_with({data, piece.bytes}) : nullptr;
  void* descriptor = from != nullptr ? ::fi_mr_desc(from->registration) : nullptr;
  const Place& place = places_[target.value];
  const iovec local{const_cast<std::byte*>(data), piece.bytes};
  const fi_rma_iov remote{place.address + offset, piece.bytes, place.key};
  fi_msg_rma message{};
  message.msg_iov = &local;
  message.desc = &descriptor;
  message.iov_count = 1;
  message.addr = peer.value;
  message.rma_iov = &remote;
  message.rma_iov_count = 1;
  message.context = &write.context;
  message.data = mark;
  const std::uint64_t shows = limits_.marks ? FI_REMOTE_CQ_DATA : 0;
  const auto posted = ::fi_writemsg(endpoint_, &message, FI_COMPLETION | FI_DELIVERY_COMPLETE | shows);
  if (posted == -FI_EAGAIN) return Sent::not_now;
  if (posted != 0) return error("nothing can be written to the peer", posted);
  free_writes_.pop_back();
  return Sent::lent;
}

}  // namespace tutti::transport::ofi
