// MPI for `tutti perf --compare mpi`: built once for each MPI, whose name is TUTTI_PEER_NAME.
#include <limits.h>
#include <mpi.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <tutti/tutti.h>

#include "tools/perf/compare/peer.h"

static char errorText[256];
static char libraryText[MPI_MAX_LIBRARY_VERSION_STRING];
static int thisRank;
static int allRanks;

static tuttiPeerResult_t done(int code) {
  if (code == MPI_SUCCESS) return tuttiPeerOk;
  char text[MPI_MAX_ERROR_STRING] = "";
  int length = 0;
  MPI_Error_string(code, text, &length);
  snprintf(errorText, sizeof errorText, "%s", text);
  return tuttiPeerFailed;
}

static tuttiPeerResult_t unsupported(const char* what) {
  snprintf(errorText, sizeof errorText, "MPI has no %s", what);
  return tuttiPeerUnsupported;
}

static MPI_Datatype typeOf(int type) {
  switch (type) {
    case tuttiInt8:
      return MPI_INT8_T;
    case tuttiUint8:
      return MPI_UINT8_T;
    case tuttiInt32:
      return MPI_INT32_T;
    case tuttiUint32:
      return MPI_UINT32_T;
    case tuttiInt64:
      return MPI_INT64_T;
    case tuttiUint64:
      return MPI_UINT64_T;
    case tuttiFloat32:
      return MPI_FLOAT;
    case tuttiFloat64:
      return MPI_DOUBLE;
    default:
      return MPI_DATATYPE_NULL;
  }
}

static MPI_Op opOf(int op) {
  switch (op) {
    case tuttiSum:
      return MPI_SUM;
    case tuttiProd:
      return MPI_PROD;
    case tuttiMax:
      return MPI_MAX;
    case tuttiMin:
      return MPI_MIN;
    default:
      return MPI_OP_NULL;
  }
}

// The call's type, operator and count as MPI's.
typedef struct {
  MPI_Datatype type;
  MPI_Op op;
  int count;
} Words;

static tuttiPeerResult_t wordsOf(const tuttiPeerCall_t* call, int reduces, Words* words) {
  words->type = typeOf(call->type);
  words->op = opOf(call->op);
  words->count = (int)call->count;
  if (words->type == MPI_DATATYPE_NULL) return unsupported("type for this: it has the integers, float and double");
  if (reduces && words->op == MPI_OP_NULL) return unsupported("operator for this: it has sum, prod, max and min");
  if (call->count > INT_MAX) return unsupported("count beyond 2^31-1");
  return tuttiPeerOk;
}

static const void* inputOf(const tuttiPeerCall_t* call) {
  return call->inPlace ? MPI_IN_PLACE : call->send;
}

static tuttiPeerResult_t allReduce(const tuttiPeerCall_t* call) {
  Words words;
  const tuttiPeerResult_t result = wordsOf(call, 1, &words);
  if (result != tuttiPeerOk) return result;
  return done(MPI_Allreduce(inputOf(call), call->recv, words.count, words.type, words.op, MPI_COMM_WORLD));
}

static tuttiPeerResult_t reduce(const tuttiPeerCall_t* call) {
  Words words;
  const tuttiPeerResult_t result = wordsOf(call, 1, &words);
  if (result != tuttiPeerOk) return result;
#ifdef MPICH_NUMVERSION  // 4.0.2 reads from MPI_IN_PLACE itself then
  if (call->inPlace && call->root != 0) return unsupported("reduce in place to this root: MPICH would crash");
#endif
  const void* const input = thisRank == call->root ? inputOf(call) : call->send;
  return done(MPI_Reduce(input, call->recv, words.count, words.type, words.op, call->root, MPI_COMM_WORLD));
}

// MPI's broadcast is always in place; out of place, the root copies, as Tutti's does.
static tuttiPeerResult_t broadcast(const tuttiPeerCall_t* call) {
  Words words;
  const tuttiPeerResult_t result = wordsOf(call, 0, &words);
  if (result != tuttiPeerOk) return result;
  if (thisRank == call->root && !call->inPlace) {
    int size = 0;
    MPI_Type_size(words.type, &size);
    memcpy(call->recv, call->send, call->count * (size_t)size);
  }
  return done(MPI_Bcast(call->recv, words.count, words.type, call->root, MPI_COMM_WORLD));
}

// In place, MPI leaves the result in front of the input and not where the block was.
static tuttiPeerResult_t reduceScatter(const tuttiPeerCall_t* call) {
  Words words;
  const tuttiPeerResult_t result = wordsOf(call, 1, &words);
  if (result != tuttiPeerOk) return result;
  void* const output = call->inPlace ? (void*)(uintptr_t)call->send : call->recv;
  return done(MPI_Reduce_scatter_block(inputOf(call), output, words.count, words.type, words.op, MPI_COMM_WORLD));
}

static tuttiPeerResult_t allGather(const tuttiPeerCall_t* call) {
  Words words;
  const tuttiPeerResult_t result = wordsOf(call, 0, &words);
  if (result != tuttiPeerOk) return result;
  return done(
      MPI_Allgather(inputOf(call), words.count, words.type, call->recv, words.count, words.type, MPI_COMM_WORLD));
}

static tuttiPeerResult_t gather(const tuttiPeerCall_t* call) {
  Words words;
  const tuttiPeerResult_t result = wordsOf(call, 0, &words);
  if (result != tuttiPeerOk) return result;
  const void* const input = thisRank == call->root ? inputOf(call) : call->send;
  return done(
      MPI_Gather(input, words.count, words.type, call->recv, words.count, words.type, call->root, MPI_COMM_WORLD));
}

static tuttiPeerResult_t scatter(const tuttiPeerCall_t* call) {
  Words words;
  const tuttiPeerResult_t result = wordsOf(call, 0, &words);
  if (result != tuttiPeerOk) return result;
  void* const output = call->inPlace && thisRank == call->root ? MPI_IN_PLACE : call->recv;
  return done(
      MPI_Scatter(call->send, words.count, words.type, output, words.count, words.type, call->root, MPI_COMM_WORLD));
}

static tuttiPeerResult_t allToAll(const tuttiPeerCall_t* call) {
  Words words;
  const tuttiPeerResult_t result = wordsOf(call, 0, &words);
  if (result != tuttiPeerOk) return result;
  return done(
      MPI_Alltoall(inputOf(call), words.count, words.type, call->recv, words.count, words.type, MPI_COMM_WORLD));
}

static tuttiPeerResult_t sendrecv(const tuttiPeerCall_t* call) {
  Words words;
  const tuttiPeerResult_t result = wordsOf(call, 0, &words);
  if (result != tuttiPeerOk) return result;
  const int next = (thisRank + 1) % allRanks;
  const int previous = (thisRank + allRanks - 1) % allRanks;
  return done(MPI_Sendrecv(call->send, words.count, words.type, next, 0, call->recv, words.count, words.type, previous,
                           0, MPI_COMM_WORLD, MPI_STATUS_IGNORE));
}

static tuttiPeerResult_t barrier(const tuttiPeerCall_t* call) {
  (void)call;
  return done(MPI_Barrier(MPI_COMM_WORLD));
}

static tuttiPeerResult_t openPeer(tuttiPeerPlace_t* place) {
  int level = 0;
  const tuttiPeerResult_t result = done(MPI_Init_thread(NULL, NULL, MPI_THREAD_FUNNELED, &level));
  if (result != tuttiPeerOk) return result;
  MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
  MPI_Comm_rank(MPI_COMM_WORLD, &thisRank);
  MPI_Comm_size(MPI_COMM_WORLD, &allRanks);
  place->rank = thisRank;
  place->ranks = allRanks;
  int length = 0;
  MPI_Get_library_version(libraryText, &length);
  libraryText[strcspn(libraryText, ",\n")] = '\0';  // "Open MPI v4.1.4", and no list of its parts
  char* const tab = strchr(libraryText, '\t');
  if (tab != NULL) *tab = ' ';
  return tuttiPeerOk;
}

static void closePeer(void) {
  MPI_Finalize();
}

static const char* library(void) {
  return libraryText;
}

static const char* lastError(void) {
  return errorText;
}

static tuttiPeerResult_t share(void* data, size_t bytes) {
  return done(MPI_Bcast(data, (int)bytes, MPI_BYTE, 0, MPI_COMM_WORLD));
}

__attribute__((visibility("default"))) const tuttiPeer_t tuttiPeer = {
    .version = TUTTI_PEER_VERSION,
    .name = TUTTI_PEER_NAME,
    .knowsPlace = 1,
    .open = openPeer,
    .close = closePeer,
    .library = library,
    .lastError = lastError,
    .share = share,
    .allReduce = allReduce,
    .reduce = reduce,
    .broadcast = broadcast,
    .reduceScatter = reduceScatter,
    .allGather = allGather,
    .gather = gather,
    .scatter = scatter,
    .allToAll = allToAll,
    .sendrecv = sendrecv,
    .barrier = barrier,
};
