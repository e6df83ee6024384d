#include <host/cuda/device_plan.hpp>

#include <algorithm>
#include <bit>
#include <type_traits>

#include <host/plan/arrow.hpp>
#include <kernels/cuda/arrow.hpp>
#include <kernels/cuda/problems.hpp>

namespace cuglmm::cuda {
namespace {

/// What both layouts read of the plan itself.
struct Common {
  Arena::Place level_first, term, z_square;

  Common(const PlanView& view, Arena& arrays)
      : level_first(arrays.add(view.level_first, view.levels + 1)),
        term(arrays.add(view.term, view.terms)),
        z_square(arrays.add(view.z_square, view.Q)) {}
  void point(PlanView& view, const Arena& arrays) const {
    view.level_first = arrays.at<int>(level_first);
    view.term = arrays.at<TermView>(term);
    view.z_square = arrays.at<double>(z_square);
    view.components = nullptr;
    view.slices = nullptr;
  }
};

/// A tree's arrays, and the tree on the device.
struct TreePlace {
  Arena::Place nodes, path;
  TreePlace(const TreeView& tree, int Q, Arena& arrays)
      : nodes(arrays.add(tree.nodes, tree.node_count)),
        path(arrays.add(tree.path, std::size_t(tree.leaf_count) * Q)) {}
  TreeView on_device(TreeView tree, const Arena& arrays) const {
    tree.nodes = arrays.at<Node>(nodes);
    tree.path = arrays.at<int>(path);
    return tree;
  }
};

/// A thread's share of the work, in rows; a component takes as much besides as a few of them. Scratch of all
/// parts of a problem, in doubles.
constexpr int kPartRows = 64, kComponentRows = 4, kMostParts = 32, kMostScratch = 1 << 14;

/// See PartsView. scratch: of a part.
std::vector<int> part_boundaries(const PlanData& plan, Index scratch) {
  const auto work = [&](std::size_t i) { return plan.components[i].rows + kComponentRows; };
  std::int64_t all = 0, done = 0;
  for (std::size_t i = 0; i < plan.components.size(); ++i) all += work(i);
  const std::int64_t most = std::clamp<std::int64_t>(kMostScratch / scratch, 1, kMostParts),
                     parts = std::clamp<std::int64_t>(all / kPartRows, 1, most);
  std::vector<int> first{0};
  for (std::size_t i = 0; i < plan.components.size(); ++i) {
    if (done >= all * static_cast<std::int64_t>(first.size()) / parts) first.push_back(static_cast<int>(i));
    done += work(i);
  }
  first.push_back(static_cast<int>(plan.components.size()));
  return first;
}

/// Parts of an arrow's trees, a thread each: as many as rows ask for, but their sums may not take more than a
/// quarter of what the problem's other arrays do.
std::vector<ArrowPart> arrow_parts(const PlanData& plan) {
  constexpr int kRows = 16;
  const auto scratch = [&plan](int parts) {
    PlanView view = plan.view;
    view.arrow.part_count = parts;
    return arrow_scratch(view);
  };
  const Index room = scratch(1) / (4 * (scratch(3) - scratch(2))),
              wanted = std::clamp<Index>(std::min<Index>(room, plan.cells.size() / kRows), 1, kMostParts);
  return cut_parts(*plan.arrow, plan.cells.size(), kRows, std::bit_floor(static_cast<unsigned>(wanted)));
}

}  // namespace

DevicePlan::DevicePlan(const PlanData& plan, const Stream& stream) : view_(plan.view) {
  const Common common(plan.view, arrays_);
  const auto X = arrays_.add(plan.X), Z = arrays_.add(plan.Z), offset = arrays_.add(plan.offset),
             weight = arrays_.add(plan.cells.weight), first = arrays_.add(plan.cells.first),
             row = arrays_.add(plan.cells.row), trials = arrays_.add(plan.trials),
             draw_weight = arrays_.add(plan.draw_weight), alike = arrays_.add(plan.alike),
             log_factorials = arrays_.add(plan.log_factorials);
  const Index scratch = part_scratch(plan.view);
  const std::vector<int> boundaries = part_boundaries(plan, scratch);
  const auto parts = arrays_.add(boundaries);
  std::vector<TreePlace> trees;
  std::vector<Arena::Place> numbers;
  for (const ComponentData& component : plan.components) {
    trees.emplace_back(component.view(), plan.paths.Q, arrays_);
    numbers.push_back(arrays_.add(component.u_number));
  }
  std::vector<Arena::Place> places;
  std::vector<ArrowPart> trees_of_parts;
  if (plan.arrow) {
    plan.arrow->each_array(view_.arrow,
                           [&](const auto& array, auto&) { places.push_back(arrays_.add(array)); });
    trees_of_parts = arrow_parts(plan);
  }
  const auto arrow_parts_at = arrays_.add(trees_of_parts);
  arrays_.upload(stream);
  const auto original = [&](std::size_t cell) {
    return OriginalRows{arrays_.at<int>(first) + cell,
                        arrays_.at<std::int64_t>(row),
                        arrays_.at<double>(trials),
                        arrays_.at<double>(draw_weight),
                        arrays_.at<int>(alike) + cell,
                        {arrays_.at<double>(log_factorials), static_cast<int>(plan.log_factorials.size())}};
  };

  if (plan.arrow) {
    auto place = places.begin();
    plan.arrow->each_array(view_.arrow, [&](const auto& array, auto& pointer) {
      pointer = arrays_.at<std::decay_t<decltype(array[0])>>(*place++);
    });
    view_.arrow.X = arrays_.at<double>(X);
    view_.arrow.Z = arrays_.at<double>(Z);
    view_.arrow.offset = arrays_.at<double>(offset);
    view_.arrow.weights = arrays_.at<double>(weight);
    view_.arrow.original = original(0);
    view_.arrow.dense = nullptr;  // the host's
    view_.arrow.parts = arrays_.at<ArrowPart>(arrow_parts_at);
    view_.arrow.part_count = static_cast<int>(trees_of_parts.size());
  }
  std::vector<ComponentView> components;
  for (std::size_t i = 0; i < plan.components.size(); ++i) {
    const std::size_t cell = plan.components[i].cell_first;
    components.push_back({trees[i].on_device(plan.components[i].view(), arrays_),
                          arrays_.at<double>(X) + cell * plan.p, arrays_.at<double>(Z) + cell * plan.paths.Q,
                          arrays_.at<double>(offset) + cell, arrays_.at<double>(weight) + cell,
                          original(cell), arrays_.at<std::int64_t>(numbers[i]), plan.components[i].u_first,
                          plan.components[i].zy_first});
  }
  const auto at = components_.add(components);
  components_.upload(stream);
  common.point(view_, arrays_);
  view_.components = components_.at<ComponentView>(at);
  view_.parts = {arrays_.at<int>(parts), static_cast<int>(boundaries.size()) - 1, scratch};
}

DeviceSlices::DeviceSlices(const PlanData& plan, const SliceLayout& layout, const Stream& stream)
    : view_(layout.view) {
  const Common common(layout.view, arrays_);
  struct SlicePlace {
    TreePlace tree;
    Arena::Place X, Z, offset, weights, active;
  };
  std::vector<SlicePlace> places;
  for (const SliceView& slice : layout.slices) {
    const std::size_t lanes = layout.width, rows = std::size_t(slice.tree.rows) * lanes;
    places.push_back({TreePlace(slice.tree, plan.paths.Q, arrays_), arrays_.add(slice.X, rows * plan.p),
                      arrays_.add(slice.Z, rows * plan.paths.Q), arrays_.add(slice.offset, rows),
                      arrays_.add(slice.weights, rows), arrays_.add(slice.active, lanes)});
  }
  arrays_.upload(stream);
  std::vector<SliceView> slices = layout.slices;
  for (std::size_t i = 0; i < slices.size(); ++i) {
    SliceView& slice = slices[i];
    slice.tree = places[i].tree.on_device(slice.tree, arrays_);
    slice.X = arrays_.at<double>(places[i].X);
    slice.Z = arrays_.at<double>(places[i].Z);
    slice.offset = arrays_.at<double>(places[i].offset);
    slice.weights = arrays_.at<double>(places[i].weights);
    slice.active = arrays_.at<double>(places[i].active);
  }
  const auto at = slices_.add(slices);
  slices_.upload(stream);
  common.point(view_, arrays_);
  view_.slices = slices_.at<SliceView>(at);
}

}  // namespace cuglmm::cuda
