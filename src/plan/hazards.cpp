#include "plan/hazards.hpp"

#include <array>
#include <cstddef>
#include <numeric>
#include <utility>

#include "plan/range_map.hpp"

namespace tutti::plan {
namespace {

constexpr std::size_t kBuffers = 7;
constexpr std::uint32_t kNobody = ~0U;

// A *story* is what has happened to a chunk since it was written: by whom, and who has read it. Chunks with the same
// story share it, and what an action does to a story is found out once, however many chunks have it.
using Story = std::uint32_t;
constexpr Story kUntouched = 0;

struct Chapter {
  std::uint32_t writer = kNobody;
  std::uint32_t reader = kNobody;  // the last one
  Story before = kUntouched;       // without that reader
  std::uint32_t told = 0;          // the last access that met this story
  Story then = kUntouched;         // what it became there
};

class Hazards {
 public:
  // Who reads and writes whole runs leaves few runs; strided copies leave so many that every chunk is kept by itself.
  Hazards(const std::vector<Action>& actions, bool in_place)
      : in_place_(in_place), last_found_(actions.size(), kNobody) {
    for (const Action& action : actions) {
      if (action.src_stride == 1 && action.dst_stride == 1) continue;
      by_chunk_[place(action.src)] = by_chunk_[place(action.src)] || action.src_stride != 1;
      by_chunk_[place(action.dst)] = by_chunk_[place(action.dst)] || action.dst_stride != 1;
    }
  }

  void read(std::uint32_t action, Buffer buffer, ChunkRange range, std::uint32_t stride) {
    ++access_;
    visit(buffer, range, stride, [&](Story story) {
      if (chapters_[story].told == access_) return chapters_[story].then;
      const std::uint32_t writer = chapters_[story].writer;
      depend(writer, action);
      const Story then = add({writer, action, story});
      chapters_[story].told = access_;
      chapters_[story].then = then;
      return then;
    });
  }

  void write(std::uint32_t action, Buffer buffer, ChunkRange range, std::uint32_t stride) {
    ++access_;
    const Story then = add({.writer = action});
    visit(buffer, range, stride, [&](Story story) {
      if (std::exchange(chapters_[story].told, access_) == access_) return then;
      // Whoever has read it has waited for its writer.
      if (chapters_[story].reader == kNobody) depend(chapters_[story].writer, action);
      for (Story each = story; chapters_[each].reader != kNobody; each = chapters_[each].before)
        depend(chapters_[each].reader, action);
      return then;
    });
  }

  // In the order of the first action: the second ones are in order as they are.
  [[nodiscard]] std::vector<std::pair<std::uint32_t, std::uint32_t>> sorted() const {
    std::vector<std::uint32_t> next(last_found_.size() + 1, 0);
    for (const auto& [from, to] : found_) ++next[from + 1];
    std::partial_sum(next.begin(), next.end(), next.begin());
    std::vector<std::pair<std::uint32_t, std::uint32_t>> pairs(found_.size());
    for (const auto& each : found_) pairs[next[each.first]++] = each;
    return pairs;
  }

 private:
  [[nodiscard]] std::size_t place(Buffer buffer) const {
    return static_cast<std::size_t>(in_place_ && buffer == Buffer::in ? Buffer::out : buffer);
  }

  void depend(std::uint32_t from, std::uint32_t to) {
    if (from == kNobody || from == to || std::exchange(last_found_[from], to) == to) return;
    found_.emplace_back(from, to);
  }
  Story add(Chapter chapter) {
    chapters_.push_back(chapter);
    return static_cast<Story>(chapters_.size() - 1);
  }

  template <typename Change>
  void visit(Buffer buffer, ChunkRange range, std::uint32_t stride, Change&& change) {
    if (range.count == 0) return;
    const std::size_t at = place(buffer);
    if (!by_chunk_[at]) {
      runs_[at].visit(range.first, range.first + range.count,
                      [&](std::uint32_t, std::uint32_t, Story& story) { story = change(story); });
      return;
    }
    std::vector<Story>& stories = chunks_[at];
    const std::size_t end = range.first + std::size_t{range.count - 1} * stride + 1;
    if (stories.size() < end) stories.resize(end, kUntouched);
    Story last = stories[range.first];
    Story then = change(last);
    for (std::size_t chunk = range.first; chunk < end; chunk += stride) {
      if (stories[chunk] != last) then = change(last = stories[chunk]);
      stories[chunk] = then;
    }
  }

  bool in_place_;
  std::uint32_t access_ = 0;
  std::vector<Chapter> chapters_{Chapter{}};
  std::array<bool, kBuffers> by_chunk_{};
  std::vector<RangeMap<Story>> runs_{kBuffers, RangeMap<Story>(kUntouched)};
  std::array<std::vector<Story>, kBuffers> chunks_;
  std::vector<std::pair<std::uint32_t, std::uint32_t>> found_;
  std::vector<std::uint32_t> last_found_;  // by action: who was the last to wait for it
};

}  // namespace

std::vector<std::pair<std::uint32_t, std::uint32_t>> find_hazards(const std::vector<Action>& actions, bool in_place) {
  Hazards hazards(actions, in_place);
  for (std::uint32_t i = 0; i < actions.size(); ++i) {
    const Action& action = actions[i];
    if (action.src != Buffer::none) hazards.read(i, action.src, action.src_range, action.src_stride);
    for (std::uint32_t slot = 0; slot < action.slots; ++slot) {
      if (slot == action.own_slot) continue;
      const std::uint32_t count = action.src_range.count;
      hazards.read(i, Buffer::slots, {action.slot + slot * count, count}, 1);
    }
    if (action.dst != Buffer::none) hazards.write(i, action.dst, action.dst_range, action.dst_stride);
  }
  return hazards.sorted();
}

}  // namespace tutti::plan
