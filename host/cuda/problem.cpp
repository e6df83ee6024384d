#include <host/cuda/problem.hpp>

#include <limits>

#include <kernels/cuda/components.hpp>

namespace cuglmm::cuda {
namespace {

/// Lanes of a slice: a warp. Components are sorted by size, so wider slices would pad more.
constexpr int kSliceWidth = 32;

class CudaProblem : public Problem {
 public:
  CudaProblem(const Layout& layout, const ResponseSums& responses, const Stream& stream)
      : layout_(layout.host),
        view_(layout.device.view()),
        responses_(responses),
        stream_(stream),
        lanes_(Index{view_.slice_count} * kSliceWidth),
        sums_(view_),
        entries_(std::max(sums_.size(true), view_.p * view_.p)),
        u_size_(std::size_t(layout_.u_entries) * kSliceWidth),
        zy_(std::size_t(layout_.zy_entries) * kSliceWidth),
        u_(u_size_),
        mode_(u_size_),
        variance_(u_size_),
        values_(std::size_t(entries_) * lanes_),
        scratch_(std::size_t(component_scratch(view_)) * lanes_),
        psi_(view_.m + view_.p),
        sums_device_(entries_) {
    const AlignedVector<double> zy = layout_.spread_zy(responses);
    upload(zy_.data(), zy.data(), zy.size(), stream_);
    fill_zero(u_.data(), u_size_, stream_);
  }

  ProblemEvaluation evaluate(const Eigen::VectorXd& theta, const Eigen::VectorXd& beta,
                             bool moments) override {
    set_point(theta, beta);
    check(cuda::evaluate(view_, components(), mode_tolerance_, moments, stream_.get()));
    const Eigen::VectorXd sums = summed(sums_.size(moments));
    Eigen::VectorXd mode(moments ? u_size_ : 0), variance(mode.size());
    if (moments) {
      download(mode.data(), mode_.data(), u_size_, stream_);
      download(variance.data(), variance_.data(), u_size_, stream_);
    }
    const double objective =
        sums[sums_.failed()] > 0 ? std::numeric_limits<double>::quiet_NaN() : sums[sums_.objective()];
    ProblemEvaluation out = assemble(layout_.view, responses_, theta, beta, objective,
                                     sums.segment(sums_.G(), view_.m), sums.segment(sums_.beta(), view_.p));
    if (moments) {
      out.TT = sums.segment(sums_.TT(), view_.TT_size);
      out.mode = layout_.gather(mode.data());
      out.variance = layout_.gather(variance.data());
    }
    return out;
  }

  Eigen::MatrixXd information(const Eigen::VectorXd& theta, const Eigen::VectorXd& beta) override {
    const int p = view_.p;
    set_point(theta, beta);
    check(cuda::information(view_, components(), stream_.get()));
    const Eigen::VectorXd sums = summed(p * p);
    Eigen::MatrixXd information(p, p);
    for (int j = 0; j < p; ++j)
      for (int k = 0; k <= j; ++k) information(j, k) = information(k, j) = sums[j * p + k];
    return information;
  }

  Eigen::VectorXd u() const override {
    Eigen::VectorXd lanes(u_size_);
    download(lanes.data(), u_.data(), u_size_, stream_);
    return layout_.gather(lanes.data());
  }
  void set_mode_tolerance(double tolerance) override { mode_tolerance_ = tolerance; }

 private:
  Components components() const {
    return {kSliceWidth,  psi_.data(),      psi_.data() + view_.m, zy_.data(),     u_.data(),
            mode_.data(), variance_.data(), values_.data(),        scratch_.data()};
  }
  void set_point(const Eigen::VectorXd& theta, const Eigen::VectorXd& beta) {
    Eigen::VectorXd psi(theta.size() + beta.size());
    psi << theta, beta;
    upload(psi_.data(), psi.data(), psi.size(), stream_);
  }
  /// Sums over lanes of the first entries of values_.
  Eigen::VectorXd summed(int entries) {
    check(sum_lanes(values_.data(), entries, lanes_, sums_device_.data(), stream_.get()));
    Eigen::VectorXd sums(entries);
    download(sums.data(), sums_device_.data(), entries, stream_);
    return sums;
  }

  const SliceLayout& layout_;
  const PlanView view_;
  const ResponseSums responses_;
  const Stream& stream_;
  const Index lanes_;
  const Sums sums_;
  const int entries_;
  const std::size_t u_size_;
  DeviceArray<double> zy_, u_, mode_, variance_, values_, scratch_, psi_, sums_device_;
  double mode_tolerance_ = kModeTolerance;
};

}  // namespace

Layout::Layout(const PlanData& plan, const Stream& stream)
    : host(plan, kSliceWidth), device(plan, host, stream) {}

std::unique_ptr<Problem> make_problem(const Layout& layout, const ResponseSums& sums, const Stream& stream) {
  return std::make_unique<CudaProblem>(layout, sums, stream);
}

}  // namespace cuglmm::cuda
