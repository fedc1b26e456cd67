/* A C program against an installed Tutti: one rank alone, then two ranks as threads of this process. */
#include <pthread.h>
#include <stdio.h>
#include <tutti/tutti.h>

#define COUNT 1000

static int check(tuttiResult_t result, const char* what) {
  if (result == tuttiSuccess) return 0;
  fprintf(stderr, "%s: %s: %s\n", what, tuttiGetErrorString(result), tuttiGetLastError(NULL));
  return 1;
}

struct Seat {
  tuttiUniqueId id;
  int ranks;
  int rank;
  int failed;
};

static int all_reduce(tuttiComm_t comm, int ranks, int rank) {
  float values[COUNT];
  int i;
  for (i = 0; i < COUNT; ++i) values[i] = (float)(i + rank);
  if (check(tuttiAllReduce(values, values, COUNT, tuttiFloat32, tuttiSum, comm, NULL), "all-reduce")) return 1;
  for (i = 0; i < COUNT; ++i) {
    const float expected = (float)(i * ranks + ranks * (ranks - 1) / 2);
    if (values[i] != expected) {
      fprintf(stderr, "rank %d: element %d is %g, not %g\n", rank, i, (double)values[i], (double)expected);
      return 1;
    }
  }
  return 0;
}

static void* take_seat(void* argument) {
  struct Seat* seat = argument;
  tuttiComm_t comm = NULL;
  seat->failed = check(tuttiCommInitRank(&comm, seat->ranks, seat->id, seat->rank), "init") ||
                 all_reduce(comm, seat->ranks, seat->rank) || check(tuttiCommDestroy(comm), "destroy");
  return NULL;
}

static int meet(int ranks) {
  struct Seat seats[2];
  pthread_t threads[2];
  int rank, failed = 0;
  tuttiUniqueId id;
  if (check(tuttiGetUniqueId(&id), "unique id")) return 1;
  for (rank = 0; rank < ranks; ++rank) {
    seats[rank].id = id;
    seats[rank].ranks = ranks;
    seats[rank].rank = rank;
    seats[rank].failed = 1;
    if (pthread_create(&threads[rank], NULL, take_seat, &seats[rank]) != 0) return 1;
  }
  for (rank = 0; rank < ranks; ++rank) {
    pthread_join(threads[rank], NULL);
    failed |= seats[rank].failed;
  }
  return failed;
}

int main(void) {
  if (meet(1) || meet(2)) return 1;
  puts("all_reduce over 1 and 2 ranks: right");
  return 0;
}
