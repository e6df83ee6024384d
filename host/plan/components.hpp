/// Trees of components.
#pragma once

#include <host/plan/plan_data.hpp>

namespace cuglmm {

/// A node while its tree is built.
struct TreeNode {
  int level = 0;
  int factor_level = 0;              ///< which level of its factor
  int rows_begin = 0, rows_end = 0;  ///< leaves: cells
  std::vector<TreeNode> children;

  int rows() const;
};

/// One tree per level of the coarsest factor; cells are renumbered so that each tree's are consecutive.
std::vector<TreeNode> grow_trees(const Model& model, const Paths& paths, Cells& cells);

/// Lays a tree out in post-order: nodes, paths and sizes; rows counted from rows_begin of its first leaf when
/// `first_row` is given as that.
ComponentData lay_out(const TreeNode& root, const Paths& paths, int first_row);

}  // namespace cuglmm
