#include "transports/fifo.hpp"

#include <gtest/gtest.h>

#include <deque>
#include <memory>
#include <random>

namespace tutti::transport {
namespace {

TEST(Fifo, DoesWhatADequeDoes) {
  Fifo<int> fifo;
  std::deque<int> model;
  std::mt19937 random(1);
  for (int i = 0; i < 20'000; ++i) {
    if (random() % 100 < (i < 10'000 ? 60U : 40U)) {
      fifo.push(i);
      model.push_back(i);
    } else if (!model.empty()) {
      ASSERT_EQ(fifo.front(), model.front());
      fifo.pop();
      model.pop_front();
    }
    ASSERT_EQ(fifo.size(), model.size());
    ASSERT_EQ(fifo.empty(), model.empty());
  }
}

TEST(Fifo, LetsGoOfWhatIsPopped) {
  Fifo<std::shared_ptr<int>> fifo;
  const auto value = std::make_shared<int>(5);
  fifo.push(value);
  fifo.push(value);
  EXPECT_EQ(value.use_count(), 3);
  fifo.pop();
  EXPECT_EQ(value.use_count(), 2);
  fifo.clear();
  EXPECT_EQ(value.use_count(), 1);
}

}  // namespace
}  // namespace tutti::transport
