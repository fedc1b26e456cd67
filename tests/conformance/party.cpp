#include "conformance/party.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <thread>

namespace tutti::transport::conformance {
namespace {

TimePoint now() {
  return SteadyClock().now();
}

}  // namespace

std::chrono::seconds limit_of_waits() {
  const char* const seconds = std::getenv("CONFORMANCE_LIMIT");
  return std::chrono::seconds(seconds == nullptr ? 30 : std::atoi(seconds));
}

Memory pattern(std::size_t bytes, std::uint32_t seed) {
  Memory memory(bytes);
  std::uint64_t state = seed * std::uint64_t{0x9e3779b97f4a7c15} + 1;
  for (std::size_t at = 0; at < bytes; at += sizeof(state)) {
    state = state * 6364136223846793005U + 1442695040888963407U;
    const std::uint64_t word = state ^ state >> 29;
    std::memcpy(&memory[at], &word, std::min(sizeof(word), bytes - at));
  }
  return memory;
}

bool same(std::span<const std::byte> left, std::span<const std::byte> right) {
  return left.size() == right.size() && (left.empty() || std::memcmp(left.data(), right.data(), left.size()) == 0);
}

Party::Party(Rank rank, std::unique_ptr<Transport> transport) : rank_(rank), transport_(std::move(transport)) {
  if (!transport_) std::abort();
}

void Party::connect(Rank peer, std::span<const std::byte> address) {
  const auto endpoint = transport_->connect(peer, address);
  if (!endpoint) {
    ADD_FAILURE() << endpoint.error().text;
    std::abort();
  }
  endpoints_[peer] = *endpoint;
}

std::uint64_t Party::send(Rank to, std::span<const std::byte> data, std::uint32_t fingerprint) {
  // A send only reads: the contract has one pointer for both kinds.
  auto* bytes = const_cast<std::byte*>(data.data());
  return post(to, {.kind = Transfer::Kind::send, .data = bytes, .bytes = data.size(), .fingerprint = fingerprint});
}

std::uint64_t Party::recv(Rank from, std::span<std::byte> data, std::uint32_t fingerprint) {
  return post(from,
              {.kind = Transfer::Kind::recv, .data = data.data(), .bytes = data.size(), .fingerprint = fingerprint});
}

std::uint64_t Party::recv_combine(Rank from, std::span<std::byte> data, const std::byte* operand,
                                  const Combine& combine) {
  return post(from, {.kind = Transfer::Kind::recv,
                     .data = data.data(),
                     .bytes = data.size(),
                     .fingerprint = 7,
                     .operand = operand,
                     .combine = &combine});
}

WindowId Party::open_window(std::span<std::byte> memory) {
  const auto window = transport_->open_window({.bytes = memory});
  if (!window) {
    ADD_FAILURE() << window.error().text;
    std::abort();
  }
  return *window;
}

std::uint64_t Party::put(Rank to, std::span<const std::byte> data, std::span<const std::byte> key, std::uint64_t offset,
                         std::uint32_t signal) {
  const Put put{.data = data.data(),
                .bytes = data.size(),
                .key = key,
                .offset = offset,
                .signal = signal,
                .token = next_token_++};
  outstanding_.insert(put.token);
  const auto taken = endpoints_.at(to)->put({&put, 1});
  EXPECT_TRUE(taken) << taken.error().text;
  return put.token;
}

std::uint64_t Party::post(Rank peer, Transfer transfer) {
  transfer.token = next_token_++;
  outstanding_.insert(transfer.token);
  endpoints_.at(peer)->post({&transfer, 1});
  return transfer.token;
}

void Party::poll() {
  completed_.clear();
  transport_->progress(now(), completed_);
  for (const auto& completion : completed_) {
    EXPECT_EQ(outstanding_.erase(completion.token), 1U) << "token " << completion.token << " completed, not posted";
    if (!completion.ok) failed_.insert(completion.token);
  }
}

bool Party::finish() {
  return poll_until([this] { return outstanding_.empty(); });
}

bool Party::poll_until(const std::function<bool()>& condition) {
  const auto limit = now() + limit_of_waits();
  while (!condition()) {
    if (now() > limit) return false;
    poll();
    if (completed_.empty()) std::this_thread::yield();
  }
  return true;
}

void Party::cancel() {
  transport_->cancel();
  outstanding_.clear();
}

void introduce(Parties& parties) {
  for (auto& one : parties) {
    for (auto& other : parties) {
      if (one != other) one->connect(other->rank(), other->transport().address());
    }
  }
}

bool poll_all_until(Parties& parties, const std::function<bool()>& condition) {
  const auto limit = now() + limit_of_waits();
  while (!condition()) {
    if (now() > limit) return false;
    for (auto& party : parties) party->poll();
  }
  return true;
}

bool finish_all(Parties& parties) {
  return poll_all_until(parties, [&] {
    return std::ranges::all_of(parties, [](const auto& party) { return party->outstanding() == 0; });
  });
}

}  // namespace tutti::transport::conformance
