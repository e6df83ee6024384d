/// Linear algebra of a sparse border's fronts (kernels/fronts_view.hpp) by OpenBLAS.
#pragma once

#include <kernels/launch.hpp>

namespace cuglmm {

const FrontFunctions& front_functions();

}  // namespace cuglmm
