/// The arrays of an arrow (kernels/arrow_view.hpp), made once for a plan.
#pragma once

#include <vector>

#include <host/plan/plan_data.hpp>

namespace cuglmm {

struct ArrowData {
  /// Sorts the cells tree by tree. Throws Error where the values are too many to be numbered.
  ArrowData(const Model& model, const Paths& paths, Cells& cells);

  /// For linear models, after `plan` has its rows: sums over rows, and the centre of responses.
  void add_sums(const Model& model, const PlanData& plan);

  /// The factor, in the plan's order, of an effect of the border, by the effect's number.
  int border_factor(int number) const;

  /// f(array, pointer to it in view) for every array.
  template <class F>
  void each_array(ArrowView& of, F f) const {
    f(nodes, of.nodes);
    f(list, of.list);
    f(links, of.links);
    f(place, of.place);
    f(blocks, of.blocks);
    f(runs, of.runs);
    f(parts, of.parts);
    f(factor_first, of.factor_first);
    f(effect, of.effect);
    f(pair, of.pair);
    f(u_number, of.u_number);
    f(ZZ, of.ZZ);
    f(ZX, of.ZX);
    f(XX, of.XX);
    f(centre, of.centre);
  }

  std::vector<ArrowNode> nodes;
  std::vector<int> list;
  std::vector<ArrowLink> links;
  std::vector<int> place;
  std::vector<BorderBlock> blocks;
  std::vector<ArrowRun> runs;
  std::vector<ArrowPart> parts;
  std::vector<int> factor_first;
  std::vector<int> effect;             ///< cells x factors
  std::vector<int> pair;               ///< cells x factors (factors + 1) / 2
  std::vector<std::int64_t> u_number;  ///< effects
  std::vector<double> ZZ, ZX, XX, centre;
  ArrowView view{};  ///< what does not point into PlanData's arrays

 private:
  template <bool OneEach>
  void add_rows(const PlanData& plan);
  void point();
};

/// Trees with their rows (in all `rows`), in at most `most` parts of about rows_per_part or more: the model
/// alone decides, not the machine.
std::vector<ArrowPart> cut_parts(const ArrowData& arrow, std::int64_t rows, int rows_per_part, int most);

}  // namespace cuglmm
