// Gloo for `tutti perf --compare gloo`: over TCP on the loopback interface, or on the one that GLOO_SOCKET_IFNAME
// names, met through files in a folder.
#include <gloo/allgather.h>
#include <gloo/allreduce.h>
#include <gloo/alltoall.h>
#include <gloo/barrier.h>
#include <gloo/broadcast.h>
#include <gloo/config.h>
#include <gloo/gather.h>
#include <gloo/math.h>
#include <gloo/reduce.h>
#include <gloo/rendezvous/context.h>
#include <gloo/rendezvous/file_store.h>
#include <gloo/scatter.h>
#include <gloo/transport/tcp/device.h>
#include <tutti/tutti.h>

#include <cstdlib>
#include <exception>
#include <memory>
#include <string>
#include <vector>

#include "tools/perf/compare/peer.h"

namespace {

using Reduction = void (*)(void*, const void*, const void*, std::size_t);

std::shared_ptr<gloo::rendezvous::Context> context;
std::string error_text;

// Gloo's functions throw; the table's do not.
template <typename Function>
tuttiPeerResult_t guarded(const Function& function) {
  try {
    return function();
  } catch (const std::exception& error) {
    error_text = error.what();
    return tuttiPeerFailed;
  }
}

tuttiPeerResult_t unsupported(const char* what) {
  error_text = std::string("this comparison has no ") + what;
  return tuttiPeerUnsupported;
}

template <typename T>
Reduction reduction_of(int op) {
  switch (op) {
    case tuttiSum:
      return gloo::sum<T>;
    case tuttiProd:
      return gloo::product<T>;
    case tuttiMax:
      return gloo::max<T>;
    case tuttiMin:
      return gloo::min<T>;
    default:
      return nullptr;
  }
}

// Calls `function` with a value of the call's type.
template <typename Function>
tuttiPeerResult_t with_type(int type, const Function& function) {
  return guarded([&] {
    switch (type) {
      case tuttiInt8:
        return function(std::int8_t{});
      case tuttiUint8:
        return function(std::uint8_t{});
      case tuttiInt32:
        return function(std::int32_t{});
      case tuttiUint32:
        return function(std::uint32_t{});
      case tuttiInt64:
        return function(std::int64_t{});
      case tuttiUint64:
        return function(std::uint64_t{});
      case tuttiFloat32:
        return function(float{});
      case tuttiFloat64:
        return function(double{});
      default:
        return unsupported("type for this: it has the integers, float and double");
    }
  });
}

template <typename T>
T* input_of(const tuttiPeerCall_t& call) {
  return static_cast<T*>(const_cast<void*>(call.send));  // NOLINT: Gloo's inputs are not const, but stay as they are
}

bool is_root(const tuttiPeerCall_t& call) {
  return context->rank == call.root;
}

std::size_t ranks() {
  return static_cast<std::size_t>(context->size);
}

tuttiPeerResult_t all_reduce(const tuttiPeerCall_t* call) {
  return with_type(call->type, [&](auto value) {
    using T = decltype(value);
    const Reduction reduction = reduction_of<T>(call->op);
    if (reduction == nullptr) return unsupported("operator for this: it has sum, prod, max and min");
    gloo::AllreduceOptions options(context);
    if (call->inPlace == 0) options.setInput(input_of<T>(*call), call->count);
    options.setOutput(static_cast<T*>(call->recv), call->count);
    options.setReduceFunction(reduction);
    gloo::allreduce(options);
    return tuttiPeerOk;
  });
}

tuttiPeerResult_t reduce(const tuttiPeerCall_t* call) {
  return with_type(call->type, [&](auto value) {
    using T = decltype(value);
    const Reduction reduction = reduction_of<T>(call->op);
    if (reduction == nullptr) return unsupported("operator for this: it has sum, prod, max and min");
    gloo::ReduceOptions options(context);
    if (call->inPlace == 0) options.setInput(input_of<T>(*call), call->count);
    options.setOutput(static_cast<T*>(call->recv), call->count);
    options.setRoot(call->root);
    options.setReduceFunction(reduction);
    gloo::reduce(options);
    return tuttiPeerOk;
  });
}

tuttiPeerResult_t broadcast(const tuttiPeerCall_t* call) {
  return with_type(call->type, [&](auto value) {
    using T = decltype(value);
    gloo::BroadcastOptions options(context);
    if (is_root(*call) && call->inPlace == 0) options.setInput(input_of<T>(*call), call->count);
    options.setOutput(static_cast<T*>(call->recv), call->count);
    options.setRoot(call->root);
    gloo::broadcast(options);
    return tuttiPeerOk;
  });
}

tuttiPeerResult_t all_gather(const tuttiPeerCall_t* call) {
  return with_type(call->type, [&](auto value) {
    using T = decltype(value);
    gloo::AllgatherOptions options(context);
    if (call->inPlace == 0) options.setInput(input_of<T>(*call), call->count);
    options.setOutput(static_cast<T*>(call->recv), call->count * ranks());
    gloo::allgather(options);
    return tuttiPeerOk;
  });
}

tuttiPeerResult_t gather(const tuttiPeerCall_t* call) {
  return with_type(call->type, [&](auto value) {
    using T = decltype(value);
    gloo::GatherOptions options(context);
    options.setInput(input_of<T>(*call), call->count);
    if (is_root(*call)) options.setOutput(static_cast<T*>(call->recv), call->count * ranks());
    options.setRoot(call->root);
    gloo::gather(options);
    return tuttiPeerOk;
  });
}

tuttiPeerResult_t scatter(const tuttiPeerCall_t* call) {
  return with_type(call->type, [&](auto value) {
    using T = decltype(value);
    gloo::ScatterOptions options(context);
    if (is_root(*call)) {
      std::vector<T*> blocks;
      for (std::size_t rank = 0; rank < ranks(); ++rank) blocks.push_back(input_of<T>(*call) + rank * call->count);
      options.setInputs(blocks, call->count);
    }
    options.setOutput(static_cast<T*>(call->recv), call->count);
    options.setRoot(call->root);
    gloo::scatter(options);
    return tuttiPeerOk;
  });
}

tuttiPeerResult_t all_to_all(const tuttiPeerCall_t* call) {
  if (call->inPlace != 0) return unsupported("all_to_all in place");
  return with_type(call->type, [&](auto value) {
    using T = decltype(value);
    gloo::AlltoallOptions options(context);
    options.setInput(input_of<T>(*call), call->count * ranks());
    options.setOutput(static_cast<T*>(call->recv), call->count * ranks());
    gloo::alltoall(options);
    return tuttiPeerOk;
  });
}

tuttiPeerResult_t barrier(const tuttiPeerCall_t*) {
  return guarded([] {
    gloo::BarrierOptions options(context);
    gloo::barrier(options);
    return tuttiPeerOk;
  });
}

tuttiPeerResult_t open_peer(tuttiPeerPlace_t* place) {
  return guarded([&] {
    gloo::transport::tcp::attr where;
    const char* const interface = std::getenv("GLOO_SOCKET_IFNAME");
    where.iface = interface != nullptr ? interface : "lo";
    auto device = gloo::transport::tcp::CreateDevice(where);
    gloo::rendezvous::FileStore store(place->folder);
    context = std::make_shared<gloo::rendezvous::Context>(place->rank, place->ranks);
    context->connectFullMesh(store, device);
    return tuttiPeerOk;
  });
}

void close_peer() {
  context.reset();
}

const char* library() {
  static const std::string kText = "Gloo " + std::to_string(GLOO_VERSION_MAJOR) + "." +
                                   std::to_string(GLOO_VERSION_MINOR) + "." + std::to_string(GLOO_VERSION_PATCH) +
                                   " over TCP on lo";
  return kText.c_str();
}

const char* last_error() {
  return error_text.c_str();
}

}  // namespace

extern "C" {
__attribute__((visibility("default"))) extern const tuttiPeer_t tuttiPeer;
const tuttiPeer_t tuttiPeer = {
    .version = TUTTI_PEER_VERSION,
    .name = "Gloo",
    .knowsPlace = 0,
    .open = open_peer,
    .close = close_peer,
    .library = library,
    .lastError = last_error,
    .share = nullptr,
    .allReduce = all_reduce,
    .reduce = reduce,
    .broadcast = broadcast,
    .reduceScatter = nullptr,
    .allGather = all_gather,
    .gather = gather,
    .scatter = scatter,
    .allToAll = all_to_all,
    .sendrecv = nullptr,
    .barrier = barrier,
};
}
