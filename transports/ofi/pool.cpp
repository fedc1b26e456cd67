#include "transports/ofi/pool.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace tutti::transport::ofi {
namespace {

constexpr std::size_t kPage = 4096;
constexpr std::size_t kSlab = 16;  // packets that sending adds at a time

}  // namespace

Pool::~Pool() {
  for (auto& slab : slabs_) {
    if (slab->registration != nullptr) ::fi_close(&slab->registration->fid);
  }
}

Result<std::vector<Packet*>> Pool::make(std::size_t count) {
  auto slab = std::make_unique<Slab>();
  slab->memory.reset(static_cast<std::byte*>(std::aligned_alloc(kPage, count * packets::kPacketBytes)));
  if (!slab->memory) return Error{Code::system, "ofi: no memory for packets"};
  slab->packets.resize(count);
  TUTTI_TRY(register_memory(*slab));
  std::vector<Packet*> made;
  for (std::size_t i = 0; i < count; ++i) {
    Packet& packet = slab->packets[i];
    packet.memory = slab->memory.get() + i * packets::kPacketBytes;
    packet.descriptor = slab->registration != nullptr ? ::fi_mr_desc(slab->registration) : nullptr;
    made.push_back(&packet);
  }
  slabs_.push_back(std::move(slab));
  made_ += count;
  return made;
}

Status Pool::register_memory(Slab& slab) {
  const int mode = offer_->info->domain_attr->mr_mode;
  if ((mode & FI_MR_LOCAL) == 0) return {};
  int failed = ::fi_mr_reg(domain_, slab.memory.get(), slab.packets.size() * packets::kPacketBytes, FI_SEND | FI_RECV,
                           0, next_key_++, 0, &slab.registration, nullptr);
  if (failed == 0 && (mode & FI_MR_ENDPOINT) != 0) {
    failed = ::fi_mr_bind(slab.registration, &endpoint_->fid, 0);
    if (failed == 0) failed = ::fi_mr_enable(slab.registration);
  }
  if (failed == 0) return {};
  return ofi_error(
      *library_,
      fmt::format("{} {}: memory cannot be registered (see ulimit -l)", offer_->provider(), offer_->device()), failed);
}

Result<Packet*> Pool::take(std::size_t most, bool must) {
  const std::size_t room = most - std::min(most, in_use_);
  if (room == 0 && !must) return nullptr;
  if (free_.empty()) free_ = TUTTI_TRY(make(std::clamp(room, std::size_t{1}, kSlab)));
  Packet* packet = free_.back();
  free_.pop_back();
  ++in_use_;
  return packet;
}

void Pool::give_back(Packet& packet) {
  --in_use_;
  free_.push_back(&packet);
}

}  // namespace tutti::transport::ofi
