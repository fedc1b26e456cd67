// A described fabric as a picture.
#pragma once

#include <string>

#include "topology/fabric/description.hpp"

namespace tutti::render {

/// An SVG document: a row a level with its network, its speeds and up to eight of its units; oversubscribed links are
/// red.
std::string fabric_svg(const topology::Description& description);

/// A Graphviz document: the first units of every level, and how many more there are.
std::string fabric_dot(const topology::Description& description);

/// "7:1 oversubscribed", or empty where what leads out of a unit carries all that its ranks can send.
std::string narrowness(const topology::LevelDescription& level);

/// What a unit of a level is: "rank", or the name of the level below.
std::string unit_of(const topology::Description& description, std::size_t level);

}  // namespace tutti::render
