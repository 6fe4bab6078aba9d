// The hot parts of the search for copies; plain loops over rows of floats, which the compiler vectorises.
// Compiled once for each instruction set, like kernels.cpp: nothing from the standard library may be instantiated.
#include "copies.hpp"

#include "features.hpp"
#include "phases.hpp"
#include "refine.hpp"
#include "residual.hpp"

namespace augury::AUGURY_ISA {

extern const Copies copies;
const Copies copies{matched, phases, fit, residual};

}  // namespace augury::AUGURY_ISA
