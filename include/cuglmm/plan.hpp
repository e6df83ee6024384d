/// Plan: what is fixed for a whole batch: collapsed rows, components, their trees, lanes (design.md 2).
#pragma once

#include <memory>
#include <string>

#include <cuglmm/model.hpp>

namespace cuglmm {

struct PlanData;

class Plan {
 public:
  /// Throws Error where the structure of the random effects is not supported yet (crossed factors).
  explicit Plan(const Model& model, bool collapse = true);

  /// Rows after collapse, components, border, lanes, memory, evaluator: as text.
  std::string describe() const;

  std::int64_t rows() const;  ///< after collapse
  std::int64_t components() const;
  int depth() const;  ///< nesting depth: 1 for one grouping factor
  const PlanData& data() const { return *data_; }

 private:
  std::shared_ptr<const PlanData> data_;
  std::string description_;
};

}  // namespace cuglmm
