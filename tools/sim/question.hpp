// What a simulation is asked: the call and the sizes, the cluster, what is broken on it, and how closely to look.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "sim/simulate.hpp"
#include "tools/world/question.hpp"
#include "tools/world/world.hpp"

namespace tutti::predict {

/// The words of the command line.
struct Question {
  world::CallWords call;
  world::ClusterWords cluster;
  std::string sizes = "8:1G";  // one size, or the first and the last
  std::int64_t factor = 2;     // from one size to the next
  std::string algo;            // a way that is forced; of any length
  std::string plan_file;       // a tutti.plan/1 document that is brought
  std::string tuning_file;     // a tutti.tuning/1 document: links that were measured, of ranks with these levels
  std::vector<std::string> failures;
  std::vector<std::string> stragglers;
  std::vector<std::string> oversubscribed;  // "LEVEL:FACTOR"
  std::string routing = "ideal";
  sim::Chance chance;
  std::int64_t samples = 1;  // runs with chances of their own; of ecmp and noise
  bool in_place = false;     // output and input are one memory
  bool in_windows = false;   // both lie in windows
  bool unfolded = false;
  bool spans = false;  // what ranks did, at the last size
  bool use = false;    // of links over time, at the last size
};

/// What follows from the words.
struct Setting {
  world::World world;  // as it was before anything failed
  topology::Fabric fabric;
  sim::Shape shape;
  sim::WhatIf what_if;  // without nodes: those are taken out of the fabric
  bool fails = false;   // whether anything is other than described
  sim::Routing routing = sim::Routing::ideal;
  std::vector<std::uint64_t> sizes;  // empty: a barrier
};

/// Fails with invalid_argument, and says what is known.
Result<Setting> make_setting(const Question& question);

}  // namespace tutti::predict
