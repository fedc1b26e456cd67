#include "transports/ucx/endpoint.hpp"

#include <fmt/format.h>

#include "transports/failures.hpp"
#include "transports/ucx/tag.hpp"

namespace tutti::transport::ucx {
namespace {

void on_sent(void* request, ucs_status_t status, void* user) {
  auto& operation = *static_cast<Operation*>(user);
  operation.endpoint->called_back(operation, request, status, nullptr);
}

void on_received(void* request, ucs_status_t status, const ucp_tag_recv_info_t* received, void* user) {
  auto& operation = *static_cast<Operation*>(user);
  operation.endpoint->called_back(operation, request, status, received);
}

void on_lost(void* user, ucp_ep_h /*handle*/, ucs_status_t status) {
  static_cast<UcxEndpoint*>(user)->lost(status);
}

}  // namespace

void Self::close(ucp_ep_h handle, bool reached) {
  if (!reached && worker->aborts_on_early_close()) return worker->abandon();
  ucp_request_param_t params{};
  params.op_attr_mask = UCP_OP_ATTR_FIELD_FLAGS;
  params.flags = UCP_EP_CLOSE_FLAG_FORCE;
  const auto request = worker->ucx().ep_close_nbx(handle, &params);
  if (UCS_PTR_IS_PTR(request)) closing.push_back(request);
}

void UcxEndpoint::open(std::span<const std::byte> worker_address) {
  ucp_ep_params_t params{};
  params.field_mask =
      UCP_EP_PARAM_FIELD_REMOTE_ADDRESS | UCP_EP_PARAM_FIELD_ERR_HANDLING_MODE | UCP_EP_PARAM_FIELD_ERR_HANDLER;
  params.address = reinterpret_cast<const ucp_address_t*>(worker_address.data());
  params.err_mode = UCP_ERR_HANDLING_MODE_PEER;
  params.err_handler = {on_lost, this};
  const ucs_status_t status = ucx().ep_create(self_.worker->handle(), &params, &handle_);
  if (status == UCS_OK) return;
  handle_ = nullptr;  // inside one machine the refusal of a dead peer comes at once
  lost(status);
}

void UcxEndpoint::post(std::span<const Transfer> batch) {
  if (batch.empty()) return;
  if (failure_) {
    for (const auto& transfer : batch) self_.done.push_back({transfer.token, false});
    return;
  }
  if (posted_.empty()) self_.posted.push_back(this);
  for (const auto& transfer : batch) posted_.push(transfer);
}

void UcxEndpoint::start_posted() {
  for (; !posted_.empty(); posted_.pop()) start(posted_.front());
}

void UcxEndpoint::start(const Transfer& transfer) {
  const bool sends = transfer.kind == Transfer::Kind::send;
  const std::uint64_t tag =
      sends ? make_tag(self_.rank, sends_++, transfer.fingerprint) : make_tag(peer_, receives_++, transfer.fingerprint);
  // Of a peer that is gone only what has arrived can still be had.
  if (!failure_ && departure_ && (sends || !has_arrived(tag, kMatchBits))) end(*departure_);
  if (failure_ || (sends && handle_ == nullptr)) {  // without a handle it is about to fail
    self_.done.push_back({transfer.token, false});
    return;
  }
  Operation& operation = self_.operations.take();
  operation = {.endpoint = this, .kind = transfer.kind, .token = transfer.token, .bytes = transfer.bytes, .tag = tag};
  ++in_flight_;
  operation.starting = true;
  const auto request = give_to_ucx(transfer, operation);
  operation.starting = false;
  if (UCS_PTR_IS_PTR(request)) {
    operation.request = request;
    if (operation.called_back) finish(operation);
  } else {
    operation.status = UCS_PTR_STATUS(request);
    finish(operation);
  }
}

ucs_status_ptr_t UcxEndpoint::give_to_ucx(const Transfer& transfer, Operation& operation) {
  ucp_request_param_t params{};
  params.op_attr_mask = UCP_OP_ATTR_FIELD_CALLBACK | UCP_OP_ATTR_FIELD_USER_DATA;
  params.user_data = &operation;
  if (transfer.kind == Transfer::Kind::send) {
    params.cb.send = on_sent;
    return ucx().tag_send_nbx(handle_, transfer.data, transfer.bytes, operation.tag, &params);
  }
  // A receive that completes at once would not say from which send (UCX 1.13 forgets recv_info): so it calls back.
  params.cb.recv = on_received;
  params.op_attr_mask |= UCP_OP_ATTR_FLAG_NO_IMM_CMPL;
  return ucx().tag_recv_nbx(self_.worker->handle(), transfer.data, transfer.bytes, operation.tag, kMatchBits, &params);
}

void UcxEndpoint::called_back(Operation& operation, void* request, ucs_status_t status,
                              const ucp_tag_recv_info_t* received) {
  operation.called_back = true;
  operation.status = status;
  operation.request = request;
  if (received != nullptr) {
    operation.received_tag = received->sender_tag;
    operation.received_bytes = received->length;
  }
  if (!operation.starting) finish(operation);
}

void UcxEndpoint::finish(Operation& operation) {
  const auto status = static_cast<ucs_status_t>(operation.status);
  const bool arrived =
      operation.kind == Transfer::Kind::recv && (status == UCS_OK || status == UCS_ERR_MESSAGE_TRUNCATED);
  bool ok = status == UCS_OK;
  if (arrived) {
    const auto expected = folded_fingerprint(operation.tag);
    const auto got = folded_fingerprint(operation.received_tag);
    if (got != expected) {
      trouble(wrong_fingerprint(peer_, self_.path, got, expected));
    } else if (!ok || operation.received_bytes != operation.bytes) {
      trouble(wrong_length(peer_, self_.path, operation.received_bytes, operation.bytes));
    }
    ok = ok && got == expected && operation.received_bytes == operation.bytes;
  } else if (!ok) {
    lost(status);
  }
  reached_ = reached_ || status == UCS_OK;
  if (!silent_) self_.done.push_back({operation.token, ok && !failure_});
  if (operation.request != nullptr) ucx().request_free(operation.request);
  --in_flight_;
  self_.operations.give_back(operation);
}

void UcxEndpoint::lost(ucs_status_t status) {
  Error error = peer_gone(peer_, self_.path);
  error.text += fmt::format(": {}", ucx().status_string(status));
  reached_ = true;  // UCX has taken its connection apart itself
  trouble(std::move(error));
}

void UcxEndpoint::refused() {
  trouble(peer_refused(peer_, self_.path));
}

void UcxEndpoint::trouble(Error error) {
  if (failure_ || trouble_ || departure_) return;
  trouble_ = std::move(error);
  self_.troubled.push_back(this);
}

void UcxEndpoint::act_on_trouble() {
  if (!trouble_ || failure_) return;
  const bool is_idle = in_flight_ == 0 && posted_.empty();
  if (trouble_->code == Code::peer_lost && is_idle && has_arrived(make_tag(peer_, 0, 0), kSenderBits)) {
    departure_ = std::exchange(trouble_, std::nullopt);
    leave(false);
    return;
  }
  end(*trouble_);
  start_posted();
}

void UcxEndpoint::cancel(Error why) {
  silent_ = true;
  posted_.clear();
  if (!failure_) end(std::move(why));
}

void UcxEndpoint::end(Error error) {
  const bool refuses = error.code == Code::invalid_usage;
  failure_ = std::move(error);
  // Sends end with UCX's endpoint; receives belong to the worker.
  take_back_receives();
  leave(refuses);
}

void UcxEndpoint::take_back_receives() {
  if (in_flight_ == 0) return;
  self_.operations.for_each(*this, [&](Operation& operation) {
    if (operation.kind == Transfer::Kind::recv && operation.request != nullptr) {
      ucx().request_cancel(self_.worker->handle(), operation.request);
    }
  });
}

void UcxEndpoint::leave(bool refuses) {
  if (handle_ == nullptr) return;
  const ucp_ep_h handle = std::exchange(handle_, nullptr);
  if (refuses) {
    refusal_.from = self_.rank;
    const ucp_request_param_t params{};
    const auto request = ucx().am_send_nbx(handle, kRefusalId, &refusal_, sizeof(refusal_), nullptr, 0, &params);
    if (UCS_PTR_IS_PTR(request)) {
      self_.leaving.push_back({handle, reached_, request});
      return;
    }
  }
  self_.close(handle, reached_);
}

bool UcxEndpoint::has_arrived(std::uint64_t tag, std::uint64_t mask) const {
  ucp_tag_recv_info_t info{};
  return ucx().tag_probe_nb(self_.worker->handle(), tag, mask, 0, &info) != nullptr;
}

}  // namespace tutti::transport::ucx
