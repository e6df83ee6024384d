#include <host/cuda/device_plan.hpp>

#include <optional>

#include <host/plan/arrow.hpp>

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

/// An arrow's own arrays.
struct ArrowPlace {
  Arena::Place nodes, list, links, place, blocks, parts, factor_first, effect, pair, u_number, ZZ, ZX, XX,
      centre;

  ArrowPlace(const ArrowData& arrow, Arena& arrays)
      : nodes(arrays.add(arrow.nodes)),
        list(arrays.add(arrow.list)),
        links(arrays.add(arrow.links)),
        place(arrays.add(arrow.place)),
        blocks(arrays.add(arrow.blocks)),
        parts(arrays.add(arrow.parts)),
        factor_first(arrays.add(arrow.factor_first)),
        effect(arrays.add(arrow.effect)),
        pair(arrays.add(arrow.pair)),
        u_number(arrays.add(arrow.u_number)),
        ZZ(arrays.add(arrow.ZZ)),
        ZX(arrays.add(arrow.ZX)),
        XX(arrays.add(arrow.XX)),
        centre(arrays.add(arrow.centre)) {}
  void point(ArrowView& view, const Arena& arrays) const {
    view.nodes = arrays.at<ArrowNode>(nodes);
    view.list = arrays.at<int>(list);
    view.links = arrays.at<ArrowLink>(links);
    view.place = arrays.at<int>(place);
    view.blocks = arrays.at<BorderBlock>(blocks);
    view.parts = arrays.at<ArrowPart>(parts);
    view.factor_first = arrays.at<int>(factor_first);
    view.effect = arrays.at<int>(effect);
    view.pair = arrays.at<int>(pair);
    view.u_number = arrays.at<std::int64_t>(u_number);
    view.ZZ = arrays.at<double>(ZZ);
    view.ZX = arrays.at<double>(ZX);
    view.XX = arrays.at<double>(XX);
    view.centre = arrays.at<double>(centre);
    view.dense = nullptr;  // the host's
  }
};

}  // namespace

DevicePlan::DevicePlan(const PlanData& plan, const Stream& stream) : view_(plan.view) {
  const Common common(plan.view, arrays_);
  const auto X = arrays_.add(plan.X), Z = arrays_.add(plan.Z), offset = arrays_.add(plan.offset),
             weight = arrays_.add(plan.cells.weight), first = arrays_.add(plan.cells.first),
             row = arrays_.add(plan.cells.row), trials = arrays_.add(plan.trials),
             draw_weight = arrays_.add(plan.draw_weight), alike = arrays_.add(plan.alike),
             log_factorials = arrays_.add(plan.log_factorials);
  std::vector<TreePlace> trees;
  std::vector<Arena::Place> numbers;
  for (const ComponentData& component : plan.components) {
    trees.emplace_back(component.view(), plan.paths.Q, arrays_);
    numbers.push_back(arrays_.add(component.u_number));
  }
  std::optional<ArrowPlace> arrow;
  if (plan.arrow) arrow.emplace(*plan.arrow, arrays_);
  arrays_.upload(stream);

  if (arrow) {
    arrow->point(view_.arrow, arrays_);
    view_.arrow.X = arrays_.at<double>(X);
    view_.arrow.Z = arrays_.at<double>(Z);
    view_.arrow.offset = arrays_.at<double>(offset);
    view_.arrow.weights = arrays_.at<double>(weight);
    view_.arrow.original = {
        arrays_.at<int>(first),
        arrays_.at<std::int64_t>(row),
        arrays_.at<double>(trials),
        arrays_.at<double>(draw_weight),
        arrays_.at<int>(alike),
        {arrays_.at<double>(log_factorials), static_cast<int>(plan.log_factorials.size())}};
  }
  std::vector<ComponentView> components;
  for (std::size_t i = 0; i < plan.components.size(); ++i) {
    const std::size_t cell = plan.components[i].cell_first;
    components.push_back(
        {trees[i].on_device(plan.components[i].view(), arrays_),
         arrays_.at<double>(X) + cell * plan.p,
         arrays_.at<double>(Z) + cell * plan.paths.Q,
         arrays_.at<double>(offset) + cell,
         arrays_.at<double>(weight) + cell,
         {arrays_.at<int>(first) + cell,
          arrays_.at<std::int64_t>(row),
          arrays_.at<double>(trials),
          arrays_.at<double>(draw_weight),
          arrays_.at<int>(alike) + cell,
          {arrays_.at<double>(log_factorials), static_cast<int>(plan.log_factorials.size())}},
         arrays_.at<std::int64_t>(numbers[i]),
         plan.components[i].u_first,
         plan.components[i].zy_first});
  }
  const auto at = components_.add(components);
  components_.upload(stream);
  common.point(view_, arrays_);
  view_.components = components_.at<ComponentView>(at);
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
