// What UCX writes into memory of peers by itself, and what of this rank they may write to.
#include <cstring>

#include "transports/packets/path.hpp"
#include "transports/ucx/rail.hpp"

namespace tutti::transport::ucx {
namespace {

using packets::Sent;

void on_step(void* request, ucs_status_t status, void* user) {
  auto& operation = *static_cast<Operation*>(user);
  operation.rail->called_back(operation, request, status);
}

}  // namespace

// Format: the memory's address (8), and UCX's key for it.
std::vector<std::byte> UcxRail::expose(std::uint32_t window, std::span<std::byte> memory) {
  if (limits_.written == 0) return {};
  ucp_mem_map_params_t params{};
  params.field_mask = UCP_MEM_MAP_PARAM_FIELD_ADDRESS | UCP_MEM_MAP_PARAM_FIELD_LENGTH;
  params.address = memory.data();
  params.length = memory.size();
  ucp_mem_h handle = nullptr;
  if (ucx().mem_map(worker_->context(), &params, &handle) != UCS_OK) return {};  // then puts come in packets
  void* key = nullptr;
  std::size_t size = 0;
  if (ucx().rkey_pack(worker_->context(), handle, &key, &size) != UCS_OK) {
    ucx().mem_unmap(worker_->context(), handle);
    return {};
  }
  exposed_[window] = {memory, handle};
  const auto address = reinterpret_cast<std::uint64_t>(memory.data());
  std::vector<std::byte> exposure(sizeof(address) + size);
  std::memcpy(exposure.data(), &address, sizeof(address));
  std::memcpy(exposure.data() + sizeof(address), key, size);
  ucx().rkey_buffer_release(key);
  return exposure;
}

// UCX would keep the registration for the next who wants one, and peers could go on writing, unless it believed that
// the memory goes.
void UcxRail::conceal(std::uint32_t window) {
  const auto place = exposed_.find(window);
  if (place == exposed_.end()) return;
  const Exposed& exposed = place->second;
  ucx().vm_munmap(exposed.memory.data(), exposed.memory.size());
  ucx().mem_unmap(worker_->context(), exposed.handle);
  exposed_.erase(place);
}

std::optional<packets::Rail::Target> UcxRail::aim(Peer peer, std::span<const std::byte> exposure) {
  Connection& connection = of(peer);
  Place place;
  if (exposure.size() <= sizeof(place.address) || connection.handle == nullptr || connection.is_lost)
    return std::nullopt;
  std::memcpy(&place.address, exposure.data(), sizeof(place.address));
  const auto key = exposure.subspan(sizeof(place.address));
  if (ucx().ep_rkey_unpack(connection.handle, key.data(), &place.key) != UCS_OK) return std::nullopt;
  connection.targets.push_back(places_.size());
  places_.push_back(place);
  return Target{places_.size() - 1};
}

// UCX says of a put when its memory is free, and of a flush when all before it has arrived.
Result<Sent> UcxRail::write(Peer peer, Target target, std::uint64_t offset, const std::byte* data,
                            const packets::Piece& piece, std::uint32_t /*mark*/) {
  Connection& connection = of(peer);
  const Place& place = places_[target.value];
  if (connection.is_lost) return ucx_error(ucx(), path_, connection.status);
  ucp_request_param_t params{};
  const auto put = ucx().put_nbx(connection.handle, data, piece.bytes, place.address + offset, place.key, &params);
  if (UCS_PTR_IS_ERR(put)) return ucx_error(ucx(), path_, UCS_PTR_STATUS(put));
  Operation& operation = operations_.take();
  operation.rail = this;
  operation.piece = piece;
  operation.piece.lent = true;
  operation.connection = connection.number;
  operation.kind = Operation::Kind::write;
  operation.put_request = put;
  params.op_attr_mask = UCP_OP_ATTR_FIELD_CALLBACK | UCP_OP_ATTR_FIELD_USER_DATA;
  params.cb.send = on_step;
  params.user_data = &operation;
  operation.starting = true;
  const auto flush = ucx().ep_flush_nbx(connection.handle, &params);
  operation.starting = false;
  if (UCS_PTR_IS_PTR(flush) && !operation.called_back) {
    operation.request = flush;
    return Sent::lent;
  }
  const auto status = UCS_PTR_IS_PTR(flush) ? static_cast<ucs_status_t>(operation.status) : UCS_PTR_STATUS(flush);
  if (UCS_PTR_IS_PTR(flush)) ucx().request_free(flush);
  if (put != nullptr) ucx().request_free(put);
  operations_.give_back(operation);
  if (status != UCS_OK) return ucx_error(ucx(), path_, status);
  return Sent::done;
}

}  // namespace tutti::transport::ucx
