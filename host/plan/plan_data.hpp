/// What a Plan holds: the model, collapsed and cut into components, in the arrays the lane functions read.
#pragma once

#include <Eigen/Core>
#include <memory>
#include <string>
#include <vector>

#include <cuglmm/model.hpp>
#include <cuglmm/plan.hpp>
#include <host/engine/aligned.hpp>
#include <kernels/launch.hpp>

namespace cuglmm {

/// Structure of the random effects: a chain of nested grouping factors, level 0 the finest (leaves), and the
/// terms on each. A row's *path* is its leaf and all nodes above, Q columns, leaf first (kernels/views.hpp).
/// Factors that are crossed with the chain form the *border*, levels behind those of the chain.
struct Paths {
  std::vector<int> factor;            ///< per level: index into Model::factors
  int chain = 0;                      ///< levels that are nested in each other
  std::vector<int> level_first;       ///< levels + 1: first path column of each level
  std::vector<TermView> terms;        ///< per term of the model, in its order
  std::vector<std::int64_t> u_first;  ///< per term: number of its first random effect, lme4's order
  int Q = 0, m = 0;

  int levels() const { return static_cast<int>(factor.size()); }
  int own(int level) const { return level_first[level + 1] - level_first[level]; }
};

/// The chain is the one that is cheapest to eliminate (design.md 2, "The rule for the border").
Paths make_paths(const Model& model);

/// Rows after collapse, sorted by leaf; each with the original rows merged into it.
struct Cells {
  std::vector<int> leaf;                ///< level of the finest factor of the chain
  std::vector<std::int64_t> model_row;  ///< one of its original rows: where X, Z and offset are to be found
  std::vector<double> weight;           ///< sum of prior weights
  std::vector<int> first;               ///< cells + 1: into `row`
  std::vector<std::int64_t> row;        ///< original rows, cell by cell
  std::int64_t size() const { return static_cast<std::int64_t>(leaf.size()); }
};

/// Merges rows that share X, Z, offset and levels (design.md 1.8), or, without collapse, keeps each row a
/// cell.
Cells make_cells(const Model& model, const Paths& paths, bool collapse);

/// A component's tree and where its parts lie in the arrays of PlanData.
struct ComponentData {
  std::vector<Node> nodes;             ///< post-order
  std::vector<int> path;               ///< leaves x Q
  std::vector<std::int64_t> u_number;  ///< u_count
  int leaf_count = 0, u_count = 0, storage = 0;
  int cell_first = 0, rows = 0;
  int u_first = 0, zy_first = 0;
  TreeView view() const {
    return {nodes.data(), path.data(), static_cast<int>(nodes.size()), leaf_count, rows, u_count, storage};
  }
};

/// A feed's columns for one problem: its sufficient responses.
struct ResponseSums {
  std::vector<double> zy;  ///< zy_total
  Eigen::VectorXd xy;      ///< p
  double offset_y = 0, constant = 0;
};

struct ArrowData;
struct FrontsData;

using RowMatrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

struct PlanData {
  explicit PlanData(const Model& model, const PlanOptions& options = {});
  PlanData(const PlanData&) = delete;
  ~PlanData();

  Paths paths;
  Cells cells;
  int p = 0;
  bool unit_weights = false;
  bool collapsed = false;
  bool linear = false;  ///< a linear mixed model: beta and sigma are profiled out
  std::int64_t model_rows = 0;
  std::vector<ComponentData> components;     ///< separable models
  std::unique_ptr<const ArrowData> arrow;    ///< all others
  std::unique_ptr<const FrontsData> fronts;  ///< of these the ones with a sparse border
  // By cell, in the order of Cells: row-major.
  std::vector<double> X, Z, offset;
  std::vector<double> z_square;  ///< Q: largest square in each column of Z
  // Original rows, in the order of Cells::row.
  std::vector<double> trials, draw_weight;
  std::vector<int> alike;              ///< cells: see OriginalRows
  std::vector<double> log_factorials;  ///< of 0 .. the largest number of trials drawn at once
  std::vector<ComponentView> views;
  PlanView view;  ///< without slices

  std::int64_t u_total() const { return view.u_total; }
  /// X of `count` cells from `first` on.
  Eigen::Map<const RowMatrix> X_rows(std::int64_t first, std::int64_t count) const {
    return {X.data() + first * p, count, p};
  }
  /// Sums of a response on the scale of Model::y (y: n).
  ResponseSums sums(const Model& model, const Eigen::Ref<const Eigen::VectorXd>& y) const;

 private:
  Eigen::VectorXd cell_sums(const Model& model, const Eigen::Ref<const Eigen::VectorXd>& y,
                            double& constant) const;
};

/// The by-component layout for slices of `width` lanes.
struct SliceLayout {
  SliceLayout(const PlanData& plan, int width);
  SliceLayout(const SliceLayout&) = delete;

  int width;
  std::int64_t u_entries = 0, zy_entries = 0;  ///< lanes-wide
  std::vector<std::int64_t> u_number;          ///< u_entries x width: lme4's number, -1 in padding
  std::vector<int> zy_source;                  ///< zy_entries x width: into ResponseSums::zy, -1 in padding
  std::vector<SliceView> slices;
  PlanView view;

  AlignedVector<double> spread_zy(const ResponseSums& sums) const;
  /// Of each random effect (lanes: u_entries x width), in lme4's order.
  Eigen::VectorXd gather(const double* lanes) const;

 private:
  struct Storage;
  std::vector<std::shared_ptr<const void>> keep_;  ///< owns what `slices` points to
};

}  // namespace cuglmm
