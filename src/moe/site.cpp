#include "moe/site.hpp"

namespace tutti::moe {

Site Site::of(const topology::Layout& layout, std::int32_t rank) {
  Site site;
  site.rank = rank;
  site.ranks = layout.ranks();
  site.nodes = layout.nodes();
  site.node_of.clear();
  site.local.clear();
  site.members.assign(static_cast<std::size_t>(site.nodes), {});
  for (std::int32_t each = 0; each < site.ranks; ++each) {
    const std::int32_t node = layout.node_of(Rank{each});
    auto& members = site.members[static_cast<std::size_t>(node)];
    site.node_of.push_back(node);
    site.local.push_back(static_cast<std::int32_t>(members.size()));
    members.push_back(each);
  }
  site.node = site.node_of[static_cast<std::size_t>(rank)];
  return site;
}

}  // namespace tutti::moe
