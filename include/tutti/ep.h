/* Tutti: experts in parallel. Part of <tutti/tutti.h>; docs/moe.md explains it with pictures.
 *
 * A group (tuttiEp_t) says which rank holds which experts. A plan (tuttiEpPlan_t) says where the tokens of one batch
 * go. Dispatch brings each token's row to every rank that holds one of its experts, once a rank; combine brings results
 * back and adds them up. A plan can be used as often as wanted: the backward of dispatch is combine, and that of
 * combine is dispatch.
 *
 * Every rank of the group makes the same calls in the same order, also with no tokens and with no experts. Memory,
 * threads, streams and deadlines are as tutti.h says. A group has paths of its own: its calls and those of the
 * communicator do not wait for each other.
 */
#ifndef TUTTI_EP_H_
#define TUTTI_EP_H_

#include <tutti/tutti.h>

#ifdef __cplusplus
extern "C" {
#endif

struct tuttiEp;
typedef struct tuttiEp* tuttiEp_t;
struct tuttiEpPlan;
typedef struct tuttiEpPlan* tuttiEpPlan_t;

/* ---- Groups ----------------------------------------------------------------------------------------------------- */

/* How rows go to other nodes: straight to each rank that wants them; or once to the node, whatever number of its ranks
 * want them, and on from there through shared memory. */
typedef enum {
  tuttiEpRouteAuto = 0, /* whichever is faster, for each node, by the counts of the batch */
  tuttiEpRouteDirect = 1,
  tuttiEpRouteHierarchical = 2,
  tuttiEpMaxRoute = 0x7fffffff
} tuttiEpRoute_t;

/* What happens when more rows come to a rank than it has room for. */
typedef enum {
  tuttiEpOverflowError = 0, /* the plan fails at all ranks, and names the rank */
  tuttiEpOverflowDrop = 1,  /* the last rows are left out, reported by tuttiEpPlanGet, and count as zeros in combine */
  tuttiEpOverflowChunk = 2, /* the plan has several rounds; the results have the same bits as in one */
  tuttiEpMaxOverflow = 0x7fffffff
} tuttiEpOverflow_t;

/* Start from TUTTI_EP_CONFIG_INITIALIZER and set numExperts. All but route and timeoutMs must be the same at all ranks;
 * if not, plans fail with tuttiInvalidUsage and name two ranks. */
typedef struct {
  size_t size;
  unsigned int magic;
  unsigned int version;
  int numExperts;
  int numSlots;          /* places that hold an expert: more than numExperts where some are replicated; 0: numExperts */
  const int* slotRank;   /* of each slot; NULL: as even as can be, the first ranks have one more */
  const int* slotExpert; /* of each slot; NULL: slot i holds expert i */
  int maxTopk;           /* choices of a token; default 8 */
  int64_t maxTokens;     /* of a rank's batch; default 4096 */
  size_t maxRowBytes;    /* of all columns of dispatch together, and of a row on combine's wire; default 16384 */
  int64_t maxRecvRows;   /* that a rank has room for, padding included; 0, the default: no limit */
  size_t stagingBytes;   /* memory for rows on their way; default 64 MiB */
  size_t inFlightBytes;  /* on their way to one rank; default 8 MiB */
  tuttiEpRoute_t route;
  tuttiEpOverflow_t overflow;
  int timeoutMs; /* of each call; 0, the default: the communicator's */
} tuttiEpConfig_t;

#define TUTTI_EP_CONFIG_INITIALIZER                                                                                  \
  {                                                                                                                  \
    sizeof(tuttiEpConfig_t), 0x74757465u, TUTTI_VERSION_CODE, 0, 0, NULL, NULL, 8, 4096, 16384, 0, (size_t)64 << 20, \
        (size_t)8 << 20, tuttiEpRouteAuto, tuttiEpOverflowError, 0                                                   \
  }

/* Makes a group of the communicator's ranks: every one of them calls it. The arrays are read during the call only.
 * Errors: tuttiInvalidArgument (a setting that cannot be met, an expert without a slot), and those of
 * tuttiCommSplit. */
TUTTI_API tuttiResult_t tuttiEpCreate(tuttiComm_t comm, const tuttiEpConfig_t* config, tuttiEp_t* ep);

/* Ends calls that were begun, says goodbye and frees; every rank calls it. Its plans must have been destroyed
 * (tuttiInvalidUsage). `ep` may be NULL. */
TUTTI_API tuttiResult_t tuttiEpDestroy(tuttiEp_t ep);

/* Moves experts: every rank calls it with the same arrays, which are read during the call only. Plans that exist stay
 * as they are; later ones go by the new placement. It moves no weights. */
TUTTI_API tuttiResult_t tuttiEpSetPlacement(tuttiEp_t ep, int numSlots, const int* slotRank, const int* slotExpert);

/* What this rank did since the group was made. */
typedef struct {
  size_t size; /* set it to sizeof(tuttiEpStats_t) */
  uint64_t plans;
  uint64_t dispatches;
  uint64_t combines;
  uint64_t droppedChoices;
  uint64_t networkBytes; /* sent to other nodes, with all headers of this library */
  uint64_t nodeBytes;    /* sent to other ranks of this node */
  uint64_t messages;     /* sent */
  uint64_t stagingBytes; /* held now */
} tuttiEpStats_t;
TUTTI_API tuttiResult_t tuttiEpGetStats(tuttiEp_t ep, tuttiEpStats_t* stats);

/* ---- Plans ------------------------------------------------------------------------------------------------------ */

/* A rank's batch. Token t chooses ids[t * stride] to ids[t * stride + topk - 1]; or, with rowPtr, ids[rowPtr[t]] to
 * ids[rowPtr[t + 1] - 1]. -1 is no choice. An expert may be chosen twice. Set `size` and leave the rest 0. */
typedef struct {
  size_t size;
  const void* ids;
  tuttiDataType_t idType; /* tuttiInt32 or tuttiInt64 */
  int64_t tokens;
  int topk;                    /* without rowPtr */
  int64_t stride;              /* elements between tokens; 0: topk */
  const int64_t* rowPtr;       /* tokens + 1 numbers, or NULL */
  const unsigned char* active; /* of each token: 0 leaves it out; NULL: all take part */
  const float* weights;        /* of each choice, placed as ids; NULL: 1 */
  int bySlot;                  /* 1: ids are slots and not experts */
} tuttiEpRouting_t;

/* How received rows lie. They come in the order of source rank, token and choice. */
typedef enum {
  tuttiEpFlat = 0,         /* a row for each token that has a choice here, packed */
  tuttiEpExpertMajor = 1,  /* a row for each choice, grouped by slot; groups begin at multiples of the alignment */
  tuttiEpExpertPadded = 2, /* the same, and the group of slot s begins at s * capacity */
  tuttiEpRankPadded = 3,   /* as flat, and the rows of source r begin at r * capacity */
  tuttiEpMaxLayout = 0x7fffffff
} tuttiEpLayout_t;

/* Makes a plan; every rank calls it, with the same layout. `alignOrCapacity`: the alignment of groups (expert-major, 0
 * means 1), or the capacity in rows of a slot or of a source (rank-padded: 0 means maxTokens). The routing is read
 * during the call only. Not inside tuttiGroupStart. Errors, the same at all ranks, after which the group can be used
 * again: tuttiInvalidArgument (a wrong id or weight, with rank, token and choice; no room, with the rank),
 * tuttiInvalidUsage (ranks whose settings, placements or layouts differ). */
TUTTI_API tuttiResult_t tuttiEpPlanCreate(tuttiEp_t ep, const tuttiEpRouting_t* routing, tuttiEpLayout_t layout,
                                          int64_t alignOrCapacity, tuttiEpPlan_t* plan);

/* The same plan for another batch. After an error the plan has no rows, and can be updated again or destroyed. */
TUTTI_API tuttiResult_t tuttiEpPlanUpdate(tuttiEpPlan_t plan, const tuttiEpRouting_t* routing);

/* Not while a call on it is in flight (tuttiInvalidUsage). `plan` may be NULL. */
TUTTI_API tuttiResult_t tuttiEpPlanDestroy(tuttiEpPlan_t plan);

typedef struct {
  int source; /* rank */
  int token;
  int slot; /* among this rank's */
  int k;
} tuttiEpDropped_t;

/* What comes to this rank in one round. Slots are this rank's own, from 0. Arrays belong to the plan and are valid
 * until it is updated or destroyed. */
typedef struct {
  size_t size; /* set it to sizeof(tuttiEpPlanInfo_t) */
  int rounds;
  int numSlots;
  const int* slotExpert;     /* of each slot */
  const int64_t* slotRows;   /* of each slot: rows, or choices where rows are not by expert; without padding */
  const int64_t* slotOffset; /* of each slot: its first row; NULL where rows are not by expert */
  const int64_t* sourceRows; /* of each rank: rows that come from it */
  int64_t recvRows;          /* of the receive buffer, padding included */
  const int* rowSource;      /* of each row: the rank it comes from; -1: padding */
  const int* rowToken;       /* of each row: the token's number there; -1: padding */
  int64_t choices;           /* that are answered here */
  const int* choiceRow;      /* of each choice: its row */
  const int* choiceSlot;     /* of each choice */
  const int* choiceK;        /* of each choice: its place in the token's list */
  const float* choiceWeight; /* of each choice: 1 without weights */
  int64_t numDropped;
  const tuttiEpDropped_t* dropped;
  int64_t networkRows; /* rows of this rank's batch that must leave its node, once for each other node; all rounds */
  int64_t networkRankRows; /* the same, once for each rank of other nodes */
} tuttiEpPlanInfo_t;
TUTTI_API tuttiResult_t tuttiEpPlanGet(tuttiEpPlan_t plan, int round, tuttiEpPlanInfo_t* info);

/* The plan as JSON (schema tutti.moe_plan/1): the route to each node with its reason, rows, rounds. Buffer rules as
 * tuttiExplain. */
TUTTI_API tuttiResult_t tuttiEpPlanDescribe(tuttiEpPlan_t plan, char* buffer, size_t size, size_t* needed);

/* ---- Calls ------------------------------------------------------------------------------------------------------ */

/* Return when the call has begun; tuttiEpFinish waits for its end. Buffers stay in use until then. Calls of other plans
 * may be begun and finished in between, in any order that is the same at all ranks. */
#define TUTTI_EP_BEGIN 1u
/* Dispatch: rows of the receive buffer that no token fills become zeros; else they stay as they are. */
#define TUTTI_EP_ZERO_PADDING 2u

/* One payload: activations, scales, weights, identities, anything. Strides are in bytes; 0: `bytes`. */
typedef struct {
  const void* send; /* a row a token */
  size_t sendStride;
  void* recv; /* recvRows rows */
  size_t recvStride;
  size_t bytes; /* of a row; the same at all ranks */
} tuttiEpColumn_t;

/* Brings the rows of a round (0, unless the plan has several) to the experts' ranks, all columns together. Send and
 * receive buffers must not overlap. Errors: tuttiInvalidArgument (nothing was done; the call can be made again),
 * and those of all collectives (the group is unusable then). */
TUTTI_API tuttiResult_t tuttiEpDispatch(tuttiEpPlan_t plan, int round, const tuttiEpColumn_t* columns, int numColumns,
                                        unsigned int flags, tuttiStream_t stream);

/* The type in which combine's sums travel. Errors are those of one rounding; a sum that goes through a node is rounded
 * once for its rank and once for its node. */
typedef enum {
  tuttiEpWireFloat32 = 0,      /* exact */
  tuttiEpWireBfloat16 = 1,     /* 2^-8 of each value */
  tuttiEpWireFloat16 = 2,      /* 2^-11 of each value, up to 65504 */
  tuttiEpWireFloat8Blocks = 3, /* 2^-4 of each value; below 2^-13 of the largest of its 128, 2^-17 of that */
  tuttiEpMaxWire = 0x7fffffff
} tuttiEpWire_t;

/* Types are tuttiFloat32, tuttiBfloat16 or tuttiFloat16. Strides are in bytes; 0: the row's length. */
typedef struct {
  size_t size; /* set it to sizeof(tuttiEpCombine_t), and the rest to 0 */
  size_t elements;
  const void* in; /* recvRows rows of results */
  tuttiDataType_t inType;
  size_t inStride;
  int weighted;            /* 1: each row is multiplied with the weight of its choice; layouts by expert only */
  const float* rowWeights; /* of each row of `in`, to be multiplied with it too, or NULL */
  void* out;               /* a row a token */
  tuttiDataType_t outType;
  size_t outStride;
  const void* bias[2]; /* a row a token each, added to the sum, or NULL */
  tuttiDataType_t biasType;
  size_t biasStride;
  int accumulate; /* 1: what `out` has is added too */
  tuttiEpWire_t wire;
} tuttiEpCombine_t;

/* out[token] = sum over its choices of weight * result; bias[0] + bias[1] + out. Everything is added in float32, in an
 * order that depends on the placement of experts and ranks alone (docs/moe.md), so the same call gives the same bits
 * for every route, staging memory and number of rounds. A round writes the rows of its own tokens. */
TUTTI_API tuttiResult_t tuttiEpCombine(tuttiEpPlan_t plan, int round, const tuttiEpCombine_t* call, unsigned int flags,
                                       tuttiStream_t stream);

/* Ends the call that was begun on the plan. Errors: tuttiInvalidUsage (none was), and those of the call. */
TUTTI_API tuttiResult_t tuttiEpFinish(tuttiEpPlan_t plan, tuttiStream_t stream);

#ifdef __cplusplus
}
#endif

#endif /* TUTTI_EP_H_ */
