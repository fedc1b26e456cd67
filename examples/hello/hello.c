/* Every rank brings its number plus one; every rank learns the sum. Run: tutti run -n 4 -- hello */
#include <stdio.h>
#include <tutti/tutti.h>

int main(void) {
  tuttiComm_t comm = NULL;
  int rank = 0, ranks = 0, sum = 0;
  if (tuttiCommInitWorld(&comm, NULL) != tuttiSuccess || tuttiCommUserRank(comm, &rank) != tuttiSuccess ||
      tuttiCommCount(comm, &ranks) != tuttiSuccess) {
    fprintf(stderr, "cannot join: %s\n", tuttiGetLastError(comm));
    return 1;
  }
  sum = rank + 1;
  if (tuttiAllReduce(&sum, &sum, 1, tuttiInt32, tuttiSum, comm, NULL) != tuttiSuccess) {
    fprintf(stderr, "rank %d: %s\n", rank, tuttiGetLastError(comm));
    return 1;
  }
  printf("rank %d of %d: the sum is %d\n", rank, ranks, sum);
  return tuttiCommDestroy(comm) == tuttiSuccess ? 0 : 1;
}
