#include "tools/perf/judge.hpp"

#include <algorithm>
#include <cstring>

namespace tutti::perf {
namespace {

constexpr std::byte kUntouched{0xa5};

}  // namespace

Judge::Judge(const Question& question)
    : question_(question),
      element_(size_of(question.series.type)),
      spec_{question.series.type, question.series.op, question.ranks, question.seed,
            std::min(kPeriod, std::max(question.shape.send, question.shape.recv))},
      input_(question.collective.reduces ? contribution_of(spec_, question.rank) : message_of(spec_, question.rank)) {}

bool Judge::has_input() const {
  return question_.collective.kind != Kind::broadcast || question_.rank == question_.series.root;
}

bool Judge::has_result() const {
  return question_.collective.kind != Kind::reduce || question_.rank == question_.series.root;
}

bool Judge::is_apart(const std::byte* send, const std::byte* recv) const {
  const std::size_t send_bytes = question_.shape.send * element_;
  const std::size_t recv_bytes = question_.shape.recv * element_;
  return send + send_bytes <= recv || recv + recv_bytes <= send;
}

void Judge::prepare(std::byte* send, std::byte* recv) {
  const Shape& shape = question_.shape;
  std::fill_n(recv, shape.recv * element_, kUntouched);
  if (is_apart(send, recv)) std::fill_n(recv + shape.recv * element_, kGuard, kUntouched);
  if (has_input()) fill(send, input_, element_, 0, shape.send);
}

std::size_t Judge::count_wrong(const std::byte* send, const std::byte* recv) const {
  std::size_t wrong = has_result() ? count_wrong_result(recv) : 0;
  if (!is_apart(send, recv)) return wrong;
  if (has_input()) wrong += perf::count_wrong(send, input_, element_, 0, question_.shape.send);
  const std::byte* guard = recv + question_.shape.recv * element_;
  return wrong + (std::all_of(guard, guard + kGuard, [](std::byte b) { return b == kUntouched; }) ? 0 : 1);
}

std::size_t Judge::count_wrong_result(const std::byte* recv) const {
  const Shape& shape = question_.shape;
  const auto rank = static_cast<std::size_t>(question_.rank);
  switch (question_.collective.kind) {
    case Kind::all_reduce:
    case Kind::reduce:
      return perf::count_wrong(recv, reduction_of(spec_), element_, 0, shape.recv);
    case Kind::reduce_scatter:
      return perf::count_wrong(recv, reduction_of(spec_), element_, rank * shape.count, shape.recv);
    case Kind::broadcast:
      return perf::count_wrong(recv, message_of(spec_, question_.series.root), element_, 0, shape.recv);
    case Kind::sendrecv: {
      const int previous = (question_.rank + question_.ranks - 1) % question_.ranks;
      return perf::count_wrong(recv, message_of(spec_, previous), element_, 0, shape.recv);
    }
    case Kind::all_gather: {
      std::size_t wrong = 0;
      for (int from = 0; from < question_.ranks; ++from) {
        const std::byte* block = recv + static_cast<std::size_t>(from) * shape.count * element_;
        wrong += perf::count_wrong(block, message_of(spec_, from), element_, 0, shape.count);
      }
      return wrong;
    }
    case Kind::barrier:
      break;
  }
  return 0;
}

}  // namespace tutti::perf
