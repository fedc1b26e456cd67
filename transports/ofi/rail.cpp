#include "transports/ofi/rail.hpp"

#include <fmt/format.h>
#include <rdma/fi_cm.h>
#include <rdma/fi_eq.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "transports/packets/path.hpp"

namespace tutti::transport::ofi {
namespace {

using packets::Header;
using packets::Sent;

constexpr std::size_t kQueue = 1024;
// Most of one write: several are under way on one of several lanes.
constexpr std::size_t kWritten = std::size_t{128} << 10;
constexpr std::size_t kMarkBytes = 4;     // what a write must be able to show at its receiver
constexpr std::size_t kLeastPackets = 8;  // that a provider may have of each kind
// A descriptor that was readable so often in a row, and nothing had come, is of no use.
constexpr int kMaxFutile = 64;

template <typename Fid>
void close_object(Fid*& object) {
  if (object != nullptr) ::fi_close(&object->fid);
  object = nullptr;
}

}  // namespace

Result<std::unique_ptr<OfiRail>> OfiRail::create(std::shared_ptr<const Library> library, Offer offer,
                                                 std::size_t memory) {
  std::unique_ptr<OfiRail> rail(new OfiRail(std::move(library), std::move(offer)));
  TUTTI_TRY(rail->start(memory));
  return rail;
}

Status OfiRail::start(std::size_t memory) {
  fi_info* info = offer_.info.get();
  limits_.payload = std::min(packets::kMaxPayload, (info->ep_attr->max_msg_size - sizeof(Header)) / 64 * 64);
  if (offer_.writes) limits_.written = std::min(kWritten, info->ep_attr->max_msg_size);
  limits_.marks = offer_.writes && info->domain_attr->cq_data_size >= kMarkBytes;
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
  pool_.emplace(*library_, offer_, domain_, endpoint_);
  most_sending_ = std::max(kLeastPackets, memory / 2 / packets::kPacketBytes);
  to_receive_ = TUTTI_TRY(pool_->make(most_sending_));
  post_receives();
  return {};
}

Status OfiRail::open_queue() {
  fi_cq_attr attributes{};
  attributes.size = kQueue;
  attributes.format = FI_CQ_FORMAT_DATA;
  attributes.wait_obj = FI_WAIT_FD;
  int failed = ::fi_cq_open(domain_, &attributes, &queue_, nullptr);
  if (failed == 0) {
    failed = ::fi_control(&queue_->fid, FI_GETWAIT, &event_fd_);
    if (failed == 0) return {};
    close_object(queue_);
    event_fd_ = -1;
  }
  attributes.wait_obj = FI_WAIT_NONE;  // some providers can only be polled
  failed = ::fi_cq_open(domain_, &attributes, &queue_, nullptr);
  if (failed != 0) return error("no completion queue", failed);
  return {};
}

Status OfiRail::read_address() {
  std::size_t size = 0;
  ::fi_getname(&endpoint_->fid, nullptr, &size);  // says how long it is
  address_.resize(size);
  const int failed = ::fi_getname(&endpoint_->fid, address_.data(), &size);
  if (failed != 0) return error("no address", failed);
  return {};
}

OfiRail::~OfiRail() {
  close_object(endpoint_);  // from here on nothing of a packet is touched, and nothing written
  while (!exposed_.empty()) conceal(exposed_.begin()->first);
  pool_.reset();
  close_object(queue_);
  close_object(peers_);
  close_object(domain_);
  close_object(fabric_);
}

std::string OfiRail::describe() const {
  return fmt::format("{} {}", offer_.provider(), offer_.device());
}

Result<packets::Rail::Peer> OfiRail::open(std::span<const std::byte> address, packets::Path& /*path*/,
                                          std::uint8_t /*lane*/) {
  if (!takes(address)) {
    return Error{Code::invalid_argument, "ofi: the peer's address has not the length of this provider's"};
  }
  fi_addr_t handle = FI_ADDR_UNSPEC;
  const int inserted = ::fi_av_insert(peers_, address.data(), 1, &handle, 0, nullptr);
  if (inserted != 1) return error("the provider refuses the peer's address", inserted < 0 ? inserted : -FI_EINVAL);
  return Peer{handle};
}

Result<Sent> OfiRail::send(Peer peer, const Header& header, const std::byte* payload, const packets::Piece& piece,
                           bool /*announces*/) {
  Packet* packet = TUTTI_TRY(pool_->take(most_sending_, piece.is_alone));
  if (packet == nullptr) return Sent::not_now;
  packet->piece = piece;
  packet->header() = header;
  if (payload != nullptr) std::memcpy(packet->payload(), payload, header.payload);
  const auto posted = ::fi_send(endpoint_, packet->memory, sizeof(Header) + header.payload, packet->descriptor,
                                peer.value, &packet->context);
  if (posted == 0) return Sent::copied;
  pool_->give_back(*packet);
  if (posted == -FI_EAGAIN) return Sent::not_now;
  return error("a packet cannot be sent", posted);
}

std::size_t OfiRail::poll(bool rang) {
  post_receives();
  constexpr std::size_t kAtOnce = 32;
  std::array<fi_cq_data_entry, kAtOnce> entries;
  // Only waiting for it, if for no time, makes some providers' descriptors quiet again.
  const auto read =
      rang ? ::fi_cq_sread(queue_, entries.data(), kAtOnce, nullptr, 0) : ::fi_cq_read(queue_, entries.data(), kAtOnce);
  std::size_t count = 0;
  if (read > 0) {
    for (; count < static_cast<std::size_t>(read); ++count) {
      const fi_cq_data_entry& entry = entries[count];
      if ((entry.flags & FI_REMOTE_CQ_DATA) != 0) {
        user().written(number(), static_cast<std::uint32_t>(entry.data));
      } else {
        over(*static_cast<Packet*>(entry.op_context), entry.len, 0);
      }
    }
  } else if (read == -FI_EAVAIL) {
    fi_cq_err_entry failure{};
    if (::fi_cq_readerr(queue_, &failure, 0) == 1 && failure.op_context != nullptr) {
      over(*static_cast<Packet*>(failure.op_context), 0, failure.err);
      count = 1;
    }
  }
  judge_descriptor(rang, count > 0);
  return count;
}

void OfiRail::over(Packet& packet, std::size_t bytes, int error) {
  if (packet.piece.path == nullptr) {
    if (error == 0 && bytes >= sizeof(Header) && packet.header().payload == bytes - sizeof(Header))
      user().arrived(number(), packet.header(), packet.payload());
    to_receive_.push_back(&packet);
    return post_receives();
  }
  const packets::Piece piece = packet.piece;
  if (piece.is_write) {
    free_writes_.push_back(&packet);
  } else {
    pool_->give_back(packet);
  }
  piece.path->sent(piece, error != 0 ? library_->strerror(error) : nullptr);
}

// Some providers have a descriptor that stays readable whatever one does: a rank that trusted it would never sleep.
void OfiRail::judge_descriptor(bool rang, bool something_came) {
  if (something_came) futile_ = 0;
  if (rang && !something_came && ++futile_ >= kMaxFutile) event_fd_ = -1;
}

void OfiRail::post_receives() {
  while (!to_receive_.empty()) {
    Packet& packet = *to_receive_.back();
    if (::fi_recv(endpoint_, packet.memory, packets::kPacketBytes, packet.descriptor, FI_ADDR_UNSPEC,
                  &packet.context) != 0)
      return;
    to_receive_.pop_back();
  }
}

bool OfiRail::may_sleep() {
  if (event_fd_ < 0) return true;
  fid* waited[] = {&queue_->fid};
  return ::fi_trywait(fabric_, waited, 1) == 0;
}

Error OfiRail::error(const char* what, std::int64_t number) const {
  return ofi_error(*library_, fmt::format("{} {}: {}", offer_.provider(), offer_.device(), what), number);
}

}  // namespace tutti::transport::ofi
