#include "host/model/grouping.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "cuglmm/error.hpp"
#include "host/formula/syntax.hpp"

namespace cuglmm {
namespace {

template <class T>
std::vector<T> sorted_unique(std::vector<T> values) {
  std::sort(values.begin(), values.end());
  values.erase(std::unique(values.begin(), values.end()), values.end());
  return values;
}

/// For each value its place in the sorted ones.
template <class T>
std::vector<int> places(const std::vector<T>& values, const std::vector<T>& sorted) {
  std::vector<int> out;
  out.reserve(values.size());
  for (const T& value : values) {
    out.push_back(static_cast<int>(std::lower_bound(sorted.begin(), sorted.end(), value) - sorted.begin()));
  }
  return out;
}

/// 15 digits, as R's as.character().
std::string number_label(double value) { return fmt::format("{:.15g}", value); }

GroupingFactor from_column(const Column& column) {
  if (column.is_factor()) return {column.name, column.levels, column.codes};
  const std::vector<double> values = sorted_unique(column.numbers);
  GroupingFactor out{column.name, {}, places(column.numbers, values)};
  for (const double value : values) {
    const bool logical = column.type == Column::Type::logical;
    out.levels.push_back(logical ? (value != 0 ? "TRUE" : "FALSE") : number_label(value));
  }
  return out;
}

GroupingFactor interact(const GroupingFactor& a, const GroupingFactor& b) {
  const auto inner = static_cast<std::int64_t>(b.levels.size());
  std::vector<std::int64_t> pairs;
  pairs.reserve(a.codes.size());
  for (std::size_t i = 0; i < a.codes.size(); ++i) pairs.push_back(a.codes[i] * inner + b.codes[i]);
  const std::vector<std::int64_t> used = sorted_unique(pairs);
  GroupingFactor out{"", {}, places(pairs, used)};
  for (const std::int64_t pair : used) {
    out.levels.push_back(a.levels[static_cast<std::size_t>(pair / inner)] + ":" +
                         b.levels[static_cast<std::size_t>(pair % inner)]);
  }
  return out;
}

}  // namespace

GroupingFactor grouping_factor(const Formula::RandomEffects& term, const Frame& frame) {
  const auto factor = [&](const std::string& name) {
    return from_column(frame[deparse(*make_name(name, 0))].columns[0]);
  };
  GroupingFactor out = factor(term.group[0]);
  for (std::size_t k = 1; k < term.group.size(); ++k) out = interact(out, factor(term.group[k]));
  out.name = term.label;
  if (out.levels.size() > 1) return out;
  throw Error(
      fmt::format("grouping factors must have > 1 sampled level; '{}' has one in the rows used ('{}')",
                  out.name, out.levels[0]));
}

std::vector<std::size_t> lme4_order(const std::vector<std::size_t>& levels) {
  std::vector<std::size_t> order(levels.size());
  std::iota(order.begin(), order.end(), 0);
  if (std::is_sorted(levels.rbegin(), levels.rend())) return order;
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return levels[a] < levels[b]; });
  std::reverse(order.begin(), order.end());
  return order;
}

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

}  // namespace cuglmm
