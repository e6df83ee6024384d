#include <host/report/csv.hpp>

#include <charconv>
#include <cmath>

namespace cuglmm {

namespace {

constexpr std::size_t block = 1 << 20;  // bytes collected before a write

template <class Number>
void append_chars(std::string& out, Number x) {
  char buffer[32];
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, x).ptr;
  out.append(buffer, end);
}

}  // namespace

std::string csv_field(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"') out += '"';
    out += c;
  }
  return out + "\"";
}

void append_number(std::string& out, double x) {
  if (!std::isnan(x)) append_chars(out, x);
}

void append_number(std::string& out, std::int64_t x) { append_chars(out, x); }

void write_ranef(OutputFile& file, const Fit& fit) {
  std::string text = "group,level,term,mode,sd\n";
  for (std::size_t j = 0; j < fit.model->terms.size(); ++j) {
    const RandomTerm& term = fit.model->terms[j];
    const GroupingFactor& factor = fit.model->factors[static_cast<std::size_t>(term.factor)];
    for (std::size_t l = 0; l < factor.levels.size(); ++l) {
      const std::string start = csv_field(factor.name) + "," + csv_field(factor.levels[l]) + ",";
      for (std::size_t k = 0; k < term.columns.size(); ++k) {
        const auto row = static_cast<Eigen::Index>(l), column = static_cast<Eigen::Index>(k);
        text += start + csv_field(term.columns[k]) + ",";
        append_number(text, fit.modes[j](row, column));
        text += ',';
        append_number(text, fit.modes_sd[j](row, column));
        text += '\n';
      }
      if (text.size() > block) {
        file.write(text);
        text.clear();
      }
    }
  }
  file.write(text);
}

void write_fitted(OutputFile& file, const Fit& fit) {
  std::string text = "row,fitted,eta,residual\n";
  for (Eigen::Index i = 0; i < fit.mu.size(); ++i) {
    append_number(text, fit.model->row_numbers[static_cast<std::size_t>(i)]);
    for (const double x : {fit.mu(i), fit.eta(i), fit.deviance_residuals(i)}) {
      text += ',';
      append_number(text, x);
    }
    text += '\n';
    if (text.size() > block) {
      file.write(text);
      text.clear();
    }
  }
  file.write(text);
}

}  // namespace cuglmm
