#include "topology/fabric/links.hpp"

#include <algorithm>

namespace tutti::topology {

std::string_view to_string(Provenance provenance) {
  switch (provenance) {
    case Provenance::published:
      return "published";
    case Provenance::derived:
      return "derived";
    case Provenance::measured:
      return "measured";
    case Provenance::assumed:
      return "assumed";
  }
  return "assumed";
}

double ranks_per_core(const Layout& layout, const Links& links) {
  return std::max(1.0, static_cast<double>(layout.largest_node()) / std::max(1, links.cores));
}

double ranks_per_core_of_machine(const Layout& layout, const Links& links) {
  return std::max(1.0, layout.largest_node() * links.neighbours / std::max(1, links.cores));
}

}  // namespace tutti::topology
