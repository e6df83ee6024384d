#include "host/data/functions.hpp"

namespace cuglmm {

const FunctionTable& functions() {
  static const FunctionTable table = [] {
    FunctionTable all;
    add_elementwise_functions(all);
    add_summary_functions(all);
    add_factor_functions(all);
    add_cut(all);
    add_matrix_functions(all);
    return all;
  }();
  return table;
}

}  // namespace cuglmm
