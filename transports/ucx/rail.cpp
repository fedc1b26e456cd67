#include "transports/ucx/rail.hpp"

#include <fmt/format.h>

#include <cstring>
#include <utility>

#include "transports/packets/path.hpp"

namespace tutti::transport::ucx {
namespace {

using packets::Header;
using packets::Sent;

constexpr unsigned kPacketId = 1;  // of UCX's active message
// Where a worker fetches: from this length on, in pieces of at most so much, so many of a path under way.
constexpr std::size_t kAnnounceFrom = std::size_t{64} << 10;
constexpr std::size_t kAnnounced = std::size_t{1} << 20;
constexpr std::size_t kAnnouncedDepth = 4;
constexpr std::size_t kDepth = 8;
// Of a packet: with its headers it is one segment over TCP.
constexpr std::size_t kPayload = kSegment - 256;
static_assert(kPayload % 64 == 0, "messages are cut at multiples of 64 bytes only");

void on_sent(void* request, ucs_status_t status, void* user) {
  auto& operation = *static_cast<Operation*>(user);
  operation.rail->called_back(operation, request, status);
}

void on_fetched(void* request, ucs_status_t status, std::size_t /*bytes*/, void* user) {
  auto& operation = *static_cast<Operation*>(user);
  operation.rail->called_back(operation, request, status);
}

ucs_status_t on_packet(void* rail, const void* header, std::size_t header_bytes, void* data, std::size_t bytes,
                       const ucp_am_recv_param_t* params) {
  const bool announced = (params->recv_attr & UCP_AM_RECV_ATTR_FLAG_RNDV) != 0;
  return static_cast<UcxRail*>(rail)->received(header, header_bytes, data, bytes, announced);
}

}  // namespace

Result<std::unique_ptr<UcxRail>> UcxRail::create(std::unique_ptr<Worker> worker, const Abilities& abilities) {
  std::unique_ptr<UcxRail> rail(new UcxRail(std::move(worker), abilities));
  TUTTI_TRY(rail->start());
  return rail;
}

UcxRail::UcxRail(std::unique_ptr<Worker> worker, const Abilities& abilities)
    : worker_(std::move(worker)), path_(worker_->describe()) {
  limits_.payload = kPayload;
  limits_.depth = abilities.announces ? kAnnouncedDepth : kDepth;
  if (abilities.writes) limits_.written = kAnnounced;
  if (!abilities.announces) return;
  limits_.announce_from = kAnnounceFrom;
  limits_.announced = kAnnounced;
  limits_.window = kAnnouncedDepth * kAnnounced;
}

Status UcxRail::start() {
  ucp_am_handler_param_t handler{};
  handler.field_mask = UCP_AM_HANDLER_PARAM_FIELD_ID | UCP_AM_HANDLER_PARAM_FIELD_CB | UCP_AM_HANDLER_PARAM_FIELD_ARG;
  handler.id = kPacketId;
  handler.cb = on_packet;
  handler.arg = this;
  const ucs_status_t status = ucx().worker_set_am_recv_handler(worker_->handle(), &handler);
  if (status != UCS_OK) return ucx_error(ucx(), "no active messages", status);
  return {};
}

// What UCX calls back from here on is of no interest to anybody.
UcxRail::~UcxRail() {
  is_unfinished_ = is_unfinished_ || (connections_.empty() && has_heard_) ||
                   std::ranges::any_of(connections_, [](const Connection& each) { return !each.reached; });
  if (is_unfinished_ && worker_->aborts_on_unfinished_end()) worker_->abandon();
  for (Connection& connection : connections_) {
    if (connection.handle != nullptr && !worker_->is_abandoned()) close_now(connection);
  }
  if (flush_ != nullptr) ucx().request_free(flush_);
  is_over_ = true;
  while (!exposed_.empty()) conceal(exposed_.begin()->first);
  worker_.reset();
}

Result<packets::Rail::Peer> UcxRail::open(std::span<const std::byte> address, packets::Path& path, std::uint8_t lane) {
  const std::size_t number = connections_.size();
  Connection& connection = connections_.emplace_back();
  connection = {.rail = this, .number = number, .path = &path, .lane = lane};
  ucp_ep_params_t params{};
  params.field_mask =
      UCP_EP_PARAM_FIELD_REMOTE_ADDRESS | UCP_EP_PARAM_FIELD_ERR_HANDLING_MODE | UCP_EP_PARAM_FIELD_ERR_HANDLER;
  params.address = reinterpret_cast<const ucp_address_t*>(address.data());
  params.err_mode = UCP_ERR_HANDLING_MODE_PEER;
  params.err_handler.cb = [](void* user, ucp_ep_h /*handle*/, ucs_status_t status) {
    auto& lost = *static_cast<Connection*>(user);
    lost.rail->lost(lost.number, status);
  };
  params.err_handler.arg = &connection;
  const ucs_status_t status = ucx().ep_create(worker_->handle(), &params, &connection.handle);
  if (status != UCS_OK) {
    connection.handle = nullptr;  // inside one machine the refusal of a dead peer comes at once
    lost(number, status);
  }
  return Peer{number};
}

void UcxRail::close(Peer peer, bool heard) {
  Connection& connection = of(peer);
  connection.reached = connection.reached || heard;
  leaving_.push_back(connection.number);
}

void UcxRail::lost(std::size_t number, ucs_status_t status) {
  Connection& connection = connections_[number];
  if (connection.is_lost || is_over_) return;
  connection.is_lost = true;
  connection.status = status;
  is_unfinished_ = is_unfinished_ || !connection.reached;
  connection.reached = true;  // UCX has taken its connection apart itself
  lost_.push_back(number);
}

Result<Sent> UcxRail::send(Peer peer, const Header& header, const std::byte* payload, const packets::Piece& piece,
                           bool announces) {
  Connection& connection = of(peer);
  if (connection.is_lost) return ucx_error(ucx(), path_, connection.status);
  Operation& operation = operations_.take();
  operation.rail = this;
  operation.header = header;
  operation.piece = piece;
  operation.connection = connection.number;
  ucp_request_param_t params{};
  params.op_attr_mask = UCP_OP_ATTR_FIELD_CALLBACK | UCP_OP_ATTR_FIELD_USER_DATA | UCP_OP_ATTR_FIELD_FLAGS;
  params.cb.send = on_sent;
  params.user_data = &operation;
  params.flags = announces ? UCP_AM_SEND_FLAG_RNDV : UCP_AM_SEND_FLAG_EAGER;
  operation.starting = true;
  const auto request = ucx().am_send_nbx(connection.handle, kPacketId, &operation.header, sizeof(Header), payload,
                                         header.payload, &params);
  operation.starting = false;
  if (UCS_PTR_IS_PTR(request) && !operation.called_back) {
    operation.request = request;
    operation.piece.lent = header.payload > 0;
    return operation.piece.lent ? Sent::lent : Sent::copied;
  }
  const auto status = UCS_PTR_IS_PTR(request) ? static_cast<ucs_status_t>(operation.status) : UCS_PTR_STATUS(request);
  if (UCS_PTR_IS_PTR(request)) ucx().request_free(request);
  operations_.give_back(operation);
  connection.reached = connection.reached || status == UCS_OK;
  if (status != UCS_OK) return ucx_error(ucx(), path_, status);
  return Sent::done;
}

void UcxRail::fetch(void* parcel, std::byte* out, const packets::Piece& piece) {
  Operation& operation = operations_.take();
  operation.rail = this;
  operation.piece = piece;
  operation.kind = Operation::Kind::fetch;
  ucp_request_param_t params{};
  params.op_attr_mask = UCP_OP_ATTR_FIELD_CALLBACK | UCP_OP_ATTR_FIELD_USER_DATA;
  params.cb.recv_am = on_fetched;
  params.user_data = &operation;
  operation.starting = true;
  const auto request = ucx().am_recv_data_nbx(worker_->handle(), parcel, out, piece.bytes, &params);
  operation.starting = false;
  if (UCS_PTR_IS_PTR(request)) {
    operation.request = request;
    if (operation.called_back) finish(operation);
  } else {
    operation.status = UCS_PTR_STATUS(request);
    finish(operation);
  }
}

void UcxRail::called_back(Operation& operation, void* request, ucs_status_t status) {
  if (is_over_) return;
  operation.called_back = true;
  operation.status = status;
  operation.request = request;
  if (!operation.starting) finish(operation);
}

void UcxRail::finish(Operation& operation) {
  const auto status = static_cast<ucs_status_t>(operation.status);
  const packets::Piece piece = operation.piece;
  const bool fetches = operation.kind == Operation::Kind::fetch;
  if (!fetches && status == UCS_OK) connections_[operation.connection].reached = true;
  if (operation.request != nullptr) ucx().request_free(operation.request);
  if (operation.put_request != nullptr) ucx().request_free(operation.put_request);
  operations_.give_back(operation);
  const char* why = status == UCS_OK ? nullptr : ucx().status_string(status);
  if (fetches) {
    piece.path->fetched(piece, why);
  } else {
    piece.path->sent(piece, why);
  }
}

ucs_status_t UcxRail::received(const void* header, std::size_t header_bytes, void* data, std::size_t bytes,
                               bool announced) {
  Header packet;
  if (header_bytes != sizeof(packet) || is_over_) return UCS_OK;  // garbage: an announced one is dropped by this
  std::memcpy(&packet, header, sizeof(packet));
  if (packet.payload != bytes) return UCS_OK;
  if (!announced) {
    user().arrived(number(), packet, static_cast<const std::byte*>(data));
    return UCS_OK;
  }
  user().announced(number(), packet, data);
  return UCS_INPROGRESS;
}

std::size_t UcxRail::poll(bool /*rang*/) {
  const unsigned events = ucx().worker_progress(worker_->handle());
  has_heard_ = has_heard_ || events > 0;
  const bool is_tidy = lost_.empty() && dropped_.empty() && leaving_.empty() && closing_.empty();
  if (!is_tidy) tidy_up();
  return events + (is_tidy ? 0 : 1);
}

// What UCX does not allow inside its callbacks.
void UcxRail::tidy_up() {
  for (const std::size_t number : std::exchange(lost_, {})) {
    const Connection& connection = connections_[number];
    connection.path->lost(connection.lane, ucx().status_string(connection.status));
  }
  for (void* parcel : std::exchange(dropped_, {})) ucx().am_data_release(worker_->handle(), parcel);
  for (const std::size_t number : std::exchange(leaving_, {})) {
    if (connections_[number].handle != nullptr) close_now(connections_[number]);
  }
  std::erase_if(closing_, [&](void* request) {
    if (ucx().request_check_status(request) == UCS_INPROGRESS) return false;
    ucx().request_free(request);
    return true;
  });
}

void UcxRail::close_now(Connection& connection) {
  const ucp_ep_h handle = std::exchange(connection.handle, nullptr);
  connection.is_lost = true;
  for (const std::size_t target : std::exchange(connection.targets, {}))
    ucx().rkey_destroy(std::exchange(places_[target].key, nullptr));
  if (!connection.reached && worker_->aborts_on_early_close()) return worker_->abandon();
  ucp_request_param_t params{};
  params.op_attr_mask = UCP_OP_ATTR_FIELD_FLAGS;
  params.flags = UCP_EP_CLOSE_FLAG_FORCE;
  const auto request = ucx().ep_close_nbx(handle, &params);
  if (UCS_PTR_IS_PTR(request)) closing_.push_back(request);
}

bool UcxRail::may_sleep() {
  const bool is_tidy = lost_.empty() && dropped_.empty() && leaving_.empty() && closing_.empty();
  return is_tidy && ucx().worker_arm(worker_->handle()) == UCS_OK;
}

bool UcxRail::has_left() {
  if (has_flushed_) return true;
  if (flush_ == nullptr) {
    const ucp_request_param_t params{};
    const auto request = ucx().worker_flush_nbx(worker_->handle(), &params);
    has_flushed_ = !UCS_PTR_IS_PTR(request);
    if (!has_flushed_) flush_ = request;
  } else if (ucx().request_check_status(flush_) != UCS_INPROGRESS) {
    ucx().request_free(std::exchange(flush_, nullptr));
    has_flushed_ = true;
  }
  return has_flushed_;
}

bool UcxRail::is_idle() const {
  return operations_.in_use() + lost_.size() + dropped_.size() + leaving_.size() + closing_.size() == 0;
}

std::size_t UcxRail::memory() const {
  return operations_.memory();
}

}  // namespace tutti::transport::ucx
