#include "transports/shm/handshake.hpp"

#include <sodium.h>

namespace tutti::transport::shm {
namespace {

const unsigned char* raw(const std::byte* bytes) {
  return reinterpret_cast<const unsigned char*>(bytes);
}

std::array<std::byte, 32> prove(const Hello& hello, const SocketName& called, const Key& key) {
  crypto_auth_hmacsha256_state state;
  std::array<std::byte, 32> proof{};
  static_assert(crypto_auth_hmacsha256_BYTES == proof.size());
  const auto signed_part = bytes_of(hello).first(offsetof(Hello, proof));
  crypto_auth_hmacsha256_init(&state, raw(key.data()), key.size());
  crypto_auth_hmacsha256_update(&state, raw(signed_part.data()), signed_part.size());
  crypto_auth_hmacsha256_update(&state, raw(called.data()), called.size());
  crypto_auth_hmacsha256_final(&state, reinterpret_cast<unsigned char*>(proof.data()));
  return proof;
}

}  // namespace

Hello make_hello(Rank from, Rank to, std::uint64_t epoch, const SocketName& called, const Key& key) {
  Hello hello{.from = from, .to = to, .epoch = epoch};
  randombytes_buf(hello.nonce.data(), hello.nonce.size());
  hello.proof = prove(hello, called, key);
  return hello;
}

bool is_genuine(const Hello& hello, Rank self, std::uint64_t epoch, const SocketName& called, const Key& key) {
  const auto proof = prove(hello, called, key);
  const bool knows_key = sodium_memcmp(proof.data(), hello.proof.data(), proof.size()) == 0;
  return knows_key && hello.to == self && hello.from != self && index(hello.from) >= 0 && hello.epoch == epoch;
}

}  // namespace tutti::transport::shm
