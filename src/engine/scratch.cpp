#include "engine/scratch.hpp"

#include <linux/mempolicy.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdlib>

namespace tutti::engine {
namespace {

// Pages of their own, because a policy stays with pages. It is a preference: a node that is not there, or full, is no
// failure. Null if there is no memory.
std::byte* map_on(std::size_t bytes, int numa) {
  void* const memory = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return nullptr;
  constexpr unsigned kBits = 8 * sizeof(unsigned long);
  const unsigned long mask = static_cast<unsigned>(numa) < kBits ? 1UL << static_cast<unsigned>(numa) : 0;
  if (mask != 0) (void)::syscall(SYS_mbind, memory, bytes, MPOL_PREFERRED, &mask, kBits + 1, 0);
  return static_cast<std::byte*>(memory);
}

}  // namespace

std::byte* Scratch::reserve(std::size_t bytes, int numa) {
  if (bytes <= size_) return memory_.get();
  const std::size_t whole = (bytes + kAlignment - 1) / kAlignment * kAlignment;
  const bool placed = numa >= 0 && whole >= kLeastPlaced;
  memory_.reset();
  memory_ = {placed ? map_on(whole, numa) : static_cast<std::byte*>(std::aligned_alloc(kAlignment, whole)),
             Free{placed ? whole : 0}};
  size_ = memory_ ? whole : 0;
  return memory_.get();
}

void Scratch::Free::operator()(std::byte* memory) const {
  if (mapped > 0) {
    ::munmap(memory, mapped);
  } else {
    std::free(memory);
  }
}

}  // namespace tutti::engine
