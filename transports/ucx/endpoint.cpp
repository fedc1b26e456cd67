#include "transports/ucx/endpoint.hpp"

#include <fmt/format.h>

#include "transports/failures.hpp"
#include "transports/ucx/tag.hpp"

namespace tutti::transport::ucx {
namespace {

void on_sent(void* request, ucs_status_t status, void* user) {
  auto& operation = *static_cast<Operation*>(user);
  operation.request = request;
  operation.endpoint->finished(operation, status, nullptr);
}

void on_received(void* request, ucs_status_t status, const ucp_tag_recv_info_t* received, void* user) {
  auto& operation = *static_cast<Operation*>(user);
  operation.request = request;
  operation.endpoint->finished(operation, status, received);
}

void on_lost(void* user, ucp_ep_h /*handle*/, ucs_status_t status) {
  static_cast<UcxEndpoint*>(user)->lost(status);
}

}  // namespace

Status UcxEndpoint::open(std::span<const std::byte> worker_address) {
  ucp_ep_params_t params{};
  params.field_mask =
      UCP_EP_PARAM_FIELD_REMOTE_ADDRESS | UCP_EP_PARAM_FIELD_ERR_HANDLING_MODE | UCP_EP_PARAM_FIELD_ERR_HANDLER;
  params.address = reinterpret_cast<const ucp_address_t*>(worker_address.data());
  params.err_mode = UCP_ERR_HANDLING_MODE_PEER;
  params.err_handler = {on_lost, this};
  const ucs_status_t status = ucx().ep_create(self_.worker->handle(), &params, &handle_);
  if (status == UCS_OK) return {};
  handle_ = nullptr;
  return ucx_error(ucx(), fmt::format("no way to rank {}", index(peer_)), status);
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
  for (; !posted_.empty(); posted_.pop()) {
    if (failure_) {
      self_.done.push_back({posted_.front().token, false});
    } else {
      start(posted_.front());
    }
  }
}

void UcxEndpoint::start(const Transfer& transfer) {
  const bool sends = transfer.kind == Transfer::Kind::send;
  Operation& operation = self_.operations.take();
  operation = {.endpoint = this,
               .kind = transfer.kind,
               .token = transfer.token,
               .bytes = transfer.bytes,
               .tag = sends ? make_tag(self_.rank, sends_++, transfer.fingerprint)
                            : make_tag(peer_, receives_++, transfer.fingerprint)};
  ucp_tag_recv_info_t received{};
  const auto request = give_to_ucx(transfer, operation, received);
  if (UCS_PTR_IS_PTR(request)) {
    operation.request = request;
  } else {
    finished(operation, UCS_PTR_STATUS(request), &received);
  }
}

ucs_status_ptr_t UcxEndpoint::give_to_ucx(const Transfer& transfer, Operation& operation,
                                          ucp_tag_recv_info_t& received) {
  ucp_request_param_t params{};
  params.op_attr_mask = UCP_OP_ATTR_FIELD_CALLBACK | UCP_OP_ATTR_FIELD_USER_DATA;
  params.user_data = &operation;
  if (transfer.kind == Transfer::Kind::send) {
    params.cb.send = on_sent;
    return ucx().tag_send_nbx(handle_, transfer.data, transfer.bytes, operation.tag, &params);
  }
  params.cb.recv = on_received;
  params.op_attr_mask |= UCP_OP_ATTR_FIELD_RECV_INFO;
  params.recv_info.tag_info = &received;
  return ucx().tag_recv_nbx(self_.worker->handle(), transfer.data, transfer.bytes, operation.tag, kMatchBits, &params);
}

void UcxEndpoint::finished(Operation& operation, ucs_status_t status, const ucp_tag_recv_info_t* received) {
  bool ok = status == UCS_OK;
  if (operation.kind == Transfer::Kind::recv && (ok || status == UCS_ERR_MESSAGE_TRUNCATED)) {
    const auto expected = folded_fingerprint(operation.tag);
    const auto got = folded_fingerprint(received->sender_tag);
    ok = ok && received->length == operation.bytes && got == expected;
    if (!ok) {
      trouble(got != expected ? wrong_fingerprint(peer_, self_.path, got, expected)
                              : wrong_length(peer_, self_.path, received->length, operation.bytes));
    }
  } else if (!ok) {
    lost(status);
  }
  if (!silent_) self_.done.push_back({operation.token, ok && !failure_});
  if (operation.request != nullptr) ucx().request_free(operation.request);
  self_.operations.give_back(operation);
}

void UcxEndpoint::lost(ucs_status_t status) {
  Error error = peer_gone(peer_, self_.path);
  error.text += fmt::format(": {}", ucx().status_string(status));
  trouble(std::move(error));
}

void UcxEndpoint::trouble(Error error) {
  if (failure_ || trouble_) return;
  trouble_ = std::move(error);
  self_.troubled.push_back(this);
}

void UcxEndpoint::fail_if_troubled() {
  if (!trouble_ || failure_) return;
  end(*trouble_);
  start_posted();
}

void UcxEndpoint::cancel(Error why) {
  silent_ = true;
  posted_.clear();
  if (!failure_) end(std::move(why));
}

void UcxEndpoint::end(Error error) {
  failure_ = std::move(error);
  // Sends end with UCX's endpoint; receives belong to the worker, and are taken back one by one.
  self_.operations.for_each(*this, [&](Operation& operation) {
    if (operation.kind == Transfer::Kind::recv && operation.request != nullptr) {
      ucx().request_cancel(self_.worker->handle(), operation.request);
    }
  });
  if (handle_ == nullptr) return;
  ucp_request_param_t params{};
  params.op_attr_mask = UCP_OP_ATTR_FIELD_FLAGS;
  params.flags = UCP_EP_CLOSE_FLAG_FORCE;
  const auto request = ucx().ep_close_nbx(std::exchange(handle_, nullptr), &params);
  if (UCS_PTR_IS_PTR(request)) self_.closing.push_back(request);
}

}  // namespace tutti::transport::ucx
