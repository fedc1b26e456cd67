// The C table by which `tutti perf --compare` calls another library. A plug-in is a shared object that exports one,
// under the name `tuttiPeer`.
#pragma once

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

#define TUTTI_PEER_VERSION 1

typedef enum { tuttiPeerOk = 0, tuttiPeerFailed = 1, tuttiPeerUnsupported = 2 } tuttiPeerResult_t;

typedef struct {
  int rank;
  int ranks;
  const char* folder;  // empty, and seen by all ranks; gone when all have opened
} tuttiPeerPlace_t;

typedef struct {
  const void* send;
  void* recv;
  size_t count;  // as the collective's call in tutti.h takes it: of a block, where there are blocks
  int type;      // tuttiDataType_t
  int op;        // tuttiRedOp_t
  int root;
  int inPlace;  // the library's own way to say so is meant; `send` and `recv` are Tutti's
} tuttiPeerCall_t;

/// Returns when the call is complete at this rank.
typedef tuttiPeerResult_t (*tuttiPeerFunction_t)(const tuttiPeerCall_t* call);

typedef struct {
  int version;       // TUTTI_PEER_VERSION
  const char* name;  // as people call it
  /// Not 0: `open` says who this rank is. 0: it is told.
  int knowsPlace;
  tuttiPeerResult_t (*open)(tuttiPeerPlace_t* place);
  void (*close)(void);
  /// Name and version of the library that was loaded; after `open`.
  const char* (*library)(void);
  /// What went wrong in the last call that did not return tuttiPeerOk.
  const char* (*lastError)(void);
  /// Rank 0's bytes to all. Null unless knowsPlace.
  tuttiPeerResult_t (*share)(void* data, size_t bytes);
  /// Those that the library does not have are null.
  tuttiPeerFunction_t allReduce;
  tuttiPeerFunction_t reduce;
  tuttiPeerFunction_t broadcast;
  tuttiPeerFunction_t reduceScatter;
  tuttiPeerFunction_t allGather;
  tuttiPeerFunction_t gather;
  tuttiPeerFunction_t scatter;
  tuttiPeerFunction_t allToAll;
  tuttiPeerFunction_t sendrecv;  // to the next rank, from the one before
  tuttiPeerFunction_t barrier;   // always there
} tuttiPeer_t;

#define TUTTI_PEER_SYMBOL "tuttiPeer"

#ifdef __cplusplus
}
#endif
