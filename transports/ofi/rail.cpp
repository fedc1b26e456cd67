#include "transports/ofi/rail.hpp"

#include <fmt/format.h>
#include <rdma/fi_cm.h>
#include <rdma/fi_eq.h>

#include <algorithm>
#include <array>

namespace tutti::transport::ofi {
namespace {

constexpr std::size_t kReceives = 64;  // packets that wait for what comes: 1 MiB
constexpr std::size_t kSlab = 16;      // packets that sending adds at a time
constexpr std::size_t kQueue = 1024;

template <typename Fid>
void close(Fid*& object) {
  if (object != nullptr) ::fi_close(&object->fid);
  object = nullptr;
}

}  // namespace

Result<std::unique_ptr<Rail>> Rail::create(std::shared_ptr<const Library> library, Offer offer) {
  std::unique_ptr<Rail> rail(new Rail(std::move(library), std::move(offer)));
  TUTTI_TRY(rail->start());
  return rail;
}

Status Rail::start() {
  fi_info* info = offer_.info.get();
  max_payload_ = std::min(kMaxPayload, (info->ep_attr->max_msg_size - sizeof(Header)) / 64 * 64);
  if (const int failed = library_->fabric(info->fabric_attr, &fabric_, nullptr)) return error("no fabric", failed);
  if (const int failed = ::fi_domain(fabric_, info, &domain_, nullptr)) return error("no domain", failed);
  fi_av_attr peers{};
  peers.type = FI_AV_UNSPEC;
  if (const int failed = ::fi_av_open(domain_, &peers, &peers_, nullptr)) return error("no address vector", failed);
  TUTTI_TRY(open_queue());
  if (const int failed = ::fi_endpoint(domain_, info, &endpoint_, nullptr)) return error("no endpoint", failed);
  int failed = ::fi_ep_bind(endpoint_, &peers_->fid, 0);
  if (failed == 0) failed = ::fi_ep_bind(endpoint_, &queue_->fid, FI_TRANSMIT | FI_RECV);
  if (failed == 0) failed = ::fi_enable(endpoint_);
  if (failed != 0) return error("the endpoint cannot be used", failed);
  TUTTI_TRY(read_address());
  Slab* receiving = TUTTI_TRY(add_slab(kReceives));
  for (Packet& packet : receiving->packets) to_receive_.push_back(&packet);
  post_receives();
  return {};
}

Status Rail::open_queue() {
  fi_cq_attr attributes{};
  attributes.size = kQueue;
  attributes.format = FI_CQ_FORMAT_MSG;
  attributes.wait_obj = FI_WAIT_FD;
  int failed = ::fi_cq_open(domain_, &attributes, &queue_, nullptr);
  if (failed == 0) {
    failed = ::fi_control(&queue_->fid, FI_GETWAIT, &event_fd_);
    if (failed == 0) return {};
    close(queue_);
    event_fd_ = -1;
  }
  attributes.wait_obj = FI_WAIT_NONE;  // some providers can only be polled
  failed = ::fi_cq_open(domain_, &attributes, &queue_, nullptr);
  if (failed != 0) return error("no completion queue", failed);
  return {};
}

Status Rail::read_address() {
  std::size_t size = 0;
  ::fi_getname(&endpoint_->fid, nullptr, &size);  // says how long it is
  address_.resize(size);
  const int failed = ::fi_getname(&endpoint_->fid, address_.data(), &size);
  if (failed != 0) return error("no address", failed);
  return {};
}

Rail::~Rail() {
  close(endpoint_);  // from here on nothing of a packet is touched
  for (auto& slab : slabs_) close(slab->registration);
  close(queue_);
  close(peers_);
  close(domain_);
  close(fabric_);
}

Result<fi_addr_t> Rail::insert(std::span<const std::byte> peer) {
  if (peer.size() != address_.size()) {
    return Error{Code::invalid_argument, "ofi: the peer's address has not the length of this provider's"};
  }
  fi_addr_t handle = FI_ADDR_UNSPEC;
  const int inserted = ::fi_av_insert(peers_, peer.data(), 1, &handle, 0, nullptr);
  if (inserted != 1) return error("the provider refuses the peer's address", inserted < 0 ? inserted : -FI_EINVAL);
  return handle;
}

Result<Rail::Slab*> Rail::add_slab(std::size_t packets) {
  constexpr std::size_t kPage = 4096;
  auto slab = std::make_unique<Slab>();
  slab->memory.reset(static_cast<std::byte*>(std::aligned_alloc(kPage, packets * kPacketBytes)));
  if (!slab->memory) return Error{Code::system, "ofi: no memory for packets"};
  slab->packets.resize(packets);
  TUTTI_TRY(register_memory(*slab));
  for (std::size_t i = 0; i < packets; ++i) {
    Packet& packet = slab->packets[i];
    packet.memory = slab->memory.get() + i * kPacketBytes;
    packet.descriptor = slab->registration != nullptr ? ::fi_mr_desc(slab->registration) : nullptr;
  }
  return slabs_.emplace_back(std::move(slab)).get();
}

Status Rail::register_memory(Slab& slab) {
  const int mode = offer_.info->domain_attr->mr_mode;
  if ((mode & FI_MR_LOCAL) == 0) return {};
  int failed = ::fi_mr_reg(domain_, slab.memory.get(), slab.packets.size() * kPacketBytes, FI_SEND | FI_RECV, 0,
                           next_key_++, 0, &slab.registration, nullptr);
  if (failed == 0 && (mode & FI_MR_ENDPOINT) != 0) {
    failed = ::fi_mr_bind(slab.registration, &endpoint_->fid, 0);
    if (failed == 0) failed = ::fi_mr_enable(slab.registration);
  }
  if (failed != 0) return error("memory cannot be registered (see ulimit -l)", failed);
  return {};
}

Result<Packet*> Rail::take() {
  if (free_.empty()) {
    Slab* slab = TUTTI_TRY(add_slab(kSlab));
    for (Packet& packet : slab->packets) free_.push_back(&packet);
  }
  Packet* packet = free_.back();
  free_.pop_back();
  return packet;
}

Result<bool> Rail::send(Packet& packet, std::size_t bytes, fi_addr_t peer) {
  const auto posted = ::fi_send(endpoint_, packet.memory, bytes, packet.descriptor, peer, &packet.context);
  if (posted == 0) return true;
  if (posted == -FI_EAGAIN) return false;
  return error("a packet cannot be sent", posted);
}

std::size_t Rail::poll(Done* done, std::size_t most, bool rang) {
  if (!to_receive_.empty()) post_receives();
  constexpr std::size_t kAtOnce = 32;
  std::array<fi_cq_msg_entry, kAtOnce> entries;
  // Only waiting for it, if for no time, makes some providers' descriptors quiet again.
  const auto read = rang ? ::fi_cq_sread(queue_, entries.data(), std::min(most, kAtOnce), nullptr, 0)
                         : ::fi_cq_read(queue_, entries.data(), std::min(most, kAtOnce));
  if (read > 0) {
    for (std::size_t i = 0; i < static_cast<std::size_t>(read); ++i)
      done[i] = {static_cast<Packet*>(entries[i].op_context), entries[i].len, 0};
    return static_cast<std::size_t>(read);
  }
  if (read != -FI_EAVAIL) return 0;
  fi_cq_err_entry failure{};
  if (::fi_cq_readerr(queue_, &failure, 0) != 1 || failure.op_context == nullptr) return 0;
  done[0] = {static_cast<Packet*>(failure.op_context), 0, failure.err};
  return 1;
}

void Rail::receive_again(Packet& packet) {
  to_receive_.push_back(&packet);
  post_receives();
}

void Rail::post_receives() {
  while (!to_receive_.empty()) {
    Packet& packet = *to_receive_.back();
    if (::fi_recv(endpoint_, packet.memory, kPacketBytes, packet.descriptor, FI_ADDR_UNSPEC, &packet.context) != 0)
      return;
    to_receive_.pop_back();
  }
}

bool Rail::may_sleep() {
  if (event_fd_ < 0) return true;
  fid* waited[] = {&queue_->fid};
  return ::fi_trywait(fabric_, waited, 1) == 0;
}

Error Rail::error(const char* what, std::int64_t number) const {
  return ofi_error(*library_, fmt::format("{} {}: {}", offer_.provider(), offer_.device(), what), number);
}

}  // namespace tutti::transport::ofi
