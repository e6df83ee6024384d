#include <host/plan/fronts.hpp>

#include <Eigen/OrderingMethods>
#include <Eigen/SparseCore>
#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <optional>

#include <host/engine/fronts.hpp>
#include <host/plan/order.hpp>

namespace cuglmm {
namespace {

/// A dense border of this size takes less than the analysis.
constexpr int kSmallestSparse = 2000;
/// Times as much arithmetic, at which a dense border takes as long.
constexpr double kDenseAdvantage = 10;

/// Lists of numbers, one after another.
struct Lists {
  std::vector<int> first{0}, entries;
  int size() const { return static_cast<int>(first.size()) - 1; }
  const int* begin(int i) const { return entries.data() + first[i]; }
  const int* end(int i) const { return entries.data() + first[i + 1]; }
};

/// Levels of the border's factors, numbered as their effects are.
struct Levels {
  std::vector<int> effect;  ///< first of each, and behind the last
  std::vector<int> of;      ///< of each effect

  Levels(const ArrowView& arrow, const Paths& paths) {
    for (int factor = arrow.chain; factor < arrow.factors; ++factor)
      for (int at = arrow.factor_first[factor - arrow.chain];
           at < arrow.factor_first[factor - arrow.chain + 1]; at += paths.own(factor)) {
        of.insert(of.end(), paths.own(factor), static_cast<int>(effect.size()));
        effect.push_back(at - arrow.border_first);
      }
    effect.push_back(arrow.border);
  }
  int size() const { return static_cast<int>(effect.size()) - 1; }
  int effects(int level) const { return effect[level + 1] - effect[level]; }
};

/// Where the border begins in a node's list.
int border_begin(const ArrowData& arrow, const ArrowNode& node) {
  const auto begin = arrow.list.begin() + node.list;
  return static_cast<int>(std::lower_bound(begin, begin + node.list_size, arrow.view.border_first) - begin);
}

void find_uses(const ArrowData& arrow, FrontsData& out) {
  const auto each_entry = [&](const auto& f) {
    for (int n = 0; n < arrow.view.node_count; ++n)
      for (int r = border_begin(arrow, arrow.nodes[n]); r < arrow.nodes[n].list_size; ++r)
        f(NodeEntry{n, r}, arrow.list[arrow.nodes[n].list + r] - arrow.view.border_first);
  };
  out.use_first.assign(arrow.view.border + 1, 0);
  each_entry([&](NodeEntry, int effect) { ++out.use_first[effect + 1]; });
  std::partial_sum(out.use_first.begin(), out.use_first.end(), out.use_first.begin());
  out.uses.resize(out.use_first.back());
  std::vector<int> next = out.use_first;
  each_entry([&](NodeEntry entry, int effect) { out.uses[next[effect]++] = entry; });
}

/// Of each level those it shares a node or a row with, itself among them; nothing where they are more than
/// `most`.
std::optional<Lists> neighbours(const ArrowData& arrow, const FrontsData& fronts, const Levels& levels,
                                double most) {
  std::vector<int> column_level, row_level;
  for (const BorderBlock& block : arrow.blocks) {
    if (block.row == block.column) continue;
    column_level.push_back(levels.of[block.column]);
    row_level.push_back(levels.of[block.row]);
  }
  const auto grouped = [&](const std::vector<int>& by) { return ascending(by, levels.size()); };
  const std::vector<int> by_column = grouped(column_level), by_row = grouped(row_level);
  std::size_t in_column = 0, in_row = 0;
  Lists out;
  std::vector<int> seen_by(levels.size(), -1);
  for (int level = 0; level < levels.size(); ++level) {
    const auto see = [&](int other) {
      if (seen_by[other] != level) out.entries.push_back(other);
      seen_by[other] = level;
    };
    see(level);
    for (int u = fronts.use_first[levels.effect[level]]; u < fronts.use_first[levels.effect[level] + 1];
         ++u) {
      const ArrowNode& node = arrow.nodes[fronts.uses[u].node];
      for (int r = border_begin(arrow, node); r < node.list_size; ++r)
        see(levels.of[arrow.list[node.list + r] - arrow.view.border_first]);
    }
    for (; in_column < by_column.size() && column_level[by_column[in_column]] == level; ++in_column)
      see(row_level[by_column[in_column]]);
    for (; in_row < by_row.size() && row_level[by_row[in_row]] == level; ++in_row)
      see(column_level[by_row[in_row]]);
    if (static_cast<double>(out.entries.size()) > most) return std::nullopt;
    std::sort(out.entries.begin() + out.first.back(), out.entries.end());
    out.first.push_back(static_cast<int>(out.entries.size()));
  }
  return out;
}

/// An order that leaves little to fill in: approximate minimum degree.
std::vector<int> minimum_degree(const Lists& graph) {
  const int n = graph.size();
  using Pattern = Eigen::SparseMatrix<signed char>;
  const std::vector<signed char> ones(graph.entries.size(), 1);
  const Eigen::Map<const Pattern> pattern(n, n, static_cast<int>(graph.entries.size()), graph.first.data(),
                                          graph.entries.data(), ones.data());
  Pattern symmetric = pattern;
  Eigen::PermutationMatrix<Eigen::Dynamic, Eigen::Dynamic, int> order;
  Eigen::AMDOrdering<int>()(symmetric, order);
  return {order.indices().data(), order.indices().data() + n};
}

std::vector<int> inverse_of(const std::vector<int>& order) {
  std::vector<int> position(order.size());
  for (std::size_t k = 0; k < order.size(); ++k) position[order[k]] = static_cast<int>(k);
  return position;
}

/// Of each level in order the first later one that its elimination ties it to; -1: none. (Liu 1990)
std::vector<int> elimination_tree(const Lists& graph, const std::vector<int>& order) {
  const std::vector<int> position = inverse_of(order);
  std::vector<int> parent(order.size(), -1), shortcut(order.size(), -1);
  for (int k = 0; k < static_cast<int>(order.size()); ++k)
    for (const int* other = graph.begin(order[k]); other != graph.end(order[k]); ++other) {
      int at = position[*other];
      while (at < k && shortcut[at] != k) {
        const int next = shortcut[at];
        shortcut[at] = k;
        if (next < 0) {
          parent[at] = k;
          break;
        }
        at = next;
      }
    }
  return parent;
}

/// The same elimination with every subtree in one piece.
std::vector<int> post_order(const std::vector<int>& order, const std::vector<int>& parent) {
  const int n = static_cast<int>(order.size());
  std::vector<int> last_child(n + 1, -1), before(n, -1);  // of each its siblings, from the last on
  for (int k = 0; k < n; ++k) {
    int& child = last_child[parent[k] < 0 ? n : parent[k]];
    before[k] = child;
    child = k;
  }
  std::vector<int> out, open;  // parents first, then turned round
  for (int root = last_child[n]; root >= 0; root = before[root]) open.push_back(root);
  std::reverse(open.begin(), open.end());
  while (!open.empty()) {
    const int k = open.back();
    open.pop_back();
    out.push_back(order[k]);
    std::vector<int> children;
    for (int child = last_child[k]; child >= 0; child = before[child]) children.push_back(child);
    open.insert(open.end(), children.rbegin(), children.rend());
  }
  std::reverse(out.begin(), out.end());
  return out;
}

/// Levels that are eliminated together, by their places in the order.
struct Group {
  int begin, end;
  std::vector<int> later;  ///< those that they are tied to, ascending
  double zeros;            ///< pairs in the front that are not tied
};

/// Of levels in post-order. A level joins the group before it where few zeros come of that. Nothing where
/// the arithmetic is more than `most`.
class Grouping {
 public:
  Grouping(const Lists& graph, const std::vector<int>& order, const Levels& levels, double most)
      : graph_(graph),
        order_(order),
        position_(inverse_of(order)),
        levels_(levels),
        most_(most),
        seen_by_(order.size(), -1),
        children_(order.size()) {}

  std::optional<std::vector<Group>> groups() {
    for (int k = 0; k < static_cast<int>(order_.size()); ++k) {
      std::vector<int> later = later_of(k);
      if (joins_last(k, later)) {
        Group& last = groups_.back();
        last.zeros = zeros_with(later);
        last.end = k + 1;
        last.later = std::move(later);
        continue;
      }
      if (!close_last()) return std::nullopt;
      groups_.push_back({k, k + 1, std::move(later), 0});
    }
    if (!close_last()) return std::nullopt;
    return std::move(groups_);
  }

 private:
  bool follows_last(int k) const {
    return !groups_.empty() && !groups_.back().later.empty() && groups_.back().later.front() == k;
  }

  std::vector<int> later_of(int k) {
    std::vector<int> later;
    const auto see = [&](int other) {
      if (other > k && seen_by_[other] != k) later.push_back(other);
      if (other > k) seen_by_[other] = k;
    };
    std::vector<int> children = children_[k];
    if (follows_last(k)) children.push_back(static_cast<int>(groups_.size()) - 1);
    const auto largest = std::max_element(children.begin(), children.end(), [&](int a, int b) {
      return groups_[a].later.size() < groups_[b].later.size();
    });
    if (largest != children.end()) std::swap(*largest, children.front());
    std::ptrdiff_t known = 0;  // ascending
    for (const int child : children) {
      for (const int other : groups_[child].later) see(other);
      if (known == 0) known = static_cast<std::ptrdiff_t>(later.size());
    }
    for (const int* other = graph_.begin(order_[k]); other != graph_.end(order_[k]); ++other)
      see(position_[*other]);
    std::sort(later.begin() + known, later.end());
    std::inplace_merge(later.begin(), later.begin() + known, later.end());
    return later;
  }

  double zeros_with(const std::vector<int>& later) const {
    const Group& last = groups_.back();
    return last.zeros + (last.end - last.begin) * static_cast<double>(later.size() + 1 - last.later.size());
  }
  bool joins_last(int k, const std::vector<int>& later) const {
    if (!follows_last(k)) return false;
    const double own = k + 1 - groups_.back().begin;
    const double share = own <= 8 ? 0.5 : own <= 32 ? 0.2 : 0.05;
    return zeros_with(later) <= share * own * (own / 2 + static_cast<double>(later.size()));
  }

  /// The last group is complete.
  bool close_last() {
    if (groups_.empty()) return true;
    const Group& last = groups_.back();
    double own = 0, size = 0;
    for (int k = last.begin; k < last.end; ++k) own += levels_.effects(order_[k]);
    for (const int k : last.later) size += levels_.effects(order_[k]);
    size += own;
    arithmetic_ += own * size * size;
    if (!last.later.empty()) children_[last.later.front()].push_back(static_cast<int>(groups_.size()) - 1);
    return arithmetic_ <= most_;
  }

  const Lists& graph_;
  const std::vector<int>&order_, position_;
  const Levels& levels_;
  const double most_;
  double arithmetic_ = 0;
  std::vector<int> seen_by_;
  std::vector<std::vector<int>> children_;
  std::vector<Group> groups_;
};

/// The fronts of the groups.
void lay_out(const std::vector<Group>& groups, const std::vector<int>& order, const Levels& levels,
             FrontsData& out) {
  FrontsView& view = out.view;
  out.diagonal.resize(levels.of.size());
  const auto add_rows = [&](int k) {
    for (int effect = levels.effect[order[k]]; effect < levels.effect[order[k] + 1]; ++effect)
      out.rows.push_back(effect);
  };
  for (const Group& group : groups) {
    const Index begin = static_cast<Index>(out.rows.size());
    Front front{0, 0, begin, view.values, view.factored};
    for (int k = group.begin; k < group.end; ++k) add_rows(k);
    front.own = static_cast<int>(static_cast<Index>(out.rows.size()) - begin);
    for (const int k : group.later) add_rows(k);
    front.size = static_cast<int>(static_cast<Index>(out.rows.size()) - begin);
    for (int c = 0; c < front.own; ++c)
      out.diagonal[out.rows[front.row + c]] = front.values + Index{c} * (front.size + 1);
    view.values += Index{front.own} * front.size;
    view.factored += Index{front.own} * front.own;
    view.largest = std::max(view.largest, front.size);
    out.fronts.push_back(front);
  }
  view.count = static_cast<int>(out.fronts.size());
}

/// Of each effect its front; of the border's blocks a place: in the front of the level that is eliminated
/// first.
void place_blocks(const ArrowData& arrow, FrontsData& out) {
  std::vector<int> position(out.diagonal.size());
  out.front_of.resize(out.diagonal.size());
  for (int f = 0, next = 0; f < out.view.count; ++f)
    for (int c = 0; c < out.fronts[f].own; ++c) {
      const int effect = out.rows[out.fronts[f].row + c];
      position[effect] = next++;
      out.front_of[effect] = f;
    }
  std::vector<int> front;
  for (const BorderBlock& block : arrow.blocks)
    front.push_back(std::min(out.front_of[block.row], out.front_of[block.column]));
  out.places.resize(arrow.blocks.size());
  std::vector<int> row(out.diagonal.size());
  int filled = -1;
  for (const int k : ascending(front, out.fronts.size())) {
    const BorderBlock& block = arrow.blocks[k];
    const Front& in = out.fronts[front[k]];
    if (filled != front[k])
      for (int r = 0; r < in.size; ++r) row[out.rows[in.row + r]] = r;
    filled = front[k];
    const bool column_first = position[block.column] <= position[block.row];
    const int c = row[column_first ? block.column : block.row],
              r = row[column_first ? block.row : block.column];
    out.places[k] = {in.values + Index{c} * in.size + r, column_first ? 1 : in.size,
                     column_first ? in.size : 1};
  }
}

/// Of about equal numbers of pairs that nodes add.
void cut_stretches(const ArrowData& arrow, FrontsData& out) {
  std::vector<double> pairs{0};
  for (const Front& front : out.fronts) {
    double sum = pairs.back() + Index{front.own} * front.size;
    for (int c = 0; c < front.own; ++c) {
      const int effect = out.rows[front.row + c];
      for (int u = out.use_first[effect]; u < out.use_first[effect + 1]; ++u)
        sum += arrow.nodes[out.uses[u].node].list_size;
    }
    pairs.push_back(sum);
  }
  for (int k = 0; k <= kMostStretches; ++k)
    out.stretch_first.push_back(static_cast<int>(
        std::lower_bound(pairs.begin(), pairs.end(), pairs.back() * k / kMostStretches) - pairs.begin()));
}

void point(FrontsData& data) {
  FrontsView& view = data.view;
  view.fronts = data.fronts.data();
  view.rows = data.rows.data();
  view.factor = data.factor.data();
  view.front_of = data.front_of.data();
  view.diagonal = data.diagonal.data();
  view.places = data.places.data();
  view.use_first = data.use_first.data();
  view.uses = data.uses.data();
  view.stretch_first = data.stretch_first.data();
  view.stretches = static_cast<int>(data.stretch_first.size()) - 1;
  view.functions = &front_functions();
}

}  // namespace

std::unique_ptr<const FrontsData> make_fronts(const ArrowData& arrow, const Paths& paths,
                                              PlanOptions::Border border) {
  const double n = arrow.view.border;
  const bool wanted = border == PlanOptions::Border::sparse;
  if (n == 0 || border == PlanOptions::Border::dense || (!wanted && n < kSmallestSparse)) return nullptr;
  const double any = std::numeric_limits<double>::infinity();
  auto out = std::make_unique<FrontsData>();
  find_uses(arrow, *out);
  const Levels levels(arrow.view, paths);
  const double most_neighbours = std::numeric_limits<int>::max();
  const auto graph =
      neighbours(arrow, *out, levels, wanted ? most_neighbours : std::min(n * n / 4, most_neighbours));
  if (!graph) return nullptr;
  std::vector<int> order = minimum_degree(*graph);
  order = post_order(order, elimination_tree(*graph, order));
  const auto groups = Grouping(*graph, order, levels, wanted ? any : n * n * n / kDenseAdvantage).groups();
  if (!groups) return nullptr;
  lay_out(*groups, order, levels, *out);
  for (int factor = arrow.view.chain; factor < arrow.view.factors; ++factor)
    out->factor.insert(out->factor.end(),
                       arrow.view.factor_first[factor - arrow.view.chain + 1] -
                           arrow.view.factor_first[factor - arrow.view.chain],
                       factor);
  place_blocks(arrow, *out);
  cut_stretches(arrow, *out);
  point(*out);
  return out;
}

}  // namespace cuglmm
