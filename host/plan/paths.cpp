#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>

#include <fmt/format.h>

#include <cuglmm/error.hpp>
#include <host/model/grouping.hpp>
#include <host/plan/order.hpp>
#include <host/plan/plan_data.hpp>

namespace cuglmm {

namespace {

/// Random effects of each level of a factor.
std::vector<int> effects_per_level(const Model& model) {
  std::vector<int> effects(model.factors.size());
  for (const RandomTerm& term : model.terms) effects[term.factor] += term.size();
  return effects;
}

/// The longest chains of nested factors, each from its finest factor to its coarsest.
std::vector<std::vector<int>> longest_chains(const Model& model) {
  std::vector<int> order(model.factors.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](int a, int b) {
    return model.factors[a].levels.size() > model.factors[b].levels.size();
  });
  std::vector<std::vector<int>> chains;
  std::vector<int> chain;
  const auto is_nested = [&](int fine, int coarse) {
    return nested(model.factors[fine], model.factors[coarse]);
  };
  const auto starts_a_chain = [&](std::size_t at) {
    return std::none_of(order.begin(), order.begin() + at,
                        [&](int finer) { return is_nested(finer, order[at]); });
  };
  const std::function<void(std::size_t)> extend = [&](std::size_t from) {
    bool longest = true;
    for (std::size_t next = from; next < order.size(); ++next) {
      if (chain.empty() ? !starts_a_chain(next) : !is_nested(chain.back(), order[next])) continue;
      longest = false;
      chain.push_back(order[next]);
      extend(next + 1);
      chain.pop_back();
    }
    if (longest && !chain.empty()) chains.push_back(chain);
  };
  extend(0);
  return chains;
}

/// Nanoseconds, about, of one elimination with this chain: 1 for each pair of effects that a leaf updates,
/// and a Cholesky factor of the border at 36 Gflop/s.
double elimination_cost(const Model& model, const std::vector<int>& chain) {
  const std::vector<int> effects = effects_per_level(model);
  double path = 0, border = 0;
  std::vector<int> crossed;
  for (int f = 0; f < static_cast<int>(model.factors.size()); ++f) {
    if (std::find(chain.begin(), chain.end(), f) != chain.end()) {
      path += effects[f];
    } else {
      crossed.push_back(f);
      border += effects[f] * static_cast<double>(model.factors[f].levels.size());
    }
  }
  const GroupingFactor& leaf = model.factors[chain.front()];
  std::vector<double> list(leaf.levels.size(), path);
  const std::vector<int> order = ascending(leaf.codes, leaf.levels.size());
  for (const int f : crossed) {
    std::vector<int> last_leaf(model.factors[f].levels.size(), -1);  // that has met this level
    for (const int row : order) {
      int& met = last_leaf[model.factors[f].codes[row]];
      if (met != leaf.codes[row]) list[leaf.codes[row]] += effects[f];
      met = leaf.codes[row];
    }
  }
  double cost = border * border * border / 36;
  for (const double size : list) cost += effects[chain.front()] * size * (size + 1) / 2;
  return cost;
}

/// The grouping factors from the finest of the chain to its coarsest, then those of the border.
std::vector<int> order_factors(const Model& model, int& chain_length) {
  const auto chains = longest_chains(model);
  const std::vector<int>* best = &chains.front();
  if (chains.size() > 1) {
    double least = INFINITY;
    for (const std::vector<int>& chain : chains) {
      const double cost = elimination_cost(model, chain);
      if (cost < least) {
        least = cost;
        best = &chain;
      }
    }
  }
  std::vector<int> order = *best;
  chain_length = static_cast<int>(order.size());
  for (int f = 0; f < static_cast<int>(model.factors.size()); ++f)
    if (std::find(order.begin(), order.begin() + chain_length, f) == order.begin() + chain_length)
      order.push_back(f);
  return order;
}

}  // namespace

Paths make_paths(const Model& model) {
  Paths paths;
  paths.factor = order_factors(model, paths.chain);
  paths.terms.resize(model.terms.size());
  paths.level_first.push_back(0);
  for (int level = 0; level < paths.levels(); ++level) {
    for (std::size_t j = 0; j < model.terms.size(); ++j) {
      const RandomTerm& term = model.terms[j];
      if (term.factor != paths.factor[level]) continue;
      paths.terms[j] = {level, paths.Q, term.size(), 0};
      paths.Q += term.size();
    }
    paths.level_first.push_back(paths.Q);
  }
  if (paths.Q > kMaxPath)
    throw Error(
        fmt::format("a row of this model carries {} random effects; up to {} are supported\n"
                    "use fewer columns to the left of the bars",
                    paths.Q, kMaxPath));
  std::int64_t u = 0;
  for (std::size_t j = 0; j < model.terms.size(); ++j) {
    paths.terms[j].theta = paths.m;
    paths.m += model.terms[j].theta_size();
    paths.u_first.push_back(u);
    u +=
        static_cast<std::int64_t>(model.factors[model.terms[j].factor].levels.size()) * model.terms[j].size();
  }
  return paths;
}

}  // namespace cuglmm
