#include "transports/shm/shares.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/uio.h>

#include <cerrno>
#include <cstring>

namespace tutti::transport::shm {

Status Shares::open(WindowId number, const WindowMemory& memory) {
  if (by_address_.size() >= kMaxShares) {
    return Error{Code::unsupported, fmt::format("shm: more than {} windows", kMaxShares)};
  }
  struct stat status {};
  FileDescriptor own(::fcntl(memory.file, F_DUPFD_CLOEXEC, 0));
  if (!own || ::fstat(own.get(), &status) != 0) {
    return Error{Code::system, fmt::format("shm: no descriptor for a window: {}", std::strerror(errno))};
  }
  const auto file_bytes = static_cast<std::uint64_t>(status.st_size);
  by_address_.insert_or_assign(memory.bytes.data(),
                               Window{number, memory.bytes, std::move(own), memory.offset, file_bytes});
  return {};
}

void Shares::close(WindowId number) {
  std::erase_if(by_address_, [&](const auto& entry) { return entry.second.number == number; });
}

std::optional<Shares::Place> Shares::find(std::span<const std::byte> bytes) const {
  auto next = by_address_.upper_bound(bytes.data());
  if (next == by_address_.begin()) return std::nullopt;
  const Window& window = std::prev(next)->second;
  const auto offset = static_cast<std::size_t>(bytes.data() - window.bytes.data());
  if (offset > window.bytes.size() || bytes.size() > window.bytes.size() - offset) return std::nullopt;
  return Place{&window, offset};
}

Status PeerShares::add(const Share& share, FileDescriptor file) {
  if (mapped_.size() >= kMaxShares) return Error{Code::transport, "it shares too many windows (shm)"};
  SealedMemory memory = TUTTI_TRY(SealedMemory::adopt(std::move(file), share.file_bytes));
  memory.close_fd();
  if (share.offset > share.file_bytes || share.bytes > share.file_bytes - share.offset) {
    return Error{Code::transport, "it shares a window that does not lie in its memory (shm)"};
  }
  const std::span<const std::byte> window = memory.memory().subspan(share.offset, share.bytes);
  mapped_.erase(share.window);
  mapped_.emplace(share.window, Mapped{std::move(memory), window});
  return {};
}

std::span<const std::byte> PeerShares::find(WindowId number, std::uint64_t offset, std::uint64_t bytes) const {
  const auto place = mapped_.find(number);
  if (place == mapped_.end()) return {};
  const std::span<const std::byte> window = place->second.window;
  if (offset > window.size() || bytes > window.size() - offset) return {};
  return window.subspan(offset, bytes);
}

bool read_process(pid_t process, std::uint64_t address, std::span<std::byte> out) {
  while (!out.empty()) {
    const iovec here{out.data(), out.size()};
    const iovec there{reinterpret_cast<void*>(static_cast<std::uintptr_t>(address)), out.size()};
    const ssize_t got = ::process_vm_readv(process, &here, 1, &there, 1, 0);
    if (got <= 0) return false;
    address += static_cast<std::uint64_t>(got);
    out = out.subspan(static_cast<std::size_t>(got));
  }
  return true;
}

}  // namespace tutti::transport::shm
