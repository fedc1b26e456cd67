#include "tools/job/member.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstring>
#include <utility>

namespace tutti::job {
namespace {

struct Word {
  std::int32_t node = 0;
  std::array<char, 252> host{};
};

}  // namespace

Status checked(tuttiResult_t result, const char* what, tuttiComm_t comm) {
  if (result == tuttiSuccess) return {};
  std::string text = tuttiGetLastError(comm);
  if (text.empty()) text = tuttiGetLastError(nullptr);
  if (text.empty()) text = tuttiGetErrorString(result);
  return Error{static_cast<Code>(result), fmt::format("{}: {}", what, text)};
}

Result<Member> Member::join() {
  tuttiComm_t comm = nullptr;
  TUTTI_TRY(checked(tuttiCommInitWorld(&comm, nullptr), "joining the job"));
  Member member(comm);
  TUTTI_TRY(checked(tuttiCommUserRank(comm, &member.rank_), "rank", comm));
  TUTTI_TRY(checked(tuttiCommCount(comm, &member.ranks_), "count", comm));
  return member;
}

Member::Member(Member&& other) noexcept
    : comm_(std::exchange(other.comm_, nullptr)), rank_(other.rank_), ranks_(other.ranks_) {}

Member::~Member() {
  if (comm_ != nullptr) tuttiCommAbort(comm_);
}

Status Member::send(std::span<const std::byte> bytes, int peer) {
  return checked(tuttiSend(bytes.data(), bytes.size(), tuttiUint8, peer, comm_, nullptr), "send", comm_);
}

Status Member::receive(std::span<std::byte> bytes, int peer) {
  return checked(tuttiRecv(bytes.data(), bytes.size(), tuttiUint8, peer, comm_, nullptr), "receive", comm_);
}

Status Member::barrier() {
  return checked(tuttiBarrier(comm_, nullptr), "barrier", comm_);
}

Result<std::vector<std::byte>> Member::from_root(std::vector<std::byte> bytes) {
  std::uint64_t size = bytes.size();
  TUTTI_TRY(checked(tuttiBcast(&size, 1, tuttiUint64, 0, comm_, nullptr), "hearing from rank 0", comm_));
  bytes.resize(size);
  TUTTI_TRY(checked(tuttiBcast(bytes.data(), size, tuttiUint8, 0, comm_, nullptr), "hearing from rank 0", comm_));
  return bytes;
}

Result<std::vector<std::byte>> Member::at_root(std::span<const std::byte> bytes) {
  const std::uint64_t size = bytes.size();
  std::vector<std::uint64_t> sizes(static_cast<std::size_t>(ranks_));
  // Every rank learns them: gather_v reads them at rank 0 only, but a broadcast less is nothing gained here.
  TUTTI_TRY(checked(tuttiAllGather(&size, sizes.data(), 1, tuttiUint64, comm_, nullptr), "telling rank 0", comm_));
  std::uint64_t whole = 0;
  for (const std::uint64_t each : sizes) whole += each;
  std::vector<std::byte> all(rank_ == 0 ? whole : 0);
  const std::vector<std::size_t> counts(sizes.begin(), sizes.end());
  TUTTI_TRY(checked(
      tuttiGatherV(bytes.data(), bytes.size(), all.data(), counts.data(), nullptr, tuttiUint8, 0, comm_, nullptr),
      "telling rank 0", comm_));
  return all;
}

Status Member::close() {
  TUTTI_TRY(checked(tuttiCommFinalize(comm_), "leaving", comm_));
  return checked(tuttiCommDestroy(std::exchange(comm_, nullptr)), "leaving");
}

Result<std::vector<Place>> places_at_root(Member& member) {
  Word mine;
  std::array<char, 512> text{};
  TUTTI_TRY(
      checked(tuttiCommDescribe(member.comm(), text.data(), text.size(), nullptr), "asking for this rank's place"));
  int rank = 0;
  int ranks = 0;
  if (std::sscanf(text.data(), "rank %d of %d, node %d", &rank, &ranks, &mine.node) != 3)  // NOLINT: our own text
    return Error{Code::internal, fmt::format("the library describes this rank as '{}'", text.data())};
  ::gethostname(mine.host.data(), mine.host.size() - 1);
  const auto bytes = TUTTI_TRY(member.at_root(std::as_bytes(std::span(&mine, 1))));
  std::vector<Place> places;
  for (std::size_t at = 0; at + sizeof(Word) <= bytes.size(); at += sizeof(Word)) {
    Word word;
    std::memcpy(&word, bytes.data() + at, sizeof word);
    places.push_back({word.node, std::string(word.host.data())});
  }
  return places;
}

}  // namespace tutti::job
