/// write_json(): nlohmann's dump() prints the shortest number that reads back; interface.md asks for 17
/// digits.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include <host/report/json.hpp>

namespace cuglmm {

namespace {

using Json = nlohmann::ordered_json;

bool is_plain(const Json& value) {
  return std::none_of(value.begin(), value.end(), [](const Json& item) { return item.is_structured(); });
}

void write(const Json& value, std::size_t indent, std::string& out);

void write_items(const Json& value, std::size_t indent, std::string& out) {
  const bool one_line = value.empty() || (value.is_array() && is_plain(value));
  const std::string start = one_line ? "" : "\n" + std::string(indent + 2, ' ');
  const char* separator = "";
  for (auto item = value.begin(); item != value.end(); ++item) {
    out += separator + start;
    if (value.is_object()) out += Json(item.key()).dump() + ": ";
    write(*item, indent + 2, out);
    separator = one_line ? ", " : ",";
  }
  if (!one_line) out += "\n" + std::string(indent, ' ');
}

void write(const Json& value, std::size_t indent, std::string& out) {
  if (value.is_structured()) {
    out += value.is_object() ? '{' : '[';
    write_items(value, indent, out);
    out += value.is_object() ? '}' : ']';
  } else if (value.is_number_float()) {
    const double x = value.get<double>();
    out += std::isfinite(x) ? fmt::format("{:.17g}", x) : "null";
  } else {
    // Bytes of a data file that are not UTF-8 must not end the run.
    out += value.dump(-1, ' ', false, Json::error_handler_t::replace);
  }
}

}  // namespace

std::string write_json(const nlohmann::ordered_json& value) {
  std::string out;
  write(value, 0, out);
  return out + "\n";
}

}  // namespace cuglmm
