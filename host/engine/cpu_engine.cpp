#include <host/engine/cpu_engine.hpp>

#include <unistd.h>

#include <algorithm>
#include <limits>

#include <fmt/format.h>
#include <Eigen/Cholesky>

#include <cuglmm/error.hpp>

#include <host/engine/dense.hpp>
#include <host/engine/parallel.hpp>
#include <host/engine/probes.hpp>
#include <host/engine/simd.hpp>

namespace cuglmm {
namespace {

/// Below this many row-lanes an evaluation is over before a thread has started.
constexpr std::int64_t kRowsPerThread = 20000;

/// From this size on factor and inverse of the border take several times as long as solutions by Probes.
constexpr int kProbesBorder = 1000;

/// Of the border: those of all its factors but the largest, if they are few.
std::vector<int> small_effects(const ArrowView& arrow) {
  constexpr std::size_t kMost = 64;
  const auto effects = [&](int factor) {
    return arrow.factor_first[factor + 1] - arrow.factor_first[factor];
  };
  const int factors = arrow.factors - arrow.chain;
  int largest = 0;
  for (int factor = 1; factor < factors; ++factor)
    if (effects(factor) > effects(largest)) largest = factor;
  std::vector<int> small;
  for (int factor = 0; factor < factors; ++factor)
    for (int i = 0; factor != largest && i < effects(factor); ++i)
      small.push_back(arrow.factor_first[factor] - arrow.border_first + i);
  if (small.size() > kMost) small.clear();
  return small;
}

/// The bytes of one problem. Throws Error where the machine has not as many: the kernel would promise them,
/// and end the program once they are used.
std::size_t affordable(const ArrowView& arrow, std::size_t bytes) {
  const double needed = static_cast<double>(bytes);
  const double there =
      static_cast<double>(sysconf(_SC_PHYS_PAGES)) * static_cast<double>(sysconf(_SC_PAGE_SIZE));
  if (needed <= there) return bytes;
  if (arrow.sparse())
    throw Error(fmt::format(
        "the crossed random effects need {:.1f} GiB, sparse as they are; this machine has {:.1f} GiB (cuglmm "
        "plan says which factors they are; try without one of them)",
        needed / 0x1p30, there / 0x1p30));
  throw Error(fmt::format(
      "the crossed random effects leave a dense matrix of {0} x {0} numbers, {1:.1f} GiB with what goes with "
      "it; this machine has {2:.1f} GiB (cuglmm plan says which factors they are; try without one of them)",
      arrow.border, needed / 0x1p30, there / 0x1p30));
}

/// One problem by component. Slices are evaluated in blocks of fixed size whose sums are added in order: the
/// same bits for any number of threads.
class CpuProblem : public Problem {
 public:
  CpuProblem(const PlanData& plan, const SliceLayout& layout, const CpuFunctions& functions, int threads,
             const ResponseSums& sums)
      : layout_(layout),
        functions_(functions),
        sums_(sums),
        zy_(layout.spread_zy(sums)),
        u_(std::size_t(layout.u_entries) * layout.width, 0.0) {
    const std::int64_t rows = plan.cells.size();
    threads_ = static_cast<int>(std::clamp<std::int64_t>(rows / kRowsPerThread, 1, threads));
    blocks_ = std::clamp(layout.view.slice_count / 4, 1, 64);
    for (int t = 0; t < threads_; ++t) scratch_.emplace_back(functions.slice_bytes(layout.view));
  }

  ProblemEvaluation evaluate(const Eigen::VectorXd& theta, const Eigen::VectorXd& beta,
                             bool moments) override {
    const PlanView& view = layout_.view;
    const int m = view.m, p = view.p;
    Eigen::MatrixXd G(m, blocks_), gradient(p, blocks_), T(m, blocks_), TT(view.TT_size, blocks_);
    std::vector<ProblemSums> sums(blocks_);
    AlignedVector<double> mode(moments ? u_.size() : 0), variance(moments ? u_.size() : 0);
    each_block([&](int block, int begin, int end, void* scratch) {
      sums[block] = {0,
                     G.col(block).data(),
                     gradient.col(block).data(),
                     moments ? T.col(block).data() : nullptr,
                     TT.col(block).data(),
                     mode.data(),
                     variance.data(),
                     false};
      functions_.evaluate_slices(view, begin, end, theta.data(), beta.data(), zy_.data(), u_.data(),
                                 mode_tolerance_, sums[block], scratch);
    });
    double objective = 0;
    for (const ProblemSums& block : sums)
      objective = block.failed ? std::numeric_limits<double>::quiet_NaN() : objective + block.objective;
    ProblemEvaluation out =
        assemble(view, sums_, theta, beta, objective, G.rowwise().sum(), gradient.rowwise().sum());
    if (moments) {
      out.TT = TT.rowwise().sum();
      out.mode = layout_.gather(mode.data());
      out.variance = layout_.gather(variance.data());
    }
    return out;
  }

  Eigen::MatrixXd information(const Eigen::VectorXd& theta, const Eigen::VectorXd& beta) override {
    const int p = layout_.view.p;
    Eigen::MatrixXd blocks(p * p, blocks_);
    each_block([&](int block, int begin, int end, void* scratch) {
      functions_.slice_information(layout_.view, begin, end, theta.data(), beta.data(), zy_.data(), u_.data(),
                                   blocks.col(block).data(), scratch);
    });
    Eigen::MatrixXd information(p, p);
    const Eigen::VectorXd sum = blocks.rowwise().sum();
    for (int j = 0; j < p; ++j)
      for (int k = 0; k <= j; ++k) information(j, k) = information(k, j) = sum[j * p + k];
    return information;
  }

  Eigen::VectorXd u() const override { return layout_.gather(u_.data()); }
  void set_mode_tolerance(double tolerance) override { mode_tolerance_ = tolerance; }

 private:
  template <class Body>
  void each_block(Body body) {
    const int slices = layout_.view.slice_count;
    parallel_for(threads_, blocks_, [&](int block, int thread) {
      body(block, static_cast<int>(std::int64_t{slices} * block / blocks_),
           static_cast<int>(std::int64_t{slices} * (block + 1) / blocks_), scratch_[thread].data());
    });
  }

  const SliceLayout& layout_;
  const CpuFunctions& functions_;
  const ResponseSums sums_;
  AlignedVector<double> zy_, u_;
  double mode_tolerance_ = kModeTolerance;
  int threads_ = 1, blocks_ = 1;
  std::vector<ScratchBlock> scratch_;
};

/// One problem on an arrow. Its parts are cut by the plan, so the bits do not depend on the threads.
class CpuArrowProblem : public Problem {
 public:
  CpuArrowProblem(const PlanData& plan, const CpuFunctions& functions, int threads,
                  const DenseFunctions* dense, const ResponseSums& sums)
      : view_(with(dense, plan.view)),
        functions_(functions),
        team_{&run, worth_threads(plan) ? threads : 1},
        sums_(sums),
        u_(Eigen::VectorXd::Zero(plan.view.u_total)),
        psi_(Eigen::VectorXd::Constant(plan.view.k, std::numeric_limits<double>::quiet_NaN())),
        scratch_(affordable(view_.arrow, functions.arrow_bytes(view_))) {}

  ProblemEvaluation evaluate(const Eigen::VectorXd& theta, const Eigen::VectorXd& beta,
                             bool moments) override {
    start(beta);
    const Eigen::VectorXd psi = search_point(view_, theta, beta);
    if (view_.family != KernelFamily::gaussian) return evaluate(psi, moments);
    if (psi_ != psi) last_ = evaluate(psi, true);  // PIRLS goes on where it stopped; a linear model is done
    return last_;
  }

  Eigen::MatrixXd information(const Eigen::VectorXd& theta, const Eigen::VectorXd& beta) override {
    const int p = view_.p;
    const Eigen::VectorXd psi = search_point(view_, theta, beta);
    if (psi_ != psi) evaluate(theta, beta, false);
    Eigen::MatrixXd information(p, p);
    functions_.arrow_information(view_, lanes(psi), team_, information.data(), scratch_.data());
    information.triangularView<Eigen::StrictlyLower>() = information.transpose();  // rows are columns
    return information;
  }

  Eigen::VectorXd u() const override { return ordered(u_); }
  void set_mode_tolerance(double tolerance) override { mode_tolerance_ = tolerance; }

  bool estimate(bool on) override {
    if (view_.arrow.border < kProbesBorder || view_.arrow.sparse() || exact_ != &dense_functions())
      return false;
    probes_ = on ? std::make_unique<Probes>(view_.arrow.border, small_effects(view_.arrow)) : nullptr;
    view_.arrow.dense = on ? &probes_->functions() : exact_;
    psi_.setConstant(std::numeric_limits<double>::quiet_NaN());
    if (!u_.allFinite()) u_.setZero();
    return true;
  }

 private:
  ProblemEvaluation evaluate(const Eigen::VectorXd& psi, bool moments) {
    const int carried = view_.carried, effects = view_.arrow.effects;
    ProblemEvaluation out;
    Eigen::VectorXd gradient = Eigen::VectorXd::Zero(view_.k + carried), T(view_.m), mode(effects),
                    variance(effects);
    out.G.resize(view_.m);
    out.TT.resize(moments ? view_.TT_size : 0);
    ArrowProblem problem = lanes(psi);
    const Eigen::VectorXd moved = psi - psi_;
    problem.moved = moved.allFinite() ? moved.data() : nullptr;
    problem.G = out.G.data();
    problem.gradient = gradient.data();
    problem.T = moments ? T.data() : nullptr;
    problem.TT = out.TT.data();
    problem.mode = mode.data();
    problem.variance = variance.data();
    functions_.evaluate_arrow(view_, problem, team_, scratch_.data());
    psi_ = psi;
    out.objective = problem.objective;
    out.gradient = gradient.head(view_.k);
    if (view_.profiled) {
      out.beta = gradient.segment(view_.k, view_.p);
      out.sigma = gradient[view_.k + view_.p];
    }
    if (moments) {
      out.mode = ordered(mode);
      out.variance = ordered(variance);
    }
    return out;
  }

  static void run(const Team& team, int parts, void (*body)(const void*, int), const void* argument) {
    parallel_for(team.size, parts, [&](int part, int) { body(argument, part); });
  }

  static PlanView with(const DenseFunctions* dense, PlanView view) {
    if (dense) view.arrow.dense = dense;
    return view;
  }

  /// Threads are started anew for each loop: below that they cost more than they bring.
  static bool worth_threads(const PlanData& plan) {
    return plan.cells.size() >= 2 * kRowsPerThread || plan.view.arrow.border >= 512;
  }

  /// nAGQ = 0: the first beta.
  void start(const Eigen::VectorXd& beta) {
    const int effects = view_.arrow.effects;
    if (!started_ && u_.size() == effects + beta.size()) u_.tail(beta.size()) = beta;
    started_ = true;
  }
  ArrowProblem lanes(const Eigen::VectorXd& psi) {
    ArrowProblem problem{};
    problem.psi = psi.data();
    problem.zy = sums_.zy.data();
    problem.xy = sums_.xy.data();
    problem.offset_y = sums_.offset_y;
    problem.constant = sums_.constant;
    problem.u = u_.data();
    problem.mode_tolerance = mode_tolerance_;
    return problem;
  }
  /// In lme4's order.
  Eigen::VectorXd ordered(const Eigen::VectorXd& values) const {
    const ArrowView& arrow = view_.arrow;
    Eigen::VectorXd out(arrow.effects);
    for (int i = 0; i < arrow.effects; ++i) out[arrow.u_number[i]] = values[i];
    return out;
  }

  PlanView view_;
  const DenseFunctions* const exact_ = view_.arrow.dense;
  std::unique_ptr<Probes> probes_;  ///< while they stand in
  const CpuFunctions& functions_;
  const Team team_;
  const ResponseSums sums_;
  Eigen::VectorXd u_;
  bool started_ = false;
  double mode_tolerance_ = kModeTolerance;
  Eigen::VectorXd psi_;     ///< where scratch_ is
  ProblemEvaluation last_;  ///< there, of a linear model
  ScratchBlock scratch_;
};

class CpuEngine : public Engine {
 public:
  CpuEngine(const PlanData& plan, const CpuFunctions& functions, int threads, const DenseFunctions* dense)
      : plan_(plan), functions_(functions), threads_(threads), dense_(dense) {}

  std::string device() const override {
    return fmt::format("cpu ({}, {} thread{})", functions_.name, threads_, threads_ == 1 ? "" : "s");
  }

  std::unique_ptr<Problem> problem(const ResponseSums& sums) override {
    if (plan_.arrow) return std::make_unique<CpuArrowProblem>(plan_, functions_, threads_, dense_, sums);
    if (!layout_) layout_ = std::make_unique<SliceLayout>(plan_, functions_.pack_width);
    return std::make_unique<CpuProblem>(plan_, *layout_, functions_, threads_, sums);
  }

  int feed_width() const override { return functions_.pack_width; }

  void optimise(const BatchJob& job) override {
    struct Context {
      CpuEngine& engine;
      const BatchJob& job;
    } context{*this, job};
    BatchControl control{
        job.tolerance,
        kModeTolerance,
        job.max_evaluations,
        job.psi.data(),
        job.inverse_hessian.data(),  // column by column is row by row: it is symmetric
        job.score_start,
        &context,
        [](void* at, Feed& feed) {
          static_cast<Context*>(at)->engine.refill(static_cast<Context*>(at)->job, feed);
        },
        [](void* at, const Finished& problem) { static_cast<Context*>(at)->job.finished(problem); }};
    on_threads(threads_of(job), [&](int) {
      ScratchBlock scratch(functions_.batch_bytes(plan_.view));
      FeedStorage feed(plan_.view, feed_width());
      functions_.optimise(plan_.view, control, feed.feed, scratch.data());
    });
  }

  void simulate(const Draws& draws, Feed& feed, double* responses) override {
    const PlanView& view = draws.plan->view;
    ScratchBlock scratch(std::size_t(view.m + view.p + view.max_u) * feed_width() * sizeof(double));
    functions_.simulate(view, draws.psi.data(), draws.psi.data() + view.m, draws.sigma, draws.seed, feed,
                        responses, scratch.data());
  }

  Eigen::VectorXd evaluate(Feed& feed, const Eigen::MatrixXd& psi, Eigen::MatrixXd& gradient,
                           double mode_tolerance) override {
    const int width = feed_width(), k = static_cast<int>(psi.rows());
    ScratchBlock scratch(functions_.evaluate_bytes(plan_.view));
    Eigen::VectorXd objective(width);
    Eigen::MatrixXd psi_lanes(width, k), gradient_lanes(width, k);  // lane fastest
    psi_lanes.topRows(psi.cols()) = psi.transpose();
    functions_.evaluate(plan_.view, feed, psi_lanes.data(), mode_tolerance, objective.data(),
                        gradient_lanes.data(), scratch.data());
    gradient = gradient_lanes.topRows(psi.cols()).transpose();
    return objective.head(psi.cols());
  }

  std::uint64_t bytes_per_problem() const override {
    return functions_.batch_bytes(plan_.view) / functions_.batch_width(plan_.view);
  }
  std::uint64_t problems_in_flight(const BatchJob& job) const override {
    return std::uint64_t(threads_of(job)) * functions_.batch_width(plan_.view);
  }

  std::optional<Eigen::MatrixXd> inverse(const Eigen::MatrixXd& A) const override {
    const Eigen::LLT<Eigen::MatrixXd> factor(A);
    if (factor.info() != Eigen::Success) return std::nullopt;
    return factor.solve(Eigen::MatrixXd::Identity(A.rows(), A.cols()));
  }

 private:
  /// Fewer threads have fewer problems in flight.
  int threads_of(const BatchJob& job) const {
    const int threads = thread_count(job.threads);
    if (job.memory_limit == 0) return threads;
    const std::uint64_t per_thread = functions_.batch_bytes(plan_.view);
    if (per_thread > job.memory_limit)
      throw Error(
          fmt::format("the memory limit of {} bytes is too small: one thread's replicates need {} bytes",
                      job.memory_limit, per_thread));
    return static_cast<int>(std::min<std::uint64_t>(threads, job.memory_limit / per_thread));
  }

  void refill(const BatchJob& job, Feed& feed) {
    std::int64_t first = 0;
    feed.count = job.claim(feed_width(), first);
    feed.next = 0;
    if (feed.count == 0) return;
    for (int lane = 0; lane < feed_width(); ++lane)
      feed.number[lane] = first + std::min(lane, feed.count - 1);
    if (job.draws)
      simulate(*job.draws, feed, nullptr);
    else
      job.fill(feed);
    job.modes.apply(feed, feed_width());
  }

  const PlanData& plan_;
  const CpuFunctions& functions_;
  int threads_;
  const DenseFunctions* dense_;
  std::unique_ptr<SliceLayout> layout_;
};

}  // namespace

std::unique_ptr<Engine> make_cpu_engine(const PlanData& plan, const std::string& simd, int threads,
                                        const DenseFunctions* dense) {
  return std::make_unique<CpuEngine>(plan, cpu_functions(simd), thread_count(threads), dense);
}

}  // namespace cuglmm
