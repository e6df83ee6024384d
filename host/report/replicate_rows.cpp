/// ReplicateRows: a bootstrap's CSV.
#include <charconv>
#include <cmath>
#include <limits>
#include <optional>

#include <host/report/csv.hpp>

namespace cuglmm {

namespace {

constexpr double nan = std::numeric_limits<double>::quiet_NaN();
constexpr int statuses = 5;

/// Takes the fields of a row one by one.
class Fields {
 public:
  explicit Fields(std::string_view row) : rest_(row) {}

  std::optional<std::string_view> next() {
    if (ended_) return std::nullopt;
    const std::size_t comma = rest_.find(',');
    const std::string_view field = rest_.substr(0, comma);
    ended_ = comma == std::string_view::npos;
    if (!ended_) rest_.remove_prefix(comma + 1);
    return field;
  }

  template <class Number>
  bool next(Number& x) {
    const auto field = next();
    if (!field) return false;
    if constexpr (std::is_floating_point_v<Number>)
      if (field->empty()) return x = nan, true;
    const char* end = field->data() + field->size();
    const auto result = std::from_chars(field->data(), end, x);
    return result.ec == std::errc() && result.ptr == end;
  }

  bool next(Status& status) {
    const auto field = next();
    for (int s = 0; field && s < statuses; ++s)
      if (*field == name(static_cast<Status>(s))) return status = static_cast<Status>(s), true;
    return false;
  }

  bool ended() const { return ended_; }

 private:
  std::string_view rest_;
  bool ended_ = false;
};

}  // namespace

ReplicateRows::ReplicateRows(const Model& model)
    : model_(model), derived_names_(sd_and_correlation_names(model)) {}

std::string ReplicateRows::header() const {
  std::string out = "replicate,status,evaluations,gradient_norm,minus2LogLik,sigma";
  for (const std::string& term : model_.fixed_names) out += "," + csv_field("beta." + term);
  for (const std::string& theta : model_.theta_names()) out += "," + csv_field("theta." + theta);
  for (const std::string& derived : derived_names_) out += "," + csv_field(derived);
  return out + "\n";
}

void ReplicateRows::append(std::string& out, const Fits& fits, std::int64_t column) const {
  const auto c = static_cast<std::size_t>(column);
  const auto field = [&out](double x) {
    out += ',';
    append_number(out, x);
  };
  append_number(out, fits.first + column);
  out += ',';
  out += name(fits.status[c]);
  out += ',';
  append_number(out, static_cast<std::int64_t>(fits.evaluations[c]));
  const bool failed = fits.status[c] == Status::failed;
  field(failed ? nan : fits.gradient_norm(column));
  field(failed ? nan : fits.minus2_log_likelihood(column));
  field(failed ? nan : fits.sigma(column));
  for (Eigen::Index i = 0; i < fits.beta.rows(); ++i) field(failed ? nan : fits.beta(i, column));
  for (Eigen::Index i = 0; i < fits.theta.rows(); ++i) field(failed ? nan : fits.theta(i, column));
  if (failed) {
    out.append(derived_names_.size(), ',');
  } else {
    const Eigen::VectorXd theta = fits.theta.col(column);
    for (const double x : sd_and_correlations(model_, theta, fits.sigma(column))) field(x);
  }
  out += '\n';
}

Fits ReplicateRows::make(std::int64_t first, std::int64_t size) const {
  Fits out;
  out.first = first;
  out.status.resize(static_cast<std::size_t>(size), Status::failed);
  out.evaluations.resize(static_cast<std::size_t>(size));
  out.gradient_norm.setConstant(size, nan);
  out.minus2_log_likelihood.setConstant(size, nan);
  out.sigma.setConstant(size, nan);
  out.theta.setConstant(model_.theta_size(), size, nan);
  out.beta.setConstant(static_cast<Eigen::Index>(model_.fixed_names.size()), size, nan);
  return out;
}

bool ReplicateRows::parse(std::string_view row, std::int64_t replicate, Fits& fits,
                          std::int64_t column) const {
  const auto c = static_cast<std::size_t>(column);
  Fields fields(row);
  std::int64_t number = 0;
  double ignored = 0;
  bool ok = fields.next(number) && number == replicate && fields.next(fits.status[c]) &&
            fields.next(fits.evaluations[c]) && fields.next(fits.gradient_norm(column)) &&
            fields.next(fits.minus2_log_likelihood(column)) && fields.next(fits.sigma(column));
  for (Eigen::Index i = 0; ok && i < fits.beta.rows(); ++i) ok = fields.next(fits.beta(i, column));
  for (Eigen::Index i = 0; ok && i < fits.theta.rows(); ++i) ok = fields.next(fits.theta(i, column));
  for (std::size_t i = 0; ok && i < derived_names_.size(); ++i) ok = fields.next(ignored);
  return ok && fields.ended();
}

}  // namespace cuglmm
