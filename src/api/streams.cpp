// Host streams.
#include "api/edge.hpp"

using namespace tutti;
using namespace tutti::api;

namespace {

Result<comm::Stream*> existing(tuttiStream_t stream) {
  if (stream == nullptr) return null_argument("stream");
  return usable(stream);
}

}  // namespace

tuttiResult_t tuttiStreamCreate(tuttiStream_t* stream) {
  return guarded([&]() -> Status {
    if (stream == nullptr) return null_argument("stream");
    *stream = new tuttiStream;
    return {};
  });
}

tuttiResult_t tuttiStreamQuery(tuttiStream_t stream) {
  return guarded([&]() -> Status { return TUTTI_TRY(existing(stream))->query(); });
}

tuttiResult_t tuttiStreamSynchronize(tuttiStream_t stream) {
  return guarded([&]() -> Status { return TUTTI_TRY(existing(stream))->synchronize(); });
}

tuttiResult_t tuttiStreamDestroy(tuttiStream_t stream) {
  if (stream == nullptr) return tuttiSuccess;
  return guarded([&]() -> Status {
    auto status = TUTTI_TRY(existing(stream))->synchronize();
    delete stream;
    return status;
  });
}
