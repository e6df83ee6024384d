#include <host/plan/arrow.hpp>

#include <algorithm>
#include <limits>
#include <unordered_map>

#include <fmt/format.h>
#include <Eigen/Cholesky>

#include <cuglmm/error.hpp>
#include <host/plan/order.hpp>

namespace cuglmm {
namespace {

/// One thread's share of rows; a model with fewer than two of them is one part.
constexpr int kRowsPerPart = 5000, kMostParts = kMostStretches;

class Builder {
 public:
  Builder(const Model& model, const Paths& paths, Cells& cells, ArrowData& out)
      : model_(model), paths_(paths), cells_(cells), out_(out), node_of_(paths.chain) {}

  void build() {
    number_nodes();
    number_border();
    sort_cells();
    find_lists();
    link_ancestors();
    place_pairs();
    find_runs();
    out_.parts = cut_parts(out_, cells_.size(), kRowsPerPart, kMostParts);
  }

 private:
  const std::vector<int>& codes(int level) const { return model_.factors[paths_.factor[level]].codes; }
  int levels_of(int level) const {
    return static_cast<int>(model_.factors[paths_.factor[level]].levels.size());
  }

  /// Nodes of the chain in post-order: children before their parent.
  void number_nodes() {
    std::vector<std::vector<std::vector<int>>> children(paths_.chain);  // per level of a factor
    parent_.resize(paths_.chain);
    for (int level = 0; level + 1 < paths_.chain; ++level) {
      parent_[level].resize(levels_of(level));
      for (std::int64_t i = 0; i < model_.rows(); ++i) parent_[level][codes(level)[i]] = codes(level + 1)[i];
      children[level + 1].resize(levels_of(level + 1));
      for (int l = 0; l < levels_of(level); ++l) children[level + 1][parent_[level][l]].push_back(l);
    }
    for (int level = 0; level < paths_.chain; ++level) node_of_[level].resize(levels_of(level));
    const int top = paths_.chain - 1;
    for (int l = 0; l < levels_of(top); ++l) visit(top, l, children);
  }
  void visit(int level, int l, const std::vector<std::vector<std::vector<int>>>& children) {
    if (level > 0)
      for (const int child : children[level][l]) visit(level - 1, child, children);
    node_of_[level][l] = static_cast<int>(out_.nodes.size());
    const int q = paths_.own(level);
    out_.nodes.push_back({level, q, effects_, 0, 0, 0, 0, 0, out_.view.factored});
    out_.view.factored += 3 * q * q;
    number_effects(level, l);
  }
  void number_effects(int level, int l) {
    out_.u_number.resize(effects_ + paths_.own(level));
    for (std::size_t j = 0; j < paths_.terms.size(); ++j) {
      const TermView& t = paths_.terms[j];
      if (t.level != level) continue;
      for (int c = 0; c < t.size; ++c)
        out_.u_number[effects_ + t.first - paths_.level_first[level] + c] =
            paths_.u_first[j] + std::int64_t{l} * t.size + c;
    }
    effects_ += paths_.own(level);
  }

  void number_border() {
    out_.view.border_first = effects_;
    for (int level = paths_.chain; level < paths_.levels(); ++level) {
      out_.view.border_node = std::max(out_.view.border_node, paths_.own(level));
      out_.factor_first.push_back(effects_);
      for (int l = 0; l < levels_of(level); ++l) number_effects(level, l);
    }
    out_.factor_first.push_back(effects_);
    out_.view.effects = effects_;
    out_.view.border = effects_ - out_.view.border_first;
  }

  /// Cells in the order of their leaves' nodes.
  void sort_cells() {
    std::vector<int> node(cells_.size());
    for (std::int64_t i = 0; i < cells_.size(); ++i) node[i] = node_of_[0][cells_.leaf[i]];
    if (!std::is_sorted(node.begin(), node.end())) reorder_cells(ascending(node, out_.nodes.size()));
    out_.effect.resize(cells_.size() * paths_.levels());
    for (int level = 0; level < paths_.levels(); ++level) {
      const std::vector<int>&code = codes(level), effects = effects_of(level);
      int* effect = out_.effect.data() + level;
      for (const std::int64_t row : cells_.model_row) {
        *effect = effects[code[row]];
        effect += paths_.levels();
      }
    }
  }
  /// The first random effect of each level of a factor.
  std::vector<int> effects_of(int level) const {
    std::vector<int> effects(levels_of(level));
    for (int l = 0; l < levels_of(level); ++l)
      effects[l] = level < paths_.chain ? out_.nodes[node_of_[level][l]].u
                                        : out_.factor_first[level - paths_.chain] + l * paths_.own(level);
    return effects;
  }
  void reorder_cells(const std::vector<int>& order) {
    Cells sorted;
    sorted.row.reserve(cells_.row.size());
    for (auto* of : {&sorted.first, &sorted.leaf}) of->reserve(cells_.size() + 1);
    sorted.model_row.reserve(cells_.size());
    sorted.weight.reserve(cells_.size());
    for (const int cell : order) {
      sorted.first.push_back(static_cast<int>(sorted.row.size()));
      sorted.leaf.push_back(cells_.leaf[cell]);
      sorted.model_row.push_back(cells_.model_row[cell]);
      sorted.weight.push_back(cells_.weight[cell]);
      sorted.row.insert(sorted.row.end(), cells_.row.begin() + cells_.first[cell],
                        cells_.row.begin() + cells_.first[cell + 1]);
    }
    sorted.first.push_back(static_cast<int>(sorted.row.size()));
    cells_ = std::move(sorted);
  }

  /// Of every node: its ancestors' effects, and those of the border that its rows or its children's use.
  void find_lists() {
    std::vector<std::vector<int>> border(out_.nodes.size());  // first effects of border nodes
    const int F = paths_.levels();
    for (std::int64_t i = 0; i < cells_.size(); ++i)
      for (int level = paths_.chain; level < F; ++level)
        border[node_of_[0][cells_.leaf[i]]].push_back(out_.effect[i * F + level]);
    std::vector<int> parent(out_.nodes.size(), -1);
    for (int level = 0; level + 1 < paths_.chain; ++level)
      for (std::size_t l = 0; l < parent_[level].size(); ++l)
        parent[node_of_[level][l]] = node_of_[level + 1][parent_[level][l]];
    for (std::size_t n = 0; n < out_.nodes.size(); ++n) {
      std::vector<int>& own = border[n];
      std::sort(own.begin(), own.end());
      own.erase(std::unique(own.begin(), own.end()), own.end());
      if (parent[n] >= 0) border[parent[n]].insert(border[parent[n]].end(), own.begin(), own.end());
      add_list(out_.nodes[n], static_cast<int>(n), parent, own);
      own = {};
    }
    out_.view.border_values = values_;
  }
  void add_list(ArrowNode& node, int n, const std::vector<int>& parent, const std::vector<int>& border) {
    node.list = static_cast<int>(out_.list.size());
    node.link = static_cast<int>(out_.links.size());
    for (int up = parent[n]; up >= 0; up = parent[up]) {
      out_.links.push_back({up, out_.nodes[up].q, static_cast<int>(out_.list.size()) - node.list, 0});
      for (int c = 0; c < out_.nodes[up].q; ++c) out_.list.push_back(out_.nodes[up].u + c);
    }
    node.link_count = static_cast<int>(out_.links.size()) - node.link;
    for (const int first : border)
      for (int c = 0; c < paths_.own(out_.border_factor(first)); ++c) out_.list.push_back(first + c);
    node.list_size = static_cast<int>(out_.list.size()) - node.list;
    node.block = values_;
    const Index q = node.q;
    values_ += (q + node.list_size) * q;
    check_size();
  }
  void check_size() const {
    if (values_ > std::numeric_limits<int>::max())
      throw Error(fmt::format(
          "this model's random effects share rows in more than {} pairs, too many for this program; "
          "use fewer grouping factors or levels",
          std::numeric_limits<int>::max()));
  }

  /// For each ancestor of a node: where the rest of the node's list stands in the ancestor's block.
  void link_ancestors() {
    for (const ArrowNode& node : out_.nodes)
      for (int k = 0; k < node.link_count; ++k) {
        ArrowLink& link = out_.links[node.link + k];
        const ArrowNode& ancestor = out_.nodes[link.node];
        const int q = link.q;
        link.place = static_cast<int>(out_.place.size());
        for (int c = 0; c < q; ++c) out_.place.push_back(c);
        int at = 0;
        for (int r = link.first + q; r < node.list_size; ++r) {
          while (out_.list[ancestor.list + at] != out_.list[node.list + r]) ++at;
          out_.place.push_back(q + at);
        }
      }
  }

  /// Of every cell: where the values of each pair of its factors stand.
  void place_pairs() {
    const int F = paths_.levels(), pairs = F * (F + 1) / 2;
    std::vector<int> node(out_.view.border_first);  // by its first effect
    for (std::size_t n = 0; n < out_.nodes.size(); ++n) node[out_.nodes[n].u] = static_cast<int>(n);
    BorderPlaces border{std::vector<Index>(out_.view.border, -1), {}};
    out_.pair.reserve(cells_.size() * pairs);
    for (std::int64_t i = 0; i < cells_.size(); ++i) {
      const int* effect = out_.effect.data() + i * F;
      if (i > 0 && std::equal(effect, effect + F, effect - F)) {
        for (int k = 0; k < pairs; ++k) out_.pair.push_back(out_.pair[out_.pair.size() - pairs]);
        continue;
      }
      for (int f = 0; f < F; ++f)
        for (int g = 0; g <= f; ++g)
          out_.pair.push_back(static_cast<int>(
              g < paths_.chain ? node_pair(out_.nodes[node[effect[g]]], effect[f])
                               : border_pair(border, effect[f], paths_.own(f), effect[g], paths_.own(g))));
    }
    out_.view.values = values_;
  }
  Index node_pair(const ArrowNode& node, int later) const {
    const Index q = node.q;
    if (later == node.u) return node.block;
    const auto begin = out_.list.begin() + node.list;
    // Ancestors of a post-order are ascending, as the border is.
    const auto at = std::lower_bound(begin, begin + node.list_size, later);
    return node.block + (q + (at - begin)) * q;
  }
  /// Blocks of the border that have a place; -1: not yet.
  struct BorderPlaces {
    std::vector<Index> diagonal;  ///< by effect
    std::unordered_map<std::uint64_t, Index> others;
  };
  Index border_pair(BorderPlaces& known, int row, int rows, int column, int columns) {
    row -= out_.view.border_first;
    column -= out_.view.border_first;
    Index& place =
        row == column
            ? known.diagonal[row]
            : known.others.try_emplace((std::uint64_t(row) << 32) | std::uint32_t(column), -1).first->second;
    if (place < 0) {
      place = values_;
      out_.blocks.push_back({row, column, rows, columns, values_});
      values_ += Index{rows} * columns;
      check_size();
    }
    return place;
  }

  /// Alike where that holds for kSeveral nodes at least, which the kernels take at once.
  void find_runs() {
    const int count = static_cast<int>(out_.nodes.size());
    const auto end_of_alike = [&](int first) {
      int n = first;
      while (n < count && alike(out_.nodes[first], out_.nodes[n])) ++n;
      return n < first + kSeveral ? first : n;
    };
    for (int n = 0; n < count;) {
      const int begin = n, alike_end = end_of_alike(n);
      if (alike_end > n)
        n = alike_end;
      else
        while (n < count && end_of_alike(n) == n) ++n;
      out_.runs.push_back({begin, n, alike_end > begin});
    }
  }
  /// See ArrowRun.
  bool alike(const ArrowNode& a, const ArrowNode& b) const {
    const auto list_of_border = [&](const ArrowNode& node) {
      return node.link_count == 0 && node.q == 1 && consecutive(out_.list.data() + node.list, node.list_size);
    };
    return list_of_border(a) && list_of_border(b) && a.list_size == b.list_size &&
           out_.list[a.list] == out_.list[b.list];
  }

  const Model& model_;
  const Paths& paths_;
  Cells& cells_;
  ArrowData& out_;
  std::vector<std::vector<int>> node_of_;  ///< per level of the chain, per level of its factor
  std::vector<std::vector<int>> parent_;
  int effects_ = 0;
  Index values_ = 0;
};

}  // namespace

std::vector<ArrowPart> cut_parts(const ArrowData& arrow, std::int64_t rows, int rows_per_part, int most) {
  const std::int64_t wanted = std::clamp<std::int64_t>(rows / rows_per_part, 1, most);
  const int factors = arrow.view.factors, nodes = static_cast<int>(arrow.nodes.size());
  std::vector<ArrowPart> parts;
  ArrowPart part{0, 0, 0, 0};
  std::int64_t row = 0;
  for (int n = 0; n < nodes; ++n) {
    if (arrow.nodes[n].factor == 0)
      while (row < rows && arrow.effect[row * factors] == arrow.nodes[n].u) ++row;
    const bool root = arrow.nodes[n].factor == arrow.view.chain - 1, last = n + 1 == nodes;
    if (!last && !(root && row * wanted >= rows * static_cast<std::int64_t>(parts.size() + 1))) continue;
    part.node_end = n + 1;
    part.row_end = static_cast<int>(row);
    parts.push_back(part);
    part.node_begin = part.node_end;
    part.row_begin = part.row_end;
  }
  return parts;
}

ArrowData::ArrowData(const Model& model, const Paths& paths, Cells& cells) {
  view.factors = paths.levels();
  view.chain = paths.chain;
  Builder(model, paths, cells, *this).build();
  view.node_count = static_cast<int>(nodes.size());
  view.block_count = static_cast<int>(blocks.size());
  view.run_count = static_cast<int>(runs.size());
  view.part_count = static_cast<int>(parts.size());
  view.rows = static_cast<int>(cells.size());
  point();
}

int ArrowData::border_factor(int number) const {
  const auto after = std::upper_bound(factor_first.begin(), factor_first.end(), number);
  return view.chain + static_cast<int>(after - factor_first.begin()) - 1;
}

/// The view's pointers at the arrays as they are now.
void ArrowData::point() {
  each_array(view, [](const auto& array, auto& pointer) { pointer = array.data(); });
}

/// The rows' part of Z'WZ and Z'WX. OneEach: of every factor there is one effect, so that the compiler knows
/// the sizes.
template <bool OneEach>
void ArrowData::add_rows(const PlanData& plan) {
  const int F = view.factors, p = plan.p;
  const int* const first_of = plan.paths.level_first.data();
  double *const ZZ_at = ZZ.data(), *const ZX_at = ZX.data();
  const int *at = pair.data(), *row_effect = effect.data();
  const double *x = plan.X.data(), *z = plan.Z.data();
  for (const double w : plan.cells.weight) {
    for (int f = 0; f < F; ++f) {
      const double* z_f = OneEach ? z + f : z + first_of[f];
      const int qf = OneEach ? 1 : first_of[f + 1] - first_of[f];
      for (int r = 0; r < qf; ++r) {
        const double wz = w * z_f[r];
        double* const to = ZX_at + std::size_t(row_effect[f] + r) * p;
        for (int j = 0; j < p; ++j) to[j] += wz * x[j];
      }
      for (int g = 0; g <= f; ++g, ++at) {
        const double* z_g = OneEach ? z + g : z + first_of[g];
        const int qg = OneEach ? 1 : first_of[g + 1] - first_of[g];
        for (int r = 0; r < qf; ++r)
          for (int c = 0; c < (f == g ? r + 1 : qg); ++c) ZZ_at[*at + r * qg + c] += w * z_f[r] * z_g[c];
      }
    }
    x += p;
    z += plan.paths.Q;
    row_effect += F;
  }
}

void ArrowData::add_sums(const Model& model, const PlanData& plan) {
  const int p = plan.p;
  ZZ.assign(view.values, 0);
  ZX.assign(std::size_t(p) * view.effects, 0);
  const auto X = plan.X_rows(0, view.rows);
  const Eigen::Map<const Eigen::VectorXd> weights(plan.cells.weight.data(), view.rows);
  const Eigen::MatrixXd XWX = X.transpose() * weights.asDiagonal() * X;
  XX.assign(XWX.data(), XWX.data() + XWX.size());
  if (plan.paths.Q == view.factors)
    add_rows<true>(plan);
  else
    add_rows<false>(plan);
  const Eigen::VectorXd Xy = model.X.transpose() * model.weights.cwiseProduct(model.y - model.offset);
  const Eigen::VectorXd b = XWX.ldlt().solve(Xy);  // what it subtracts need not be exact
  centre.assign(b.data(), b.data() + p);
  point();
  view.n = static_cast<double>(model.rows());
  view.log_weights = model.weights.array().log().sum();
}

}  // namespace cuglmm
