// The emulated cuSOLVER against Eigen, and its misuse.
#include <cusolverDn.h>

#include <Eigen/Dense>
#include <cmath>

#include "support.hpp"

namespace cuglmm::emulation {
namespace {

using Eigen::MatrixXd;
using Eigen::VectorXd;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::vector<double> entries(const MatrixXd& m) { return {m.data(), m.data() + m.size()}; }
MatrixXd matrix(const std::vector<double>& values, int rows, int columns) {
  return Eigen::Map<const MatrixXd>(values.data(), rows, columns);
}
MatrixXd positive_definite(int n) {
  const MatrixXd root =
      MatrixXd::NullaryExpr(n, n, [](auto i, auto j) { return std::sin(3.0 * i + j * j + 1.0); });
  return root * root.transpose() + MatrixXd::Identity(n, n);
}

class Solver : public ::testing::TestWithParam<cublasFillMode_t> {
 protected:
  Solver() {
    EXPECT_EQ(cusolverDnCreate(&handle_), CUSOLVER_STATUS_SUCCESS);
    EXPECT_EQ(cusolverDnSetStream(handle_, stream_.get()), CUSOLVER_STATUS_SUCCESS);
  }
  ~Solver() override { EXPECT_EQ(cusolverDnDestroy(handle_), CUSOLVER_STATUS_SUCCESS); }

  /// A with NaN in the triangle that the solver must not read.
  MatrixXd half(MatrixXd a) const {
    const bool upper = GetParam() == CUBLAS_FILL_MODE_UPPER;
    for (int j = 0; j < a.cols(); ++j)
      for (int i = 0; i < a.rows(); ++i)
        if (upper ? i > j : i < j) a(i, j) = std::nan("");
    return a;
  }
  MatrixXd full(const MatrixXd& a) const {
    if (GetParam() == CUBLAS_FILL_MODE_UPPER) return a.selfadjointView<Eigen::Upper>();
    return a.selfadjointView<Eigen::Lower>();
  }

  Stream stream_;
  cusolverDnHandle_t handle_ = nullptr;
  const MatrixXd a_ = positive_definite(5);
};
INSTANTIATE_TEST_SUITE_P(, Solver, ::testing::Values(CUBLAS_FILL_MODE_LOWER, CUBLAS_FILL_MODE_UPPER));

TEST_P(Solver, FactorsSolvesAndInverts) {
  const MatrixXd b = MatrixXd::NullaryExpr(5, 2, [](auto i, auto j) { return i + 10.0 * j; });
  const OnDevice<double> a(entries(half(a_))), x(entries(b));
  const OnDevice<int> info(1);
  int length = 0;
  ASSERT_EQ(cusolverDnDpotrf_bufferSize(handle_, GetParam(), 5, a.get(), 5, &length),
            CUSOLVER_STATUS_SUCCESS);
  const OnDevice<double> work(static_cast<std::size_t>(length));
  ASSERT_EQ(cusolverDnDpotrf(handle_, GetParam(), 5, a.get(), 5, work.get(), length, info.get()),
            CUSOLVER_STATUS_SUCCESS);
  EXPECT_THAT(info.peek(), ElementsAre(-1));  // not yet done
  EXPECT_THAT(info.read(), ElementsAre(0));
  ASSERT_EQ(cusolverDnDpotrs(handle_, GetParam(), 5, 2, a.get(), 5, x.get(), 5, info.get()),
            CUSOLVER_STATUS_SUCCESS);
  EXPECT_TRUE(matrix(x.read(), 5, 2).isApprox(a_.llt().solve(b), 1e-12));
  ASSERT_EQ(cusolverDnDpotri(handle_, GetParam(), 5, a.get(), 5, work.get(), length, info.get()),
            CUSOLVER_STATUS_SUCCESS);
  EXPECT_TRUE(full(matrix(a.read(), 5, 5)).isApprox(a_.inverse(), 1e-12));
}

TEST_P(Solver, SaysWhichMinorIsNotPositiveDefinite) {
  MatrixXd indefinite = a_;
  indefinite(3, 3) = -1.0;
  const OnDevice<double> a(entries(half(indefinite))), work(64);
  const OnDevice<int> info(1);
  ASSERT_EQ(cusolverDnDpotrf(handle_, GetParam(), 5, a.get(), 5, work.get(), 64, info.get()),
            CUSOLVER_STATUS_SUCCESS);
  EXPECT_THAT(info.read(), ElementsAre(4));
}

TEST_P(Solver, FactorsAndSolvesABatch) {
  const VectorXd b = VectorXd::LinSpaced(5, 1.0, 5.0);
  const OnDevice<double> a(entries(half(a_))), a2(entries(half(2.0 * a_))), x(entries(b)), x2(entries(b));
  const OnDevice<double*> matrices(std::vector<double*>{a.get(), a2.get()}),
      vectors(std::vector<double*>{x.get(), x2.get()});
  const OnDevice<int> info(2), solved(1);
  ASSERT_EQ(cusolverDnDpotrfBatched(handle_, GetParam(), 5, matrices.get(), 5, info.get(), 2),
            CUSOLVER_STATUS_SUCCESS);
  ASSERT_EQ(cusolverDnDpotrsBatched(handle_, GetParam(), 5, 1, matrices.get(), 5, vectors.get(), 5,
                                    solved.get(), 2),
            CUSOLVER_STATUS_SUCCESS);
  EXPECT_THAT(info.read(), Each(0));
  EXPECT_THAT(solved.read(), Each(0));
  EXPECT_TRUE(matrix(x.read(), 5, 1).isApprox(a_.llt().solve(b), 1e-12));
  EXPECT_TRUE(matrix(x2.read(), 5, 1).isApprox(a_.llt().solve(b) / 2.0, 1e-12));
  EXPECT_EQ(cusolverDnDpotrsBatched(handle_, GetParam(), 5, 2, matrices.get(), 5, vectors.get(), 5,
                                    solved.get(), 2),
            CUSOLVER_STATUS_NOT_SUPPORTED);
}

TEST_P(Solver, HasA64BitInterface) {
  const VectorXd b = VectorXd::LinSpaced(5, 1.0, 5.0);
  const OnDevice<double> a(entries(half(a_))), x(entries(b));
  const OnDevice<int> info(1);
  cusolverDnParams_t params = nullptr;
  std::size_t bytes = 0, host_bytes = 7;
  ASSERT_EQ(cusolverDnCreateParams(&params), CUSOLVER_STATUS_SUCCESS);
  ASSERT_EQ(cusolverDnXpotrf_bufferSize(handle_, params, GetParam(), 5, CUDA_R_64F, a.get(), 5, CUDA_R_64F,
                                        &bytes, &host_bytes),
            CUSOLVER_STATUS_SUCCESS);
  EXPECT_EQ(host_bytes, 0u);
  const OnDevice<char> work(bytes);
  ASSERT_EQ(cusolverDnXpotrf(handle_, params, GetParam(), 5, CUDA_R_64F, a.get(), 5, CUDA_R_64F, work.get(),
                             bytes, nullptr, 0, info.get()),
            CUSOLVER_STATUS_SUCCESS);
  ASSERT_EQ(cusolverDnXpotrs(handle_, params, GetParam(), 5, 1, CUDA_R_64F, a.get(), 5, CUDA_R_64F, x.get(),
                             5, info.get()),
            CUSOLVER_STATUS_SUCCESS);
  EXPECT_TRUE(matrix(x.read(), 5, 1).isApprox(a_.llt().solve(b), 1e-12));
  EXPECT_EQ(cusolverDnDestroyParams(params), CUSOLVER_STATUS_SUCCESS);
}

TEST_P(Solver, RefusesWhatIsNotOnTheDevice) {
  const OnDevice<double> a(entries(a_)), work(64);
  const OnDevice<int> info(1);
  int host_info = 0;
  EXPECT_EQ(cusolverDnDpotrf(handle_, GetParam(), 5, a.get(), 5, work.get(), 64, &host_info),
            CUSOLVER_STATUS_INVALID_VALUE);
  EXPECT_THAT(faults_found(), HasSubstr("cusolverDnDpotrf: devInfo is not in device memory"));
  EXPECT_EQ(cusolverDnDpotrf(handle_, GetParam(), 5, a.get(), 6, work.get(), 64, info.get()),
            CUSOLVER_STATUS_INVALID_VALUE);
  EXPECT_THAT(faults_found(), HasSubstr("A: 232 bytes from byte 0 leave a device block of 200 bytes"));
  EXPECT_EQ(cusolverDnDpotrf(handle_, GetParam(), 5, a.get(), 5, nullptr, 64, info.get()),
            CUSOLVER_STATUS_INVALID_VALUE);
  EXPECT_THAT(faults_found(), HasSubstr("the workspace is null"));
  forget_faults();
  EXPECT_EQ(cusolverDnDpotrf(handle_, GetParam(), 5, a.get(), 5, work.get(), 5, info.get()),
            CUSOLVER_STATUS_INVALID_VALUE);  // too short
}

}  // namespace
}  // namespace cuglmm::emulation
