// What the mover moves: a list of items, each a few messages with one peer.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "transports/transport.hpp"

namespace tutti::moe {

/// What staging memory is for. Each purpose has memory of its own, so that what comes first never lacks it because of
/// what comes later.
enum class Purpose : std::uint8_t { leaving, entering_gateway, leaving_gateway, entering, none };
inline constexpr std::size_t kPurposes = 4;  // that have memory

class Exchange {
 public:
  using Item = std::uint32_t;

  struct End {
    std::int32_t peer = 0;
    bool sends = false;
    Purpose purpose = Purpose::none;
  };

  Exchange() = default;
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;
  virtual ~Exchange() = default;

  [[nodiscard]] virtual Item items() const = 0;
  [[nodiscard]] virtual End end(Item item) const = 0;

  /// Whether what the item sends is there, or its length is known.
  [[nodiscard]] virtual bool is_ready(Item item) const = 0;

  /// Bytes of staging memory that it needs. `near`: the peer shares memory with this rank,
  /// and the transport combines.
  [[nodiscard]] virtual std::size_t staging_bytes(Item item, bool near) const = 0;

  /// Fills `staging` where it sends, and appends its messages: kind, data and bytes. Both ends of an item have the same
  /// ones.
  virtual void load(Item item, bool near, std::byte* staging, std::vector<transport::Transfer>& messages) = 0;

  /// All its messages are over. True: its staging memory is free; else `work` gives it back.
  virtual Result<bool> finish(Item item, bool near, std::byte* staging) = 0;

  /// Does what needs no messages. Appends items whose staging memory is free now. True if it did anything.
  virtual bool work(std::vector<Item>& freed) = 0;

  /// Whether there is nothing left to do but to finish items.
  [[nodiscard]] virtual bool is_done() const = 0;

  /// The same at both ends of every path, and another for every other exchange.
  [[nodiscard]] virtual std::uint32_t fingerprint() const = 0;

  /// "dispatch 12".
  [[nodiscard]] virtual std::string describe() const = 0;
};

}  // namespace tutti::moe
