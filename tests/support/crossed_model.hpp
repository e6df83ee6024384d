/// A model with crossed factors, its border of any size.
#pragma once

#include <cmath>
#include <random>
#include <string>

#include <cuglmm/cuglmm.hpp>

namespace cuglmm::test {

/// Counts of `rows` rows in g x h; the border has the `border` levels of h.
inline Model crossed_model(int border, int rows, const Family& family = poisson()) {
  std::mt19937_64 random(7);
  std::normal_distribution<double> normal;
  const auto factor = [&](const char* name, int levels) {
    Column column;
    column.name = name;
    column.type = Column::Type::factor;
    for (int level = 0; level < levels; ++level) column.levels.push_back(std::to_string(level));
    return column;
  };
  Column y, x, g = factor("g", border + 10), h = factor("h", border);
  y.name = "y";
  x.name = "x";
  std::vector<double> g_effects(g.levels.size()), h_effects(h.levels.size());
  for (double& b : g_effects) b = 0.5 * normal(random);
  for (double& b : h_effects) b = 0.7 * normal(random);
  for (int row = 0; row < rows; ++row) {
    g.codes.push_back(row % (border + 10));
    h.codes.push_back(static_cast<int>(random() % static_cast<unsigned>(border)));
    x.numbers.push_back(normal(random));
    const double eta = 0.5 + 0.3 * x.numbers.back() + g_effects[static_cast<std::size_t>(g.codes.back())] +
                       h_effects[static_cast<std::size_t>(h.codes.back())];
    y.numbers.push_back(std::poisson_distribution<int>(std::exp(eta))(random));
  }
  return Model("y ~ x + (1 | g) + (1 | h)", Data({y, x, g, h}), family);
}

}  // namespace cuglmm::test
