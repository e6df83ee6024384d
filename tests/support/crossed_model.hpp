/// A model with crossed factors, its border of any size.
#pragma once

#include <cmath>
#include <random>
#include <string>

#include <cuglmm/cuglmm.hpp>

namespace cuglmm::test {

struct CrossedSize {
  int border;  ///< levels of h, whose effects are the border
  int others;  ///< levels of g, which are more than the border's effects
  int rows;
  double slopes = 0;        ///< sd of those of x in h
  double intercepts = 0.7;  ///< sd of h's
};

/// Counts of rows in g x h.
inline Model crossed_model(const std::string& formula, const CrossedSize& size, const Family& family) {
  std::mt19937_64 random(7);
  std::normal_distribution<double> normal;
  const auto factor = [&](const char* name, int levels) {
    Column column;
    column.name = name;
    column.type = Column::Type::factor;
    for (int level = 0; level < levels; ++level) column.levels.push_back(std::to_string(level));
    return column;
  };
  Column y, x, g = factor("g", size.others), h = factor("h", size.border);
  y.name = "y";
  x.name = "x";
  std::vector<double> g_effects(g.levels.size()), h_effects(h.levels.size()), h_slopes(h.levels.size(), 0.0);
  for (double& b : g_effects) b = 0.5 * normal(random);
  for (double& b : h_effects) b = size.intercepts * normal(random);
  if (size.slopes > 0)
    for (double& b : h_slopes) b = size.slopes * normal(random);
  for (int row = 0; row < size.rows; ++row) {
    g.codes.push_back(row % size.others);
    h.codes.push_back(static_cast<int>(random() % static_cast<unsigned>(size.border)));
    x.numbers.push_back(normal(random));
    const auto in_g = static_cast<std::size_t>(g.codes.back()),
               in_h = static_cast<std::size_t>(h.codes.back());
    const double eta = 0.5 + (0.3 + h_slopes[in_h]) * x.numbers.back() + g_effects[in_g] + h_effects[in_h];
    y.numbers.push_back(std::poisson_distribution<int>(std::exp(eta))(random));
  }
  return Model(formula, Data({y, x, g, h}), family);
}
inline Model crossed_model(int border, int rows, const Family& family = poisson()) {
  return crossed_model("y ~ x + (1 | g) + (1 | h)", {border, border + 10, rows}, family);
}

}  // namespace cuglmm::test
