#include <algorithm>
#include <numeric>

#include <host/engine/aligned.hpp>
#include <host/plan/components.hpp>

namespace cuglmm {
namespace {

/// A component's tree read back from its nodes, children in order of size so that trees of a slice fit each
/// other.
struct ShapeNode {
  const Node* node = nullptr;
  std::vector<ShapeNode> children;
  int rows = 0;
};

ShapeNode read_tree(const std::vector<Node>& nodes, std::size_t& next) {  // from the root, which comes last
  ShapeNode tree;
  tree.node = &nodes[next];
  tree.rows = tree.node->rows_end - tree.node->rows_begin;
  while (next > 0 && nodes[next - 1].level < tree.node->level) {
    --next;
    tree.children.push_back(read_tree(nodes, next));
    tree.rows += tree.children.back().rows;
  }
  std::stable_sort(tree.children.begin(), tree.children.end(), [](const ShapeNode& a, const ShapeNode& b) {
    return std::pair(a.children.size(), a.rows) > std::pair(b.children.size(), b.rows);
  });
  return tree;
}

/// The union of the lanes' trees: at each place as many children, and rows, as the largest lane has.
struct Merged {
  TreeNode tree;
  int cells = 0;
  std::vector<std::vector<const Node*>>
      lanes;  ///< per node of the layout, in post-order: the lanes' nodes or null
};

TreeNode merge(const std::vector<const ShapeNode*>& lanes, int level, Merged& out) {
  TreeNode node;
  node.level = level;
  std::vector<const Node*> here;
  std::size_t children = 0;
  int rows = 0;
  for (const ShapeNode* lane : lanes) {
    here.push_back(lane ? lane->node : nullptr);
    if (!lane) continue;
    children = std::max(children, lane->children.size());
    if (level == 0) rows = std::max(rows, lane->rows);
  }
  for (std::size_t c = 0; c < children; ++c) {
    std::vector<const ShapeNode*> below;
    for (const ShapeNode* lane : lanes)
      below.push_back(lane && c < lane->children.size() ? &lane->children[c] : nullptr);
    node.children.push_back(merge(below, level - 1, out));
  }
  if (level == 0) {
    node.rows_begin = out.cells;
    node.rows_end = out.cells += rows;
  }
  out.lanes.push_back(std::move(here));
  return node;
}

/// What one slice's pointers refer to.
struct SliceArrays {
  ComponentData layout;
  AlignedVector<double> X, Z, offset, weights, active;
};

}  // namespace

struct SliceLayout::Storage {
  static std::shared_ptr<SliceArrays> fill(const PlanData& plan,
                                           const std::vector<const ComponentData*>& lanes, int width,
                                           SliceLayout& out);
};

/// Copies the lanes' rows beside each other; padding has weight 0.
std::shared_ptr<SliceArrays> SliceLayout::Storage::fill(const PlanData& plan,
                                                        const std::vector<const ComponentData*>& lanes,
                                                        int width, SliceLayout& out) {
  const int p = plan.p, Q = plan.paths.Q, top = plan.paths.levels() - 1;
  std::vector<ShapeNode> trees;
  for (const ComponentData* lane : lanes) {
    std::size_t root = lane->nodes.size() - 1;
    trees.push_back(read_tree(lane->nodes, root));
  }
  std::vector<const ShapeNode*> roots;
  for (const ShapeNode& tree : trees) roots.push_back(&tree);
  Merged merged;
  merged.tree = merge(roots, top, merged);
  auto arrays = std::make_shared<SliceArrays>();
  arrays->layout = lay_out(merged.tree, plan.paths, 0);
  const ComponentData& layout = arrays->layout;
  arrays->X.assign(std::size_t(layout.rows) * p * width, 0);
  arrays->Z.assign(std::size_t(layout.rows) * Q * width, 0);
  arrays->offset.assign(std::size_t(layout.rows) * width, 0);
  arrays->weights.assign(std::size_t(layout.rows) * width, 0);
  arrays->active.assign(width, 0);
  const std::size_t u_at = out.u_number.size(), zy_at = out.zy_source.size();
  out.u_number.resize(u_at + std::size_t(layout.u_count) * width, -1);
  out.zy_source.resize(zy_at + std::size_t(layout.leaf_count) * Q * width, -1);
  for (std::size_t lane = 0; lane < lanes.size(); ++lane) {
    const ComponentData& source = *lanes[lane];
    arrays->active[lane] = 1;
    for (std::size_t n = 0; n < layout.nodes.size(); ++n) {
      const Node& to = layout.nodes[n];
      const Node* from = merged.lanes[n][lane];
      if (!from) continue;
      for (int c = 0; c < plan.paths.own(to.level); ++c)
        out.u_number[u_at + std::size_t(to.u + c) * width + lane] = source.u_number[from->u + c];
      if (to.level != 0) continue;
      for (int c = 0; c < Q; ++c)
        out.zy_source[zy_at + std::size_t(to.leaf * Q + c) * width + lane] =
            source.zy_first + from->leaf * Q + c;
      for (int i = 0; i < from->rows_end - from->rows_begin; ++i) {
        const std::size_t cell = source.cell_first + from->rows_begin + i, row = to.rows_begin + i;
        for (int j = 0; j < p; ++j) arrays->X[(row * p + j) * width + lane] = plan.X[cell * p + j];
        for (int c = 0; c < Q; ++c) arrays->Z[(row * Q + c) * width + lane] = plan.Z[cell * Q + c];
        arrays->offset[row * width + lane] = plan.offset[cell];
        arrays->weights[row * width + lane] = plan.cells.weight[cell];
      }
    }
  }
  return arrays;
}

SliceLayout::SliceLayout(const PlanData& plan, int width_) : width(width_), view(plan.view) {
  std::vector<const ComponentData*> order;
  for (const ComponentData& component : plan.components) order.push_back(&component);
  std::stable_sort(order.begin(), order.end(), [](const ComponentData* a, const ComponentData* b) {
    return std::pair(a->rows, a->u_count) > std::pair(b->rows, b->u_count);
  });
  view.max_storage = view.max_u = view.max_rows = view.max_leaves = 0;
  for (std::size_t at = 0; at < order.size(); at += width) {
    const std::vector<const ComponentData*> lanes(order.begin() + at,
                                                  order.begin() + std::min(order.size(), at + width));
    const auto arrays = Storage::fill(plan, lanes, width, *this);
    const ComponentData& layout = arrays->layout;
    slices.push_back({layout.view(), arrays->X.data(), arrays->Z.data(), arrays->offset.data(),
                      arrays->weights.data(), arrays->active.data(), static_cast<int>(u_entries),
                      static_cast<int>(zy_entries)});
    u_entries += layout.u_count;
    zy_entries += std::int64_t{layout.leaf_count} * plan.paths.Q;
    view.max_storage = std::max(view.max_storage, layout.storage);
    view.max_u = std::max(view.max_u, layout.u_count);
    view.max_rows = std::max(view.max_rows, layout.rows);
    view.max_leaves = std::max(view.max_leaves, layout.leaf_count);
    keep_.push_back(arrays);
  }
  view.slices = slices.data();
  view.slice_count = static_cast<int>(slices.size());
}

AlignedVector<double> SliceLayout::spread_zy(const ResponseSums& sums) const {
  AlignedVector<double> zy(zy_source.size(), 0);
  for (std::size_t i = 0; i < zy.size(); ++i)
    if (zy_source[i] >= 0) zy[i] = sums.zy[zy_source[i]];
  return zy;
}

Eigen::VectorXd SliceLayout::gather(const double* lanes) const {
  Eigen::VectorXd out(view.u_total);
  for (std::size_t i = 0; i < u_number.size(); ++i)
    if (u_number[i] >= 0) out[u_number[i]] = lanes[i];
  return out;
}

}  // namespace cuglmm
