/// Plan: what is fixed for a whole batch: collapsed rows, components, their trees, lanes (design.md 2).
#pragma once

#include <memory>
#include <string>

#include <cuglmm/model.hpp>
#include <cuglmm/options.hpp>

namespace cuglmm {

struct PlanData;

class Plan {
 public:
  /// Throws Error where the model is too large for its plan.
  explicit Plan(const Model& model, const PlanOptions& options = {});

  /// Rows after collapse, components, border, lanes, memory, evaluator: as text.
  std::string describe() const;

  std::int64_t rows() const;  ///< after collapse
  std::int64_t components() const;
  std::int64_t border() const;  ///< random effects of the border: 0 where components are separable
  int depth() const;            ///< nesting depth: 1 for one grouping factor
  const PlanData& data() const { return *data_; }

 private:
  std::shared_ptr<const PlanData> data_;
  std::string description_;
};

}  // namespace cuglmm
