// A C++ program against an installed Tutti, through tutti.hpp: two ranks as threads, blocking and in a stream.
#include <cstdio>
#include <thread>
#include <tutti/tutti.hpp>
#include <vector>

namespace {

bool is_everywhere(const std::vector<double>& values, double expected) {
  for (const double value : values) {
    if (value != expected) return false;
  }
  return true;
}

bool take_seat(const tutti::UniqueId& id, int ranks, int rank) {
  tutti::Communicator comm(ranks, id, rank);
  std::vector<double> values(1000, rank + 1.0);
  comm.all_reduce(std::span(values));
  if (!is_everywhere(values, 3.0)) return false;

  tutti::Stream stream;
  comm.all_reduce(std::span<const double>(values), std::span(values), tutti::ReduceOp::avg, &stream);
  stream.synchronize();
  return is_everywhere(values, 3.0);
}

bool refuses_a_bad_call() {
  try {
    tutti::Communicator comm(2, tutti::make_unique_id(), 5);
  } catch (const tutti::Error& error) {
    return error.code() == tuttiInvalidArgument && error.what()[0] != '\0';
  }
  return false;
}

}  // namespace

int main() {
  const tutti::UniqueId id = tutti::make_unique_id();
  bool right[2] = {false, false};
  {
    std::jthread other([&] { right[1] = take_seat(id, 2, 1); });
    right[0] = take_seat(id, 2, 0);
  }
  if (!right[0] || !right[1] || !refuses_a_bad_call()) return 1;
  std::puts("all_reduce through tutti.hpp: right");
  return 0;
}
