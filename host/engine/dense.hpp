/// Large dense matrices on the host: LAPACK and BLAS.
#pragma once

#include <kernels/border.hpp>

namespace cuglmm {

const DenseFunctions& dense_functions();

/// Of DenseFunctions.
void define_T(const DenseT& nodes, int threads);

/// Of L L', L n x n.
double log_determinant(const double* L, int n);

}  // namespace cuglmm
