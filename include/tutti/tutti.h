/* Tutti: collective communication for training clusters. The C ABI: everything a framework links.
 *
 * Names, argument order and numbers follow NCCL with the prefix `tutti`, so that a port is a search and replace; what
 * differs is said where it differs.
 *
 * Results   Every function returns a tuttiResult_t. After an error, tuttiGetLastError says what, where and who.
 * Streams   A call with a stream returns at once and runs in that stream's order; its result shows in
 *           tuttiStreamSynchronize and tuttiCommGetAsyncError. A call without one (NULL) is complete when it returns.
 * Memory    Buffers must stay valid, and inputs unchanged, until the call is complete. `recvbuff` may be `sendbuff`
 *           where "in-place" is described, and must not overlap it in any other way. Alignment: one element.
 * Threads   Any function may be called from any thread. Calls on one communicator run in call order, and the ranks of
 *           a communicator must make the same calls in the same order.
 * Deadlines Every call completes or fails within the communicator's timeout (30 s unless set). After a failure a
 *           communicator refuses new work: destroy or abort it.
 */
#ifndef TUTTI_H_
#define TUTTI_H_

#include <stddef.h>
#include <stdint.h>

#define TUTTI_MAJOR 0
#define TUTTI_MINOR 1
#define TUTTI_PATCH 0
#define TUTTI_VERSION_CODE (TUTTI_MAJOR * 10000 + TUTTI_MINOR * 100 + TUTTI_PATCH)

#if defined(__GNUC__)
#define TUTTI_API __attribute__((visibility("default")))
#else
#define TUTTI_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Results ---------------------------------------------------------------------------------------------------- */

typedef enum {
  tuttiSuccess = 0,
  tuttiTransportError = 1,  /* a network or shared-memory path failed */
  tuttiSystemError = 2,     /* the operating system refused something */
  tuttiInternalError = 3,   /* a bug in Tutti: please report it */
  tuttiInvalidArgument = 4, /* this call's arguments are wrong; nothing was done */
  tuttiInvalidUsage = 5,    /* ranks called different things, or an object was used after it failed */
  tuttiPeerLost = 6,        /* a rank died or left; the communicator is unusable */
  tuttiRemoteError = 6,     /* NCCL's name for the same */
  tuttiInProgress = 7,      /* a non-blocking call has not finished: ask again */
  tuttiTimeout = 8,         /* the deadline passed; the communicator is unusable */
  tuttiUnsupported = 9,     /* not possible here; the error's text says what is missing */
  tuttiAborted = 10,        /* this rank or another aborted the communicator */
  tuttiNumResults = 11
} tuttiResult_t;

/* The words of a result code. Never NULL; the text is static. */
TUTTI_API const char* tuttiGetErrorString(tuttiResult_t result);

/* The last error of a communicator, or of the calling thread when `comm` is NULL. Never NULL; "" when there was none.
 * Valid until the next Tutti call of the calling thread. */
struct tuttiComm;
typedef struct tuttiComm* tuttiComm_t;
TUTTI_API const char* tuttiGetLastError(tuttiComm_t comm);

/* The library's version, as TUTTI_VERSION_CODE. */
TUTTI_API tuttiResult_t tuttiGetVersion(int* version);

/* ---- Types and operators ---------------------------------------------------------------------------------------- */

typedef enum {
  tuttiInt8 = 0,
  tuttiChar = 0,
  tuttiUint8 = 1,
  tuttiInt32 = 2,
  tuttiInt = 2,
  tuttiUint32 = 3,
  tuttiInt64 = 4,
  tuttiUint64 = 5,
  tuttiFloat16 = 6,
  tuttiHalf = 6,
  tuttiFloat32 = 7,
  tuttiFloat = 7,
  tuttiFloat64 = 8,
  tuttiDouble = 8,
  tuttiBfloat16 = 9,
  tuttiFloat8e4m3 = 10,
  tuttiFloat8e5m2 = 11,
  tuttiNumTypes = 12,
  tuttiMaxDataType = 0x7fffffff /* not a type: makes every positive number a value that can be checked */
} tuttiDataType_t;

/* Floating types of 8 and 16 bits are accumulated in float32 and rounded once. Integers wrap; their average truncates.
 */
typedef enum {
  tuttiSum = 0,
  tuttiProd = 1,
  tuttiMax = 2,
  tuttiMin = 3,
  tuttiAvg = 4,
  tuttiNumOps = 5, /* operators made by the tuttiRedOpCreate functions have greater values */
  tuttiMaxRedOp = 0x7fffffff
} tuttiRedOp_t;

/* ---- Configuration ---------------------------------------------------------------------------------------------- */

#define TUTTI_CONFIG_UNDEF_INT INT32_MIN

/* Options of one communicator. Start from TUTTI_CONFIG_INITIALIZER; a field left undefined takes its TUTTI_* variable,
 * and else its default. `size` makes the structure extensible: fields beyond it are taken as undefined. */
typedef struct {
  size_t size;
  unsigned int magic;
  unsigned int version;
  int blocking;           /* 1 (default): calls wait. 0: init returns tuttiInProgress; poll tuttiCommGetAsyncError */
  int timeoutMs;          /* a call's deadline; default TUTTI_TIMEOUT, 30000 */
  int initTimeoutMs;      /* the deadline for all ranks to come; default TUTTI_INIT_TIMEOUT, 60000 */
  int deterministic;      /* 1: the same bits whatever transport and algorithm; default TUTTI_DETERMINISTIC, 0 */
  const char* transports; /* as TUTTI_TRANSPORTS */
  const char* algorithm;  /* as TUTTI_ALGO */
  const char* iface;      /* as TUTTI_IFACE */
  const char* nodeId;     /* as TUTTI_NODE_ID */
  const char* commName;   /* a name for logs and errors; default "comm" */
  const char* plans;      /* as TUTTI_PLAN */
  const char* tuning;     /* as TUTTI_TUNING */
} tuttiConfig_t;

#define TUTTI_CONFIG_INITIALIZER                                                                            \
  {                                                                                                         \
    sizeof(tuttiConfig_t), 0x74757474u, TUTTI_VERSION_CODE, TUTTI_CONFIG_UNDEF_INT, TUTTI_CONFIG_UNDEF_INT, \
        TUTTI_CONFIG_UNDEF_INT, TUTTI_CONFIG_UNDEF_INT, NULL, NULL, NULL, NULL, NULL, NULL, NULL            \
  }

/* ---- Communicators ---------------------------------------------------------------------------------------------- */

/* Where a job's ranks meet, and the key with which they prove that they belong together. Treat it as a secret. */
#define TUTTI_UNIQUE_ID_BYTES 128
typedef struct {
  char internal[TUTTI_UNIQUE_ID_BYTES];
} tuttiUniqueId;

/* Makes an id and starts serving the meeting from this process, which must live until all ranks have come: usually the
 * process of rank 0. Hand the 128 bytes to the other ranks. */
TUTTI_API tuttiResult_t tuttiGetUniqueId(tuttiUniqueId* uniqueId);

/* Joins `nranks` ranks into a communicator. Every rank calls it with the same id and its own rank; ranks may be
 * processes, or threads of one process. Returns when all have come. Errors: tuttiInvalidArgument (rank out of range, or
 * taken), tuttiTimeout (the text names the ranks that have not come), tuttiTransportError (wrong id or version). */
TUTTI_API tuttiResult_t tuttiCommInitRank(tuttiComm_t* comm, int nranks, tuttiUniqueId commId, int rank);
TUTTI_API tuttiResult_t tuttiCommInitRankConfig(tuttiComm_t* comm, int nranks, tuttiUniqueId commId, int rank,
                                                tuttiConfig_t* config);

/* Joins the job that this process was started in: by `tutti run`, torchrun, mpirun, srun, or with TUTTI_RANK,
 * TUTTI_WORLD_SIZE and TUTTI_UNIQUE_ID_FILE or TUTTI_ADDRESS. Without any of them: one rank. `config` may be NULL. */
TUTTI_API tuttiResult_t tuttiCommInitWorld(tuttiComm_t* comm, tuttiConfig_t* config);

/* Makes `ndev` communicators of one job inside this process, ranks 0..ndev-1. `devlist` is ignored and may be NULL. */
TUTTI_API tuttiResult_t tuttiCommInitAll(tuttiComm_t* comms, int ndev, const int* devlist);

/* Splits a communicator: ranks with the same `color` (>= 0) form a new one, ordered by `key`, then by rank.
 * Every rank of `comm` calls it; a rank that passes TUTTI_SPLIT_NOCOLOR gets NULL. `config` may be NULL: the parent's.
 */
#define TUTTI_SPLIT_NOCOLOR (-1)
TUTTI_API tuttiResult_t tuttiCommSplit(tuttiComm_t comm, int color, int key, tuttiComm_t* newcomm,
                                       tuttiConfig_t* config);

/* Waits until this rank's calls are complete, and up to 2 s until the others finalize too, and says goodbye. Then only
 * destroy it. */
TUTTI_API tuttiResult_t tuttiCommFinalize(tuttiComm_t comm);

/* Finalizes, if that was not done, and frees. `comm` may be NULL. */
TUTTI_API tuttiResult_t tuttiCommDestroy(tuttiComm_t comm);

/* Ends the calls in flight, here and, with tuttiAborted, at every other rank; frees. No buffer is touched afterwards.
 */
TUTTI_API tuttiResult_t tuttiCommAbort(tuttiComm_t comm);

/* tuttiSuccess; tuttiInProgress while a non-blocking init runs; or why the communicator is unusable. */
TUTTI_API tuttiResult_t tuttiCommGetAsyncError(tuttiComm_t comm, tuttiResult_t* asyncError);

TUTTI_API tuttiResult_t tuttiCommCount(tuttiComm_t comm, int* count);
TUTTI_API tuttiResult_t tuttiCommUserRank(tuttiComm_t comm, int* rank);

/* ---- Streams ---------------------------------------------------------------------------------------------------- */

/* A host stream runs its calls one after the other, on a thread of its own, while the caller goes on. */
struct tuttiStream;
typedef struct tuttiStream* tuttiStream_t;

TUTTI_API tuttiResult_t tuttiStreamCreate(tuttiStream_t* stream);
/* tuttiSuccess when everything is done, tuttiInProgress when not, or the first error. */
TUTTI_API tuttiResult_t tuttiStreamQuery(tuttiStream_t stream);
/* Waits until everything is done; returns the first error since the last synchronize, and forgets it. */
TUTTI_API tuttiResult_t tuttiStreamSynchronize(tuttiStream_t stream);
/* Synchronizes and frees. `stream` may be NULL. */
TUTTI_API tuttiResult_t tuttiStreamDestroy(tuttiStream_t stream);

/* ---- Groups ----------------------------------------------------------------------------------------------------- */

/* Calls between Start and End are made together by End, and overlap; one thread can drive several ranks. Collectives,
 * sends and receives of one communicator may be mixed in any order, at each rank in another; only collectives among
 * themselves keep theirs, and so do the messages from one rank to another. All ranks group the same collectives of a
 * communicator. Each call has its deadline from when the one before it is over. Buffers of calls in one group must not
 * overlap where one is written. Groups nest. Init, split and destroy may be grouped too. */
TUTTI_API tuttiResult_t tuttiGroupStart(void);
TUTTI_API tuttiResult_t tuttiGroupEnd(void);

/* ---- Operators -------------------------------------------------------------------------------------------------- */

/* op(x_0, x_1, ...) = scalar_0 * x_0 + scalar_1 * x_1 + ..., where scalar_r is that of rank r. `scalar` points to one
 * element of `datatype`, which is read at once. */
typedef enum { tuttiScalarDevice = 0, tuttiScalarHostImmediate = 1 } tuttiScalarResidence_t;
TUTTI_API tuttiResult_t tuttiRedOpCreatePreMulSum(tuttiRedOp_t* op, void* scalar, tuttiDataType_t datatype,
                                                  tuttiScalarResidence_t residence, tuttiComm_t comm);

/* inout[i] = in[i] op inout[i], where `in` holds the contributions of lower ranks. It must be associative; without
 * `commutative` the order of ranks is kept. It runs on the thread that drives the call, and must not call Tutti. */
typedef void (*tuttiReduceFunction_t)(const void* in, void* inout, size_t count, tuttiDataType_t datatype,
                                      void* context);
TUTTI_API tuttiResult_t tuttiRedOpCreateUser(tuttiRedOp_t* op, tuttiReduceFunction_t function, void* context,
                                             int commutative, tuttiComm_t comm);
TUTTI_API tuttiResult_t tuttiRedOpDestroy(tuttiRedOp_t op, tuttiComm_t comm);

/* ---- Collectives ------------------------------------------------------------------------------------------------ */

/* Counts are in elements. Errors of all: tuttiInvalidArgument (nothing was done); tuttiInvalidUsage (ranks called
 * different things); tuttiTimeout, tuttiPeerLost, tuttiAborted, tuttiTransportError (the communicator is unusable). */

/* recvbuff[i] = op over ranks of sendbuff[i], the same bits on every rank. In-place: recvbuff == sendbuff. */
TUTTI_API tuttiResult_t tuttiAllReduce(const void* sendbuff, void* recvbuff, size_t count, tuttiDataType_t datatype,
                                       tuttiRedOp_t op, tuttiComm_t comm, tuttiStream_t stream);

/* As all-reduce, but only `root` gets the result; elsewhere recvbuff may be NULL. In-place: recvbuff == sendbuff. */
TUTTI_API tuttiResult_t tuttiReduce(const void* sendbuff, void* recvbuff, size_t count, tuttiDataType_t datatype,
                                    tuttiRedOp_t op, int root, tuttiComm_t comm, tuttiStream_t stream);

/* Copies root's sendbuff to every rank's recvbuff; sendbuff is used at root only. In-place: recvbuff == sendbuff. */
TUTTI_API tuttiResult_t tuttiBroadcast(const void* sendbuff, void* recvbuff, size_t count, tuttiDataType_t datatype,
                                       int root, tuttiComm_t comm, tuttiStream_t stream);
TUTTI_API tuttiResult_t tuttiBcast(void* buff, size_t count, tuttiDataType_t datatype, int root, tuttiComm_t comm,
                                   tuttiStream_t stream);

/* Reduces nranks * recvcount elements and leaves block r at rank r. In-place: recvbuff == sendbuff + rank * recvcount.
 */
TUTTI_API tuttiResult_t tuttiReduceScatter(const void* sendbuff, void* recvbuff, size_t recvcount,
                                           tuttiDataType_t datatype, tuttiRedOp_t op, tuttiComm_t comm,
                                           tuttiStream_t stream);

/* Gathers every rank's sendcount elements, in rank order. In-place: sendbuff == recvbuff + rank * sendcount. */
TUTTI_API tuttiResult_t tuttiAllGather(const void* sendbuff, void* recvbuff, size_t sendcount, tuttiDataType_t datatype,
                                       tuttiComm_t comm, tuttiStream_t stream);

/* Gathers every rank's `count` elements at root, in rank order; recvbuff (nranks * count elements) is used at root
 * only. In-place, at root: sendbuff == recvbuff + root * count. NCCL's ncclGather, MPI's MPI_Gather. */
TUTTI_API tuttiResult_t tuttiGather(const void* sendbuff, void* recvbuff, size_t count, tuttiDataType_t datatype,
                                    int root, tuttiComm_t comm, tuttiStream_t stream);

/* Gives block r of root's sendbuff (nranks * count elements; used at root only) to rank r.
 * In-place, at root: recvbuff == sendbuff + root * count. NCCL's ncclScatter, MPI's MPI_Scatter. */
TUTTI_API tuttiResult_t tuttiScatter(const void* sendbuff, void* recvbuff, size_t count, tuttiDataType_t datatype,
                                     int root, tuttiComm_t comm, tuttiStream_t stream);

/* Gives block r of sendbuff to rank r, where it becomes block `rank` of recvbuff. Both have nranks * count elements.
 * In-place: recvbuff == sendbuff, at every rank or at none; blocks that are on their way are then kept in at most
 * TUTTI_STAGING of memory. NCCL's ncclAlltoAll, MPI's MPI_Alltoall. */
TUTTI_API tuttiResult_t tuttiAlltoAll(const void* sendbuff, void* recvbuff, size_t count, tuttiDataType_t datatype,
                                      tuttiComm_t comm, tuttiStream_t stream);

/* Completes when every rank has called it. */
TUTTI_API tuttiResult_t tuttiBarrier(tuttiComm_t comm, tuttiStream_t stream);

/* ---- Blocks of different lengths -------------------------------------------------------------------------------- */

/* The V-variants do what the collective of the same name does, but block r has counts[r] elements and begins
 * displs[r] elements into its buffer. Arrays have one number a rank; displs may be NULL: the blocks then follow each
 * other. Blocks may be empty (a buffer of empty blocks may be NULL), lie in any order and leave gaps, which are not
 * touched; blocks that are received must not overlap. The arrays are read during the call only: with a stream, and in
 * a group, they are copied. Cost beside the collective's own: a message a block, and time in proportion to nranks.
 * Errors beside those of all collectives: a rank's own count is not the same on both sides, blocks overlap, an array is
 * NULL (tuttiInvalidArgument); two ranks disagree about the length of a block between them (tuttiInvalidUsage; if one
 * of them says 0, tuttiTimeout at the other unless a later call shows it first). */

/* Every rank's sendcount elements become block `rank` of every rank's recvbuff. recvcounts is the same at every rank
 * (tuttiInvalidUsage if not), displs need not be; sendcount == recvcounts[rank].
 * In-place: sendbuff == recvbuff + displs[rank]. MPI's MPI_Allgatherv. */
TUTTI_API tuttiResult_t tuttiAllGatherV(const void* sendbuff, size_t sendcount, void* recvbuff,
                                        const size_t* recvcounts, const size_t* displs, tuttiDataType_t datatype,
                                        tuttiComm_t comm, tuttiStream_t stream);

/* Reduces sendbuff's blocks over all ranks and leaves block r at rank r. sendcounts is the same at every rank
 * (tuttiInvalidUsage if not), displs need not be; recvcount == sendcounts[rank].
 * In-place: recvbuff == sendbuff + displs[rank]. MPI's MPI_Reduce_scatter. */
TUTTI_API tuttiResult_t tuttiReduceScatterV(const void* sendbuff, const size_t* sendcounts, const size_t* displs,
                                            void* recvbuff, size_t recvcount, tuttiDataType_t datatype, tuttiRedOp_t op,
                                            tuttiComm_t comm, tuttiStream_t stream);

/* Every rank's sendcount elements become block `rank` of root's recvbuff. recvbuff, recvcounts and displs are used at
 * root only. In-place, at root: sendbuff == recvbuff + displs[root]. MPI's MPI_Gatherv. */
TUTTI_API tuttiResult_t tuttiGatherV(const void* sendbuff, size_t sendcount, void* recvbuff, const size_t* recvcounts,
                                     const size_t* displs, tuttiDataType_t datatype, int root, tuttiComm_t comm,
                                     tuttiStream_t stream);

/* Block r of root's sendbuff goes to rank r, which expects recvcount elements. sendbuff, sendcounts and displs are used
 * at root only. In-place, at root: recvbuff == sendbuff + displs[root]. MPI's MPI_Scatterv. */
TUTTI_API tuttiResult_t tuttiScatterV(const void* sendbuff, const size_t* sendcounts, const size_t* displs,
                                      void* recvbuff, size_t recvcount, tuttiDataType_t datatype, int root,
                                      tuttiComm_t comm, tuttiStream_t stream);

/* Block r of sendbuff goes to rank r, where it becomes block `rank` of recvbuff: sendcounts[r] here is
 * recvcounts[rank] there. No connection is made for an empty block. In-place: recvbuff == sendbuff, at every rank or at
 * none, with the same counts and displacements on both sides. MPI's MPI_Alltoallv. */
TUTTI_API tuttiResult_t tuttiAlltoAllV(const void* sendbuff, const size_t* sendcounts, const size_t* sdispls,
                                       void* recvbuff, const size_t* recvcounts, const size_t* rdispls,
                                       tuttiDataType_t datatype, tuttiComm_t comm, tuttiStream_t stream);

/* ---- Send and receive ------------------------------------------------------------------------------------------- */

/* The n-th send to a peer meets that peer's n-th receive from this rank; the counts and types must agree. A send may
 * wait for its receive: group sends and receives that depend on each other. A rank may send to itself inside a group.
 */
TUTTI_API tuttiResult_t tuttiSend(const void* sendbuff, size_t count, tuttiDataType_t datatype, int peer,
                                  tuttiComm_t comm, tuttiStream_t stream);
TUTTI_API tuttiResult_t tuttiRecv(void* recvbuff, size_t count, tuttiDataType_t datatype, int peer, tuttiComm_t comm,
                                  tuttiStream_t stream);

/* ---- Windows ---------------------------------------------------------------------------------------------------- */

/* Memory of `size` bytes, zeroed and aligned to a page, which ranks of one node can share: in huge pages where the
 * machine has set some aside. Nothing of it is left when its users have ended, however they end. May be called before
 * there is a communicator. Errors: tuttiInvalidArgument, tuttiSystemError (not enough memory). Thread-safe. */
TUTTI_API tuttiResult_t tuttiMemAlloc(void** ptr, size_t size);

/* Gives it back; NULL is allowed. Errors: tuttiInvalidArgument (not from tuttiMemAlloc, or not its beginning),
 * tuttiInvalidUsage (a window lies in it: deregister that first). Thread-safe. */
TUTTI_API tuttiResult_t tuttiMemFree(void* ptr);

struct tuttiWindow;
typedef struct tuttiWindow* tuttiWindow_t;

/* Lets the peers of `comm`, and its NICs, reach [buff, buff + size) where it lies. Calls whose buffers lie in it as a
 * whole then go without copies in between, where the transport can do that: peers on the node read memory of
 * tuttiMemAlloc directly; RDMA registers any memory once, here. Where it cannot, and for buffers that lie in it in part
 * only, calls do what they did. Each rank registers what it likes, when it likes; no other rank takes part.
 * The memory must stay as it is mapped until tuttiWindowDeregister. Waits until this rank's calls that were made before
 * are over, and so does tuttiWindowDeregister: registering is for what is used often.
 * Errors: tuttiInvalidArgument, tuttiInvalidUsage (it overlaps another window of this communicator, or the communicator
 * has failed), tuttiSystemError (the machine refuses, for instance because too little memory may be locked).
 * Thread-safe. */
TUTTI_API tuttiResult_t tuttiWindowRegister(tuttiComm_t comm, void* buff, size_t size, tuttiWindow_t* win);

/* Ends that; NULL is allowed. tuttiCommDestroy and tuttiCommAbort do it for the windows that are left. Errors:
 * tuttiInvalidArgument (not a window of this communicator). Thread-safe. */
TUTTI_API tuttiResult_t tuttiWindowDeregister(tuttiComm_t comm, tuttiWindow_t win);

/* ---- Introspection ---------------------------------------------------------------------------------------------- */

typedef enum {
  tuttiCollAllReduce = 0,
  tuttiCollReduce = 1,
  tuttiCollBroadcast = 2,
  tuttiCollReduceScatter = 3,
  tuttiCollAllGather = 4,
  tuttiCollBarrier = 5,
  tuttiCollSend = 6,
  tuttiCollRecv = 7,
  tuttiCollGather = 8,
  tuttiCollScatter = 9,
  tuttiCollAlltoAll = 10,
  tuttiMaxColl = 0x7fffffff
} tuttiCollective_t;

/* A V-variant goes by its collective of equal blocks. */

/* What a call would do, as JSON (schema tutti.explain/1: algorithm, segments, transports, predicted_us, candidates).
 * Takes the call's own count. For sends and receives: the transports, and as `paths` how those that carried something
 * are connected ("ucx tcp eth0"). Writes at most `size` bytes with a closing NUL; `*needed`, if not NULL, is the whole
 * length with the NUL. `buffer` may be NULL when size is 0. */
TUTTI_API tuttiResult_t tuttiExplain(tuttiComm_t comm, tuttiCollective_t collective, size_t count,
                                     tuttiDataType_t datatype, tuttiRedOp_t op, char* buffer, size_t size,
                                     size_t* needed);

/* The way from this rank to `peer`, as JSON (schema tutti.path/1): node and peer_node, the transport that carries their
 * messages and its path, what was considered and why it was taken or not, the NIC that this rank uses and why, and the
 * level at which the two meet with the numbers that plans reckon with. A path is found when it is first needed: before
 * the first message between the two, transport and path are null. Buffer rules as tuttiExplain. Errors:
 * tuttiInvalidArgument. */
TUTTI_API tuttiResult_t tuttiExplainPath(tuttiComm_t comm, int peer, char* buffer, size_t size, size_t* needed);

/* Versions, transports (with the reason where one is unusable), algorithms and settings, as JSON (schema tutti.info/1).
 * Buffer rules as tuttiExplain. Works without a communicator. */
TUTTI_API tuttiResult_t tuttiInfo(char* buffer, size_t size, size_t* needed);

/* Text describing this rank's place: "rank 3 of 8, node 1 of 2 (gpu-07)". Buffer rules as tuttiExplain. */
TUTTI_API tuttiResult_t tuttiCommDescribe(tuttiComm_t comm, char* buffer, size_t size, size_t* needed);

#ifdef __cplusplus
}
#endif

#include <tutti/ep.h> /* experts in parallel */

#endif /* TUTTI_H_ */
