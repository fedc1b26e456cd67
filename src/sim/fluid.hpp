// Messages as fluids: those that are on their way share the links that they cross fairly (max-min), so that none could
// be faster without making one slower that is no faster.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace tutti::sim {

using FlowId = std::uint32_t;

/// How many flows of one kind cross each of some links of one kind.
struct Crossing {
  std::uint32_t link = 0;
  double times = 1;
};

/// Rates are found by progressive filling (Bertsekas & Gallager, "Data Networks", 1992, section 6.5.2), and only for
/// flows that a link brings together on which they all want more than it carries.
class Fluid {
 public:
  /// A link with no flows; numbers count up from 0.
  std::uint32_t add_link(double capacity);

  /// A flow that begins now. Its rate is known after `share`.
  FlowId begin(std::span<const Crossing> crossings);
  /// The flow is over; its number may be given to another one.
  void end(FlowId flow);

  /// Finds the rates of all flows that what began or ended since the last call has to do with. Returns those whose
  /// rate is another one; the list is good until the next call.
  std::span<const FlowId> share();

  [[nodiscard]] double rate(FlowId flow) const { return flows_[flow].rate; }
  [[nodiscard]] std::uint32_t links() const { return static_cast<std::uint32_t>(links_.size()); }
  /// What goes over the link now.
  [[nodiscard]] double load(std::uint32_t link) const;
  [[nodiscard]] double capacity(std::uint32_t link) const { return links_[link].capacity; }

 private:
  struct Part {  // of a link, taken by a flow
    FlowId flow = 0;
    std::uint32_t crossing = 0;  // which of the flow's
  };
  struct Link {
    double capacity = 0;
    double wanted = 0;  // by all flows together, each as fast as it could be alone
    std::vector<Part> parts;
    bool dirty = false;
    bool reached = false;  // by the present search
    double left = 0;       // to the flows whose rate is open
    double times = 0;      // that those cross it
  };
  struct Taken {
    std::uint32_t link = 0;
    double times = 1;
    std::uint32_t place = 0;  // among the link's parts
  };
  struct Flow {
    double rate = -1;
    double alone = 0;  // its rate if there were no others
    std::vector<Taken> taken;
    bool reached = false;
    bool open = false;
  };

  [[nodiscard]] static bool is_crowded(const Link& link) { return link.wanted > link.capacity * (1 + 1e-9); }
  void mark(std::uint32_t link);
  void search();
  void fill();
  void freeze(FlowId flow, double rate);

  std::vector<Link> links_;
  std::vector<Flow> flows_;
  std::vector<FlowId> free_;
  std::vector<std::uint32_t> dirty_;
  std::vector<FlowId> began_;
  std::vector<FlowId> component_;
  std::vector<std::uint32_t> component_links_;
  std::vector<FlowId> changed_;
};

}  // namespace tutti::sim
