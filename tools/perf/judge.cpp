#include "tools/perf/judge.hpp"

#include <algorithm>
#include <cstring>

#include "tools/perf/blocks.hpp"

namespace tutti::perf {
namespace {

constexpr std::byte kUntouched{0xa5};

}  // namespace

Judge::Judge(const Question& question)
    : question_(question),
      element_(size_of(question.series.type)),
      spec_{
          question.series.type, question.series.op, question.ranks, question.seed,
          question.collective.uneven ? kPeriod : std::min(kPeriod, std::max(question.shape.send, question.shape.recv))},
      input_(question.collective.reduces ? contribution_of(spec_, question.rank) : message_of(spec_, question.rank)) {}

bool Judge::has_input() const {
  const Kind kind = question_.collective.kind;
  return (kind != Kind::broadcast && kind != Kind::scatter) || question_.rank == question_.series.root;
}

bool Judge::has_result() const {
  const Kind kind = question_.collective.kind;
  return (kind != Kind::reduce && kind != Kind::gather) || question_.rank == question_.series.root;
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
  std::size_t wrong = 0;
  for (const Part& part :
       parts_of_result(question_.collective, question_.shape, question_.series.root, question_.rank, question_.ranks)) {
    if (part.count == 0) continue;
    const Pattern expected = part.from == Part::kReduction ? reduction_of(spec_) : message_of(spec_, part.from);
    wrong += perf::count_wrong(recv + part.at * element_, expected, element_, part.first, part.count);
  }
  return wrong;
}

}  // namespace tutti::perf
