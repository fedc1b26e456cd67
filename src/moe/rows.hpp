// Rows of several columns: in the user's memory, and one after the other in staging memory.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

namespace tutti::moe {

/// One payload that travels with the others. Strides are in bytes; 0: the row's length.
struct Column {
  const std::byte* send = nullptr;
  std::size_t send_stride = 0;
  std::byte* recv = nullptr;
  std::size_t recv_stride = 0;
  std::size_t bytes = 0;  // of a row

  [[nodiscard]] const std::byte* from(std::uint32_t token) const {
    return send + token * (send_stride == 0 ? bytes : send_stride);
  }
  [[nodiscard]] std::byte* to(std::uint32_t place) const {
    return recv + place * (recv_stride == 0 ? bytes : recv_stride);
  }
};

/// Between ranks that share memory long rows travel one by one, so that they are copied neither before nor after.
inline constexpr std::size_t kLongRow = 1024;  // bytes
[[nodiscard]] inline bool travels_by_rows(bool near, std::size_t row_bytes) {
  return near && row_bytes >= kLongRow;
}

/// How many rows a rank works on before it looks after its messages again: about as much as a transport moves in one
/// turn, so that a row that it sends and keeps is fetched from memory once.
[[nodiscard]] inline std::size_t rows_a_turn(std::size_t row_bytes) {
  constexpr std::size_t kTurn = std::size_t{128} << 10;
  return std::max<std::size_t>(1, kTurn / std::max<std::size_t>(1, row_bytes));
}

/// Columns of one payload each. The short ones are packed together where the long ones travel by rows; where they do
/// not, everything is packed, in one message.
class Columns {
 public:
  explicit Columns(std::span<const Column> columns) : all_(columns.begin(), columns.end()) {
    for (const Column& column : all_) {
      row_bytes_ += column.bytes;
      short_bytes_ += is_packed(column, true) ? column.bytes : 0;
    }
  }

  [[nodiscard]] std::span<const Column> all() const { return all_; }
  [[nodiscard]] std::size_t row_bytes() const { return row_bytes_; }
  /// Bytes of a row in a packed message.
  [[nodiscard]] std::size_t packed_bytes(bool near) const { return near ? short_bytes_ : row_bytes_; }
  [[nodiscard]] static bool is_packed(const Column& column, bool near) { return !travels_by_rows(near, column.bytes); }

 private:
  std::vector<Column> all_;
  std::size_t row_bytes_ = 0;
  std::size_t short_bytes_ = 0;
};

}  // namespace tutti::moe
