/// The fronts of a sparse border (kernels/fronts_view.hpp), made once for a plan.
#pragma once

#include <memory>
#include <vector>

#include <cuglmm/options.hpp>
#include <host/plan/arrow.hpp>

namespace cuglmm {

struct FrontsData {
  std::vector<Front> fronts;
  std::vector<int> rows, factor, front_of;
  std::vector<Index> diagonal;
  std::vector<BorderPlace> places;
  std::vector<int> use_first;
  std::vector<NodeEntry> uses;
  std::vector<int> stretch_first;
  FrontsView view{};
};

/// Null where the border is better dense: unless `border` says which it is to be, it is sparse from 2000
/// effects on if that is a tenth of the arithmetic (design.md 2).
std::unique_ptr<const FrontsData> make_fronts(const ArrowData& arrow, const Paths& paths,
                                              PlanOptions::Border border);

}  // namespace cuglmm
