#include <host/plan/components.hpp>

#include <algorithm>
#include <numeric>

#include <host/plan/order.hpp>
#include <kernels/pirls.hpp>

namespace cuglmm {

int TreeNode::rows() const {
  return std::accumulate(children.begin(), children.end(), rows_end - rows_begin,
                         [](int sum, const TreeNode& child) { return sum + child.rows(); });
}

namespace {

/// For each level of the chain but the coarsest: the factor level above it.
std::vector<std::vector<int>> parents(const Model& model, const Paths& paths) {
  std::vector<std::vector<int>> parent(std::max(paths.chain - 1, 0));
  for (int level = 0; level < static_cast<int>(parent.size()); ++level) {
    const GroupingFactor &fine = model.factors[paths.factor[level]],
                         &coarse = model.factors[paths.factor[level + 1]];
    parent[level].resize(fine.levels.size());
    for (std::size_t i = 0; i < fine.codes.size(); ++i) parent[level][fine.codes[i]] = coarse.codes[i];
  }
  return parent;
}

/// Sorts cells, which come leaf by leaf, by the path of their leaf, coarsest factor first.
void sort_cells(const std::vector<std::vector<int>>& parent, Cells& cells) {
  if (parent.empty()) return;
  std::vector<int> order(cells.size()), code = cells.leaf;  // of each cell in order, on a level
  std::iota(order.begin(), order.end(), 0);
  for (const std::vector<int>& above : parent) {
    for (int& each : code) each = above[each];
    const std::vector<int> by_code =
        ascending(code, *std::max_element(above.begin(), above.end()) + std::size_t{1});
    const auto sorted = [&](const std::vector<int>& values) {
      std::vector<int> out;
      for (const int i : by_code) out.push_back(values[i]);
      return out;
    };
    order = sorted(order);
    code = sorted(code);
  }
  Cells sorted;
  sorted.first.push_back(0);
  for (int cell : order) {
    sorted.leaf.push_back(cells.leaf[cell]);
    sorted.model_row.push_back(cells.model_row[cell]);
    sorted.weight.push_back(cells.weight[cell]);
    sorted.row.insert(sorted.row.end(), cells.row.begin() + cells.first[cell],
                      cells.row.begin() + cells.first[cell + 1]);
    sorted.first.push_back(static_cast<int>(sorted.row.size()));
  }
  cells = std::move(sorted);
}

void attach(TreeNode& node, const std::vector<int>& codes, int cell) {
  if (node.level == 0) {
    if (node.rows_begin == node.rows_end) node.rows_begin = cell;
    node.rows_end = cell + 1;
    return;
  }
  const int below = node.level - 1;
  if (node.children.empty() || node.children.back().factor_level != codes[below])
    node.children.push_back({below, codes[below], 0, 0, {}});
  attach(node.children.back(), codes, cell);
}

struct Flattener {
  const Paths& paths;
  int first_row;
  ComponentData& out;
  std::vector<int> u_of_level;

  void visit(const TreeNode& node) {
    const int own = paths.own(node.level);
    const int u = out.u_count;
    out.u_count += own;
    u_of_level[node.level] = u;
    number(node);
    for (const TreeNode& child : node.children) visit(child);
    u_of_level[node.level] = u;
    Node flat{node.level, 0, 0, u, out.storage, -1};
    out.storage += Elimination{own, paths.Q - paths.level_first[node.level]}.size();
    if (node.level == 0) {
      flat.rows_begin = node.rows_begin - first_row;
      flat.rows_end = node.rows_end - first_row;
      flat.leaf = out.leaf_count++;
      out.rows += flat.rows_end - flat.rows_begin;
      for (int level = 0; level < paths.levels(); ++level)
        for (int c = 0; c < paths.own(level); ++c) out.path.push_back(u_of_level[level] + c);
    }
    out.nodes.push_back(flat);
  }

  /// lme4's numbers of the node's random effects.
  void number(const TreeNode& node) {
    for (std::size_t j = 0; j < paths.terms.size(); ++j) {
      const TermView& t = paths.terms[j];
      if (t.level != node.level) continue;
      out.u_number.resize(out.u_count);
      for (int c = 0; c < t.size; ++c)
        out.u_number[u_of_level[node.level] + t.first - paths.level_first[node.level] + c] =
            paths.u_first[j] + std::int64_t{node.factor_level} * t.size + c;
    }
  }
};

}  // namespace

std::vector<TreeNode> grow_trees(const Model& model, const Paths& paths, Cells& cells) {
  const auto parent = parents(model, paths);
  sort_cells(parent, cells);
  std::vector<TreeNode> roots;
  const int top = paths.levels() - 1;
  std::vector<int> codes(paths.levels());
  for (int cell = 0; cell < cells.size(); ++cell) {
    codes[0] = cells.leaf[cell];
    for (int level = 0; level < top; ++level) codes[level + 1] = parent[level][codes[level]];
    if (roots.empty() || roots.back().factor_level != codes[top])
      roots.push_back({top, codes[top], 0, 0, {}});
    attach(roots.back(), codes, cell);
  }
  return roots;
}

ComponentData lay_out(const TreeNode& root, const Paths& paths, int first_row) {
  ComponentData out;
  Flattener{paths, first_row, out, std::vector<int>(paths.levels())}.visit(root);
  return out;
}

}  // namespace cuglmm
