/// The same model told differently: rows, levels or terms in another order.
#pragma once

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <random>
#include <vector>

#include <cuglmm/model.hpp>

namespace cuglmm::test {

inline std::vector<int> shuffled(std::int64_t n, std::uint64_t seed) {
  std::vector<int> order(static_cast<std::size_t>(n));
  std::iota(order.begin(), order.end(), 0);
  std::shuffle(order.begin(), order.end(), std::mt19937_64(seed));
  return order;
}

/// Row i of the result is row order[i] of the model.
inline Model with_rows_shuffled(Model model, std::uint64_t seed) {
  const std::vector<int> order = shuffled(model.rows(), seed);
  const Model original = model;
  for (Eigen::Index i = 0; i < model.y.size(); ++i) {
    const int from = order[static_cast<std::size_t>(i)];
    model.X.row(i) = original.X.row(from);
    model.y[i] = original.y[from];
    model.weights[i] = original.weights[from];
    model.offset[i] = original.offset[from];
    for (std::size_t j = 0; j < model.terms.size(); ++j)
      model.terms[j].Z.row(i) = original.terms[j].Z.row(from);
    for (std::size_t f = 0; f < model.factors.size(); ++f)
      model.factors[f].codes[static_cast<std::size_t>(i)] =
          original.factors[f].codes[static_cast<std::size_t>(from)];
  }
  return model;
}

/// Level l of each factor becomes level order[l]. `order` of the last call's factors, if asked for.
inline Model with_levels_shuffled(Model model, std::uint64_t seed,
                                  std::vector<std::vector<int>>* orders = nullptr) {
  for (GroupingFactor& factor : model.factors) {
    const std::vector<int> order = shuffled(static_cast<std::int64_t>(factor.levels.size()), ++seed);
    const std::vector<std::string> names = factor.levels;
    for (std::size_t l = 0; l < names.size(); ++l)
      factor.levels[static_cast<std::size_t>(order[l])] = names[l];
    for (int& code : factor.codes) code = order[static_cast<std::size_t>(code)];
    if (orders) orders->push_back(order);
  }
  return model;
}

/// theta of the model with term order[j] of this one in the place of term j.
inline Eigen::VectorXd theta_reordered(const Model& model, const std::vector<int>& order,
                                       const Eigen::VectorXd& theta) {
  std::vector<Eigen::Index> first{0};
  for (const RandomTerm& term : model.terms) first.push_back(first.back() + term.theta_size());
  Eigen::VectorXd result(theta.size());
  Eigen::Index at = 0;
  for (const int j : order) {
    const Eigen::Index from = first[static_cast<std::size_t>(j)],
                       size = first[static_cast<std::size_t>(j) + 1] - from;
    result.segment(at, size) = theta.segment(from, size);
    at += size;
  }
  return result;
}

/// Term j of the result is term order[j] of the model; the factors are numbered from the other end.
inline Model with_terms_reordered(Model model, const std::vector<int>& order) {
  const std::vector<RandomTerm> terms = model.terms;
  for (std::size_t j = 0; j < terms.size(); ++j) model.terms[j] = terms[static_cast<std::size_t>(order[j])];
  std::reverse(model.factors.begin(), model.factors.end());
  for (RandomTerm& term : model.terms) term.factor = static_cast<int>(model.factors.size()) - 1 - term.factor;
  return model;
}

}  // namespace cuglmm::test
