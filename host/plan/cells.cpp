#include <numeric>
#include <string_view>
#include <unordered_map>

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

/// For each row the first row that it merges with.
std::vector<std::int64_t> representatives(const Model& model, const Paths& paths) {
  const std::vector<int>& leaf = model.factors[paths.factor[0]].codes;
  int width = static_cast<int>(model.X.cols()) + 1 + paths.levels() - paths.chain;
  for (const RandomTerm& term : model.terms) width += term.size();
  const std::vector<double> keys = row_keys(model, paths, width);
  const auto bytes = [&](std::int64_t i) {
    return std::string_view(reinterpret_cast<const char*>(keys.data() + i * width), width * sizeof(double));
  };
  const auto hash = [&](std::int64_t i) {
    return std::hash<std::string_view>{}(bytes(i)) ^ (leaf[i] * 0x9E3779B97F4A7C15u);
  };
  const auto equal = [&](std::int64_t a, std::int64_t b) {
    return leaf[a] == leaf[b] && bytes(a) == bytes(b);
  };
  std::unordered_map<std::int64_t, std::int64_t, decltype(hash), decltype(equal)> seen(model.rows() * 2, hash,
                                                                                       equal);
  std::vector<std::int64_t> first(model.rows());
  for (std::int64_t i = 0; i < model.rows(); ++i) first[i] = seen.try_emplace(i, i).first->second;
  return first;
}

}  // namespace

Cells make_cells(const Model& model, const Paths& paths, bool collapse) {
  const std::vector<int>& leaf = model.factors[paths.factor[0]].codes;
  std::vector<std::int64_t> first(model.rows());
  std::iota(first.begin(), first.end(), 0);
  if (collapse) first = representatives(model, paths);

  Cells cells;
  std::vector<int> cell(model.rows());  // of each row; they are numbered leaf by leaf
  for (const int row : ascending(leaf, model.factors[paths.factor[0]].levels.size())) {
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
