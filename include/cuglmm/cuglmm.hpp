/// All of cuglmm's public interface.
#pragma once

#include <cuglmm/data.hpp>
#include <cuglmm/error.hpp>
#include <cuglmm/family.hpp>
#include <cuglmm/fit.hpp>
#include <cuglmm/formula.hpp>
#include <cuglmm/inference.hpp>
#include <cuglmm/model.hpp>
#include <cuglmm/options.hpp>
#include <cuglmm/plan.hpp>
#include <cuglmm/report.hpp>
#include <cuglmm/status.hpp>
