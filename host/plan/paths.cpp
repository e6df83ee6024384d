#include <algorithm>
#include <numeric>

#include <fmt/format.h>

#include <cuglmm/error.hpp>
#include <host/plan/plan_data.hpp>

namespace cuglmm {
namespace {

/// True if every level of `fine` lies within one level of `coarse`.
bool nested(const GroupingFactor& fine, const GroupingFactor& coarse) {
  std::vector<int> parent(fine.levels.size(), -1);
  for (std::size_t i = 0; i < fine.codes.size(); ++i) {
    int& known = parent[fine.codes[i]];
    if (known < 0)
      known = coarse.codes[i];
    else if (known != coarse.codes[i])
      return false;
  }
  return true;
}

/// The grouping factors from the finest to the coarsest; each must be nested in the next.
std::vector<int> nesting_chain(const Model& model) {
  std::vector<int> chain(model.factors.size());
  std::iota(chain.begin(), chain.end(), 0);
  std::stable_sort(chain.begin(), chain.end(), [&](int a, int b) {
    return model.factors[a].levels.size() > model.factors[b].levels.size();
  });
  for (std::size_t i = 1; i < chain.size(); ++i) {
    const GroupingFactor &fine = model.factors[chain[i - 1]], &coarse = model.factors[chain[i]];
    if (!nested(fine, coarse))
      throw Error(fmt::format(
          "crossed grouping factors are not supported yet: '{}' ({} levels) is not nested in '{}' ({} "
          "levels)\n"
          "supported now: one grouping factor, or factors nested in each other, such as (1 | school/class)",
          fine.name, fine.levels.size(), coarse.name, coarse.levels.size()));
  }
  return chain;
}

}  // namespace

Paths make_paths(const Model& model) {
  Paths paths;
  paths.factor = nesting_chain(model);
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
