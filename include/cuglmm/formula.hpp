/// A parsed lme4 formula, independent of data.
#pragma once

#include <memory>
#include <string>
#include <vector>

namespace cuglmm {

struct Expression;

/// `response ~ fixed effects + (effects | group) + offset(..)`.
class Formula {
 public:
  /// A random-effects term after expansion: `(e || g)` has become one term per term of e, as lme4 makes them,
  /// `(e | a/b)` has become `(e | b:a)` and `(e | a)`.
  struct RandomEffects {
    std::shared_ptr<const Expression> effects;
    std::vector<std::string>
        group;                 ///< factors of an interaction, in lme4's printing order: {"cask", "batch"}
    std::string label;         ///< lme4's name of the factor: "cask:batch", "c:(b:a)" from a/b/c
    std::size_t position = 0;  ///< in text()
  };

  /// Throws Error that shows the formula with a caret.
  explicit Formula(const std::string& text);

  const std::string& text() const { return text_; }  ///< as written
  std::shared_ptr<const Expression> response() const { return response_; }
  /// The right-hand side without random effects and offsets; never null (an absent one is `1`).
  std::shared_ptr<const Expression> fixed() const { return fixed_; }
  const std::vector<RandomEffects>& random() const { return random_; }
  const std::vector<std::shared_ptr<const Expression>>& offsets() const { return offsets_; }

 private:
  std::string text_;
  std::shared_ptr<const Expression> response_, fixed_;
  std::vector<RandomEffects> random_;
  std::vector<std::shared_ptr<const Expression>> offsets_;
};

}  // namespace cuglmm
