#include <fmt/format.h>

#include <algorithm>

#include "topology/render/machine.hpp"
#include "topology/render/sheet.hpp"

namespace tutti::render {
namespace {

using topology::CpuSet;
using topology::Device;
using topology::DeviceKind;
using topology::Distance;
using topology::Machine;

constexpr double kLeft = 30;
constexpr double kTop = 84;
constexpr double kDevice = 92;  // width that a device takes
constexpr double kBox = 84;     // of it, its box
constexpr double kNuma = 46;    // height of a NUMA node
constexpr double kSwitch = 20;  // height of a switch
constexpr double kHeight = 50;  // height of a device
constexpr double kLeast = 200;  // width of a NUMA node
constexpr double kGap = 14;
constexpr std::string_view kInk = "#222222";
constexpr std::string_view kGrey = "#777777";

// Devices that hang on the same bridge below the host's.
struct Cluster {
  std::vector<std::size_t> devices;
  bool is_switch = false;
};

struct Column {
  std::string title;
  std::string words;
  std::int32_t package = -1;
  std::vector<Cluster> clusters;
  double x = 0;
  double width = kLeast;
};

std::string_view colour_of(Distance distance) {
  switch (distance) {
    case Distance::itself:
    case Distance::linked:
    case Distance::same_switch:
      return "#2a9d4a";
    case Distance::several_switches:
    case Distance::same_numa:
      return "#0072b2";
    case Distance::same_package:
      return "#e69f00";
    default:
      return "#c1121f";
  }
}

class Drawing {
 public:
  Drawing(const Machine& machine, const std::vector<topology::Seat>& seats)
      : machine_(machine), seats_(seats), choices_(choose_nics(machine, seats)), x_(machine.devices.size(), 0) {
    columns();
  }

  std::string draw() {
    const double right = std::max(columns_.back().x + columns_.back().width, 900.0);
    packages();
    for (const Column& column : columns_) draw(column);
    const double end = lines();
    sheet_.write(kLeft, 30, machine_.name.empty() ? "machine" : machine_.name,
                 {.size = 20, .colour = kInk, .bold = true});
    sheet_.write(
        kLeft, 52,
        fmt::format("{}{}{} packages, {} cores, processors {}", machine_.model, machine_.model.empty() ? "" : "; ",
                    machine_.packages, machine_.cores, machine_.cpus.text()),
        {.size = 12, .colour = kGrey});
    legend(end + 24);
    return sheet_.document(right + kLeft, end + 50, machine_.name.empty() ? "machine" : machine_.name);
  }

 private:
  static constexpr double kBuses = kTop + 34 + kNuma + 26;
  static constexpr double kDevices = kBuses + kSwitch + 30;

  void columns() {
    for (const topology::NumaNode& numa : machine_.numa) {
      Column column{.title = fmt::format("NUMA node {}", numa.number),
                    .words = fmt::format("{} GiB, {}", numa.bytes >> 30U,
                                         numa.cpus.empty() ? "no processors" : "processors " + numa.cpus.text()),
                    .package = numa.package,
                    .clusters = numa.cpus.empty() ? std::vector<Cluster>() : clusters_of(numa.cpus)};
      columns_.push_back(std::move(column));
    }
    Column rest{.title = "near several or unknown", .words = {}, .package = -1, .clusters = {}};
    for (std::size_t i = 0; i < machine_.devices.size(); ++i) {
      if (!placed_at(i)) rest.clusters.push_back({{i}, false});
    }
    if (!rest.clusters.empty() || columns_.empty()) columns_.push_back(std::move(rest));
    double x = kLeft + 10;
    for (Column& column : columns_) {
      std::size_t devices = 0;
      for (const Cluster& cluster : column.clusters) devices += cluster.devices.size();
      column.x = x;
      column.width = std::max(
          {kLeast, kDevice * static_cast<double>(devices) + 10, 6.6 * static_cast<double>(column.words.size()) + 16});
      x += column.width + kGap;
    }
  }

  [[nodiscard]] bool placed_at(std::size_t device) const {
    return std::ranges::any_of(columns_, [&](const Column& column) {
      return std::ranges::any_of(column.clusters, [&](const Cluster& cluster) {
        return std::ranges::find(cluster.devices, device) != cluster.devices.end();
      });
    });
  }

  [[nodiscard]] std::vector<Cluster> clusters_of(const CpuSet& cpus) const {
    std::vector<Cluster> clusters;
    std::string last;
    for (std::size_t i = 0; i < machine_.devices.size(); ++i) {
      const Device& device = machine_.devices[i];
      if (!(device.cpus == cpus)) continue;
      const std::string bridge = device.path.size() < 2 ? std::string() : device.path[1];
      if (clusters.empty() || bridge.empty() || bridge != last) clusters.emplace_back();
      clusters.back().devices.push_back(i);
      clusters.back().is_switch = device.path.size() > 2;
      last = bridge;
    }
    return clusters;
  }

  // A frame around the columns of each package.
  void packages() {
    for (std::size_t i = 0; i < columns_.size();) {
      std::size_t end = i + 1;
      while (end < columns_.size() && columns_[end].package == columns_[i].package) ++end;
      if (columns_[i].package >= 0) {
        const double width = columns_[end - 1].x + columns_[end - 1].width - columns_[i].x + 12;
        sheet_.box(columns_[i].x - 6, kTop - 10, width, 34 + kNuma + 14, "#eef6ee", 8);
        sheet_.write(columns_[i].x + 2, kTop + 10, fmt::format("package {}", columns_[i].package),
                     {.size = 14, .colour = kInk, .bold = true});
      }
      i = end;
    }
  }

  void draw(const Column& column) {
    const double y = kTop + 22;
    sheet_.box(column.x, y, column.width, kNuma, "#cfe3cf", 5);
    sheet_.write(column.x + 8, y + 19, column.title, {.size = 12, .colour = kInk, .bold = true});
    sheet_.write(column.x + 8, y + 36, column.words, {.size = 11, .colour = "#444444"});
    double x = column.x + 5;
    for (const Cluster& cluster : column.clusters) {
      const double width = kDevice * static_cast<double>(cluster.devices.size());
      sheet_.line(x + width / 2, y + kNuma, x + width / 2, kBuses, {.colour = "#33415c", .width = 2});
      if (cluster.is_switch) {
        sheet_.box(x + 4, kBuses, width - 8, kSwitch, "#33415c", 5);
        sheet_.write(x + width / 2, kBuses + 14, "PCI switch",
                     {.size = 11, .anchor = "middle", .colour = "#ffffff", .bold = true});
      } else {
        sheet_.line(x + width / 2, kBuses, x + width / 2, kBuses + kSwitch, {.colour = "#33415c", .width = 2});
      }
      for (const std::size_t device : cluster.devices) {
        draw(device, x);
        x += kDevice;
      }
    }
  }

  void draw(std::size_t number, double x) {
    const Device& device = machine_.devices[number];
    const double centre = x + kDevice / 2;
    x_[number] = centre;
    sheet_.line(centre, kBuses + kSwitch, centre, kDevices, {.colour = "#33415c", .width = 2});
    if (device.link_GBps > 0)
      sheet_.write(centre + 5, kDevices - 9, fmt::format("{:.3g} GB/s", device.link_GBps),
                   {.size = 10, .colour = "#444444"});
    sheet_.box(centre - kBox / 2, kDevices, kBox, kHeight, device.kind == DeviceKind::nic ? "#a8d3f0" : "#ffd166", 5);
    const bool is_long = device.name.size() > 11;
    sheet_.write(centre, kDevices + 18, device.name,
                 {.size = is_long ? 10.0 : 12.0, .anchor = "middle", .colour = kInk, .bold = true});
    for (std::size_t rank = 0; rank < seats_.size(); ++rank) {
      if (seats_[rank].accelerator == static_cast<std::int32_t>(number))
        sheet_.write(centre, kDevices + 35, fmt::format("rank {}", rank),
                     {.size = 11, .anchor = "middle", .colour = "#444444"});
    }
    if (device.kind == DeviceKind::nic)
      sheet_.write(centre, kDevices + 35, device.also.substr(0, 13),
                   {.size = 10, .anchor = "middle", .colour = "#444444"});
  }

  // From ranks to their NICs, each at a depth of its own; returns where they end.
  double lines() {
    double depth = kDevices + kHeight + 14;
    for (std::size_t rank = 0; rank < seats_.size(); ++rank) {
      if (seats_[rank].accelerator < 0 || choices_[rank].device < 0) continue;
      const double from = x_[static_cast<std::size_t>(seats_[rank].accelerator)];
      const double to = x_[static_cast<std::size_t>(choices_[rank].device)] + 3 * static_cast<double>(rank % 8) - 10;
      const Sheet::Style style{.colour = colour_of(choices_[rank].distance), .width = 2};
      sheet_.line(from, kDevices + kHeight, from, depth, style);
      sheet_.line(from, depth, to, depth, style);
      sheet_.arrow(to, depth, to, kDevices + kHeight, style);
      depth += 7;
    }
    return depth;
  }

  void legend(double y) {
    std::string text =
        "arrows lead from a rank to its NIC: green behind one PCI switch, blue in one NUMA node, orange in "
        "one package, red across packages";
    if (!machine_.links.empty())
      text +=
          fmt::format("; accelerators have {} links of {:g} GB/s", machine_.links.size(), machine_.links.front().GBps);
    sheet_.write(kLeft, y, text, {.size = 11, .colour = kGrey});
  }

  const Machine& machine_;
  const std::vector<topology::Seat>& seats_;
  std::vector<topology::NicChoice> choices_;
  std::vector<Column> columns_;
  std::vector<double> x_;  // the middle of each device's box
  Sheet sheet_;
};

}  // namespace

std::string machine_svg(const Machine& machine, const std::vector<topology::Seat>& seats) {
  return Drawing(machine, seats).draw();
}

}  // namespace tutti::render
