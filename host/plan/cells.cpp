#include <algorithm>
#include <numeric>
#include <string_view>
#include <utility>

#include <host/plan/order.hpp>
#include <host/plan/plan_data.hpp>

namespace cuglmm {
namespace {

/// The numbers that must agree for two rows of one leaf to merge, as bytes.
std::vector<double> row_keys(const Model& model, const Paths& paths, int width) {
  std::vector<double> keys(static_cast<std::size_t>(model.rows()) * width);
  for (std::int64_t i = 0; i < model.rows(); ++i) {
    double* key = keys.data() + i * width;
    for (int j = 0; j < model.X.cols(); ++j) *key++ = model.X(i, j) + 0.0;  // + 0.0: one zero
    for (const RandomTerm& term : model.terms)
      for (int c = 0; c < term.size(); ++c) *key++ = term.Z(i, c) + 0.0;
    *key++ = model.offset[i] + 0.0;
    for (int f = paths.chain; f < paths.levels(); ++f) *key++ = model.factors[paths.factor[f]].codes[i];
  }
  return keys;
}

/// No two rows of a leaf have the same level of some factor of the border: none of them merge.
bool all_differ(const Model& model, const Paths& paths, const std::vector<int>& by_leaf) {
  const std::vector<int>& leaf = model.factors[paths.factor[0]].codes;
  const auto differ_by = [&](int level) {
    const GroupingFactor& factor = model.factors[paths.factor[level]];
    std::vector<int> last_leaf(factor.levels.size(), -1);  // that has met this level
    return std::none_of(by_leaf.begin(), by_leaf.end(), [&](int row) {
      return std::exchange(last_leaf[factor.codes[row]], leaf[row]) == leaf[row];
    });
  };
  for (int level = paths.chain; level < paths.levels(); ++level)
    if (differ_by(level)) return true;
  return false;
}

/// For each row the first row that it merges with. by_leaf: the rows, leaf by leaf.
std::vector<int> representatives(const Model& model, const Paths& paths, const std::vector<int>& by_leaf) {
  const std::vector<int>& leaf = model.factors[paths.factor[0]].codes;
  int width = static_cast<int>(model.X.cols()) + 1 + paths.levels() - paths.chain;
  for (const RandomTerm& term : model.terms) width += term.size();
  const std::vector<double> keys = row_keys(model, paths, width);
  const auto bytes = [&](std::int64_t row) {
    return std::string_view(reinterpret_cast<const char*>(keys.data() + row * width), width * sizeof(double));
  };
  std::vector<int> first(by_leaf.size());
  std::vector<std::pair<std::size_t, int>> rows;  // hash and number, of one leaf
  for (std::size_t begin = 0; begin < by_leaf.size(); begin += rows.size()) {
    rows.clear();
    for (std::size_t i = begin; i < by_leaf.size() && leaf[by_leaf[i]] == leaf[by_leaf[begin]]; ++i)
      rows.emplace_back(std::hash<std::string_view>{}(bytes(by_leaf[i])), by_leaf[i]);
    std::sort(rows.begin(), rows.end());
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const auto [hash, row] = rows[i];
      first[row] = row;
      for (std::size_t j = i; j-- > 0 && rows[j].first == hash && first[row] == row;)
        if (bytes(rows[j].second) == bytes(row)) first[row] = first[rows[j].second];
    }
  }
  return first;
}

Cells rows_as_cells(const Model& model, const std::vector<int>& leaf, const std::vector<int>& by_leaf) {
  Cells cells;
  cells.row.assign(by_leaf.begin(), by_leaf.end());
  cells.model_row = cells.row;
  cells.first.resize(by_leaf.size() + 1);
  std::iota(cells.first.begin(), cells.first.end(), 0);
  cells.leaf.reserve(by_leaf.size());
  cells.weight.reserve(by_leaf.size());
  for (const int row : by_leaf) {
    cells.leaf.push_back(leaf[row]);
    cells.weight.push_back(model.weights[row]);
  }
  return cells;
}

}  // namespace

Cells make_cells(const Model& model, const Paths& paths, bool collapse) {
  const std::vector<int>& leaf = model.factors[paths.factor[0]].codes;
  const std::vector<int> by_leaf = ascending(leaf, model.factors[paths.factor[0]].levels.size());
  if (!collapse || all_differ(model, paths, by_leaf)) return rows_as_cells(model, leaf, by_leaf);
  const std::vector<int> first = representatives(model, paths, by_leaf);

  Cells cells;
  std::vector<int> cell(model.rows());  // of each row; they are numbered leaf by leaf
  for (const int row : by_leaf) {
    if (first[row] == row) {
      cell[row] = static_cast<int>(cells.model_row.size());
      cells.leaf.push_back(leaf[row]);
      cells.model_row.push_back(row);
      cells.weight.push_back(0);
    }
    cell[row] = cell[first[row]];
    cells.weight[cell[row]] += model.weights[row];
  }
  const std::vector<int> order = ascending(cell, cells.model_row.size());
  cells.row.assign(order.begin(), order.end());
  cells.first.assign(cells.model_row.size() + 1, 0);
  for (const int c : cell) ++cells.first[c + 1];
  std::partial_sum(cells.first.begin(), cells.first.end(), cells.first.begin());
  return cells;
}

}  // namespace cuglmm
