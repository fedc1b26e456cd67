// Random numbers that come again with their seed (splitmix64: Steele, Lea and Flood 2014).
#pragma once

#include <cstdint>

namespace tutti::transport::faulty {

class Dice {
 public:
  explicit Dice(std::uint64_t seed) : state_(seed) {}

  std::uint64_t next() {
    std::uint64_t mixed = state_ += 0x9e3779b97f4a7c15;
    mixed = (mixed ^ mixed >> 30) * 0xbf58476d1ce4e5b9;
    mixed = (mixed ^ mixed >> 27) * 0x94d049bb133111eb;
    return mixed ^ mixed >> 31;
  }
  /// From 0 to below 1.
  double fraction() { return static_cast<double>(next() >> 11) * 0x1.0p-53; }
  bool happens(double probability) { return fraction() < probability; }

 private:
  std::uint64_t state_;
};

}  // namespace tutti::transport::faulty
