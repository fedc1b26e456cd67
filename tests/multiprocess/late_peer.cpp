// What a late peer costs: rank 1 comes 100 ms late to a barrier, and rank 0 prints the processor time it used
// meanwhile.
//   tutti run -n 2 -- late_peer
#include <sys/resource.h>

#include <cstdio>
#include <thread>

#include "tutti/tutti.h"

namespace {

double processor_ms() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto ms = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) * 1e3 + static_cast<double>(time.tv_usec) / 1e3;
  };
  return ms(usage.ru_utime) + ms(usage.ru_stime);
}

int fail(const char* what) {
  std::fprintf(stderr, "%s: %s\n", what, tuttiGetLastError(nullptr));
  return 1;
}

}  // namespace

int main() {
  constexpr int kTimes = 10;
  tuttiComm_t comm = nullptr;
  int rank = 0;
  if (tuttiCommInitWorld(&comm, nullptr) != tuttiSuccess) return fail("init");
  if (tuttiCommUserRank(comm, &rank) != tuttiSuccess || tuttiBarrier(comm, nullptr) != tuttiSuccess)
    return fail("barrier");
  double worst = 0;
  for (int i = 0; i < kTimes; ++i) {
    if (rank != 0) std::this_thread::sleep_for(std::chrono::milliseconds(100));
    const double before = processor_ms();
    if (tuttiBarrier(comm, nullptr) != tuttiSuccess) return fail("barrier");
    const double used = processor_ms() - before;
    if (used > worst) worst = used;
  }
  if (rank == 0) std::printf("a rank whose peer was 100 ms late used at most %.2f ms of processor time\n", worst);
  return tuttiCommDestroy(comm) == tuttiSuccess ? 0 : fail("destroy");
}
