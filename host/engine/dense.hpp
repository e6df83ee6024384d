/// Large dense matrices on the host: LAPACK and BLAS.
#pragma once

#include <kernels/border.hpp>

namespace cuglmm {

const DenseFunctions& dense_functions();

}  // namespace cuglmm
