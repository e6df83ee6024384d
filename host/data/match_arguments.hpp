/// R's argument matching: by exact name, then by a name's beginning, then by position.
#pragma once

#include <vector>

#include "host/data/functions.hpp"

namespace cuglmm {

/// `values`: the evaluated arguments of the call at `place`. Throws Error with a caret.
Call match_arguments(const Function& function, const Place& place, std::vector<Operand> values);

}  // namespace cuglmm
