#include "plan/exchange/msccl_units.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "plan/exchange/exchange.hpp"

namespace tutti::plan::msccl {
namespace {

// A chunk's share of a segment (of a block's part of it) is weight / pieces.
std::uint64_t pieces_of(const Cut& cut, const Cut::Part& part, bool blocks) {
  return std::uint64_t{cut.weights()} * (blocks ? 1 : part.chunks);
}

}  // namespace

Result<Units> Units::of(const Program& program) {
  const Cut& cut = program.cut;
  const std::uint32_t most = ExchangeLimits{}.chunks;
  const auto too_many = [&] {
    return Error{
        Code::unsupported,
        fmt::format("MSCCL cuts a vector into chunks of one length: this plan needs more than {} of them", most)};
  };
  Units units;
  units.blocks_ = has_blocks(program.collective);
  units.chunks_ = program.chunks;
  std::uint64_t segment = 1;
  for (int number = 0; number < cut.parts(); ++number) {
    const Cut::Part& part = cut.part(number);
    const std::uint64_t pieces = pieces_of(cut, part, units.blocks_);
    segment = std::lcm(segment, pieces / std::gcd(std::uint64_t{part.weight}, pieces));
    if (segment > most) return too_many();
  }
  const std::uint64_t block = segment * program.segments;
  const std::uint64_t whole = units.blocks_ ? block * program.ranks : block;
  if (whole > most) return too_many();
  units.segment_ = static_cast<std::uint32_t>(segment);
  units.block_ = static_cast<std::uint32_t>(block);
  units.whole_ = static_cast<std::uint32_t>(whole);
  std::uint32_t mirror = 0;
  for (int number = 0; number < cut.parts(); ++number) {
    const Cut::Part& part = cut.part(number);
    const auto size = static_cast<std::uint32_t>(part.weight * segment / pieces_of(cut, part, units.blocks_));
    auto before = static_cast<std::uint32_t>(cut.weight_before(number) * segment / cut.weights());
    for (std::uint32_t chunk = part.first; chunk < part.first + part.chunks; ++chunk) {
      const auto block_of = units.blocks_ ? cut.block(chunk) : Rank{0};
      units.sizes_.push_back(block_of ? size : 0);
      units.before_.push_back(before);
      units.block_of_.push_back(block_of ? static_cast<std::uint32_t>(index(*block_of)) : 0);
      units.in_mirror_.push_back(mirror);
      mirror += units.sizes_.back();
      if (!units.blocks_) before += size;
    }
  }
  units.mirror_ = mirror;
  units.longest_ = *std::max_element(units.sizes_.begin(), units.sizes_.end());
  return units;
}

// Scratch memory holds acc, acc2 and the slots, one behind the other.
std::uint32_t Units::scratch_before(const Program& program, Buffer buffer) const {
  std::uint32_t before = 0;
  if (buffer != Buffer::acc && program.uses_acc) before += mirror_ * program.segments;
  if (buffer == Buffer::slots && program.uses_acc2) before += mirror_ * program.segments;
  return before;
}

Run Units::run(const Program& program, Buffer buffer, std::uint32_t number, std::uint32_t stands_for) const {
  if (buffer == Buffer::slots) {
    const std::uint32_t size = sizes_[stands_for % chunks_];
    return {Array::scratch, scratch_before(program, buffer) + number * longest_, size};
  }
  const std::uint32_t segment = number / chunks_;
  const std::uint32_t chunk = number % chunks_;
  if (buffer == Buffer::acc || buffer == Buffer::acc2)
    return {Array::scratch, scratch_before(program, buffer) + segment * mirror_ + in_mirror_[chunk], sizes_[chunk]};
  const bool only_own =
      buffer == Buffer::in ? in_is_own_block(program.collective) : out_is_own_block(program.collective);
  const std::uint32_t begin = blocks_ && !only_own ? block_of_[chunk] * block_ : 0;
  return {buffer == Buffer::in ? Array::input : Array::output, begin + segment * segment_ + before_[chunk],
          sizes_[chunk]};
}

std::array<std::uint32_t, 3> Units::rooms(const Program& program) const {
  const std::uint32_t slots = program.slots * program.segments * longest_;
  return {in_is_own_block(program.collective) ? block_ : whole_, out_is_own_block(program.collective) ? block_ : whole_,
          scratch_before(program, Buffer::slots) + slots};
}

}  // namespace tutti::plan::msccl
