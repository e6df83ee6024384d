/// Functions that make factors, or take them apart.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <unordered_map>
#include <utility>

#include "host/data/factor.hpp"
#include "host/data/functions.hpp"

namespace cuglmm {
namespace {

constexpr double na = std::numeric_limits<double>::quiet_NaN();

void require_vector(const Call& call, std::size_t k) {
  if (call[k].is_matrix()) call.where(k).fail(fmt::format("{}() does not work on matrices", call.name));
}

const Column& require_factor(const Call& call, std::size_t k) {
  require_vector(call, k);
  if (!call[k].is_factor())
    call.where(k).fail(fmt::format("{}() needs a factor; write factor(..) around it", call.name));
  return call[k].column();
}

/// Keeps the levels that occur, in their order.
void drop_unused(Column& factor) {
  std::vector<int> new_code(factor.levels.size(), -1);
  for (const int code : factor.codes) {
    if (code >= 0) new_code[static_cast<std::size_t>(code)] = 0;
  }
  std::vector<std::string> levels;
  for (std::size_t level = 0; level < new_code.size(); ++level) {
    if (new_code[level] < 0) continue;
    new_code[level] = static_cast<int>(levels.size());
    levels.push_back(factor.levels[level]);
  }
  for (int& code : factor.codes) code = code < 0 ? -1 : new_code[static_cast<std::size_t>(code)];
  factor.levels = std::move(levels);
}

/// A factor with levels of its own finding: sorted, but those of a factor stay in their order.
Column found_levels(const Operand& x) {
  Column out = as_factor(x.column());
  if (x.is_text) sort_and_drop_levels(out);
  return out;
}

/// The values of x as codes into `levels`; others are missing, as in R.
Column with_levels(const Column& x, std::vector<std::string> levels, const Place& place) {
  std::unordered_map<std::string, int> codes;
  for (const std::string& level : levels) {
    if (!codes.emplace(level, static_cast<int>(codes.size())).second) {
      place.fail(fmt::format("the level '{}' is listed twice", level));
    }
  }
  Column out;
  out.type = Column::Type::factor;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const auto found = x.missing(i) ? codes.end() : codes.find(text_of(x, i));
    out.codes.push_back(found == codes.end() ? -1 : found->second);
  }
  out.levels = std::move(levels);
  return out;
}

/// New names for the levels; equal names merge their levels.
void relabel(Column& factor, std::vector<std::string> labels, const Place& place) {
  const std::size_t count = factor.levels.size();
  if (labels.size() == 1 && count > 1) {
    const std::string stem = labels[0];
    labels.clear();
    for (std::size_t level = 1; level <= count; ++level) labels.push_back(fmt::format("{}{}", stem, level));
  }
  if (labels.size() != count) {
    place.fail(
        fmt::format("{} labels for {} levels: {}", labels.size(), count, fmt::join(factor.levels, ", ")));
  }
  std::vector<int> new_code;
  factor.levels.clear();
  for (const std::string& label : labels) {
    const auto found = std::find(factor.levels.begin(), factor.levels.end(), label);
    new_code.push_back(static_cast<int>(found - factor.levels.begin()));
    if (found == factor.levels.end()) factor.levels.push_back(label);
  }
  for (int& code : factor.codes) code = code < 0 ? -1 : new_code[static_cast<std::size_t>(code)];
}

/// factor(x, levels =, labels =, ordered =).
Column make_factor(const Call& call) {
  require_vector(call, 0);
  Column out;
  if (call.has(1)) {
    out = with_levels(call[0].column(), call.strings(1), call.where(1));
    if (call[0].column().type == Column::Type::ordered) out.type = Column::Type::ordered;
  } else {
    out = found_levels(call[0]);
    drop_unused(out);
  }
  if (call.has(2)) relabel(out, call.strings(2), call.where(2));
  return out;
}

Operand factor(const Call& call) {
  Column out = make_factor(call);
  if (call.has(3)) out.type = call.flag(3, false) ? Column::Type::ordered : Column::Type::factor;
  return make_operand(std::move(out));
}

Operand ordered(const Call& call) {
  Column out = make_factor(call);
  out.type = Column::Type::ordered;
  return make_operand(std::move(out));
}

Operand as_factor_function(const Call& call) {
  require_vector(call, 0);
  return make_operand(found_levels(call[0]));
}

Operand droplevels(const Call& call) {
  Column out = require_factor(call, 0);
  drop_unused(out);
  return make_operand(std::move(out));
}

/// The level named comes first: it is the reference of treatment contrasts.
Operand relevel(const Call& call) {
  const Column& x = require_factor(call, 0);
  if (x.type == Column::Type::ordered) call.where(0).fail("relevel() does not work on an ordered factor");
  const std::vector<std::string> names = call.strings(1);
  if (names.size() != 1) call.where(1).fail("the reference is a single level");
  const auto found = std::find(x.levels.begin(), x.levels.end(), names[0]);
  if (found == x.levels.end()) {
    const std::string near = nearest(names[0], x.levels);
    call.where(1).fail(fmt::format("no level '{}'; {}", names[0],
                                   near.empty() ? fmt::format("the levels are {}", fmt::join(x.levels, ", "))
                                                : fmt::format("did you mean '{}'?", near)));
  }
  Column out = x;
  const int reference = static_cast<int>(found - x.levels.begin());
  std::rotate(out.levels.begin(), out.levels.begin() + reference, out.levels.begin() + reference + 1);
  for (int& code : out.codes) {
    if (code == reference)
      code = 0;
    else if (code >= 0 && code < reference)
      ++code;
  }
  return make_operand(std::move(out));
}

/// A factor gives its codes (from 1), text the numbers it spells.
std::vector<double> as_numbers(const Call& call) {
  require_vector(call, 0);
  const Operand& x = call[0];
  if (x.is_numeric()) return x.column().numbers;
  std::vector<double> out;
  for (std::size_t i = 0; i < x.size(); ++i) {
    if (x.column().missing(i))
      out.push_back(na);
    else if (x.is_text)
      out.push_back(parse_number(text_of(x.column(), i)).value_or(na));
    else
      out.push_back(x.column().codes[i] + 1);
  }
  return out;
}

Operand as_numeric(const Call& call) { return make_numbers(as_numbers(call)); }

Operand as_integer(const Call& call) {
  std::vector<double> out = as_numbers(call);
  for (double& x : out) x = std::trunc(x);
  return make_numbers(std::move(out));
}

Operand as_character(const Call& call) {
  require_vector(call, 0);
  return make_operand(as_factor(call[0].column()), true);
}

Operand as_logical(const Call& call) {
  require_vector(call, 0);
  const Operand& x = call[0];
  std::vector<double> out;
  for (std::size_t i = 0; i < x.size(); ++i) {
    if (x.column().missing(i)) {
      out.push_back(na);
    } else if (x.is_numeric()) {
      out.push_back(x.column().numbers[i] != 0);
    } else {
      const std::string text = text_of(x.column(), i);
      const bool yes = text == "TRUE" || text == "T" || text == "true" || text == "True";
      const bool no = text == "FALSE" || text == "F" || text == "false" || text == "False";
      out.push_back(yes ? 1 : no ? 0 : na);
    }
  }
  return make_numbers(std::move(out), Column::Type::logical);
}

}  // namespace

void add_factor_functions(FunctionTable& table) {
  table["as.character"] = {"x", as_character};
  table["as.factor"] = {"x", as_factor_function};
  table["as.integer"] = {"x", as_integer};
  table["as.logical"] = {"x", as_logical};
  table["as.numeric"] = {"x", as_numeric};
  table["droplevels"] = {"x", droplevels};
  table["factor"] = {"x, levels =, labels =, ordered =", factor};
  table["ordered"] = {"x, levels =, labels =", ordered};
  table["relevel"] = {"x, ref", relevel};
}

}  // namespace cuglmm
