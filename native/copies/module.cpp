// The Python face of the search for copies: checks shapes, collects pointers, releases the GIL.
#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>

#include <optional>
#include <stdexcept>
#include <tuple>
#include <vector>

#include "../kernels.hpp"
#include "copies.hpp"

namespace nb = nanobind;
using namespace nb::literals;

namespace augury {

extern const Kernels* active;

template <typename T, typename... Shape>
using In = nb::ndarray<const T, Shape..., nb::c_contig, nb::device::cpu>;
template <typename T, typename... Shape>
using Out = nb::ndarray<T, Shape..., nb::c_contig, nb::device::cpu>;
using Map = In<double, nb::shape<3, 3>>;
template <typename T>
using Flat = In<T, nb::ndim<2>>;

static void require(bool condition, const char* message) {
    if (!condition) throw std::invalid_argument(message);
}

template <typename T>
static Picture<T> picture_of(const Flat<T>& a) {
    require(a.shape(0) > 0 && a.shape(1) > 0, "an image has no pixels");
    require(a.shape(0) < 32768 && a.shape(1) < 32768, "image sides must be below 32,768 pixels");
    return {a.data(), int64_t(a.shape(0)), int64_t(a.shape(1))};
}

static Features features_of(const In<float, nb::shape<-1, 4>>& keypoints, const In<uint8_t, nb::shape<-1, 128>>& codes) {
    require(keypoints.shape(0) == codes.shape(0), "there must be as many codes as keypoints");
    require(codes.shape(0) < 32768, "there must be fewer than 32,768 keypoints");
    return {keypoints.data(), codes.data(), int64_t(codes.shape(0))};
}

static bool matched(const In<float, nb::shape<-1, 4>>& at, const In<uint8_t, nb::shape<-1, 128>>& a,
                    const In<float, nb::shape<-1, 4>>& bt, const In<uint8_t, nb::shape<-1, 128>>& b,
                    Out<double, nb::shape<3, 3>> out) {
    const Features target = features_of(at, a), source = features_of(bt, b);
    nb::gil_scoped_release release;
    return active->copies->matched(target, source, out.data());
}

// (which, y, x) of each.
static std::vector<std::tuple<int64_t, int64_t, int64_t>> phases(const In<float, nb::shape<-1, 2, GRID, GRID>>& spectra,
                                                                 const In<float, nb::shape<GRID, GRID>>& image) {
    require(spectra.shape(0) >= 2, "there must be two spectra or more");
    Shift found[2];
    nb::gil_scoped_release release;
    active->copies->phases(spectra.data(), int64_t(spectra.shape(0)), image.data(), found);
    return {{found[0].which, found[0].y, found[0].x}, {found[1].which, found[1].y, found[1].x}};
}

static std::optional<double> fit(const Flat<float>& target, const Flat<float>& source,
                                 const In<double, nb::shape<-1, 3, 3>>& starts, int64_t steps, double least,
                                 Out<double, nb::shape<3, 3>> out) {
    const Picture<float> to = picture_of<float>(target), of = picture_of<float>(source);
    double correlation = 0;
    nb::gil_scoped_release release;
    if (!active->copies->fit(to, of, starts.data(), int64_t(starts.shape(0)), steps, least, out.data(), &correlation)) return {};
    return correlation;
}

// How many pixels were measured, 0 where too few are seen.
static int64_t residual(const Flat<uint8_t>& target, const Flat<uint8_t>& source, const Map& matrix,
                        const std::optional<Flat<bool>>& left_out, const In<float, nb::shape<7>>& fine,
                        const In<float, nb::shape<11>>& coarse, Out<double, nb::shape<3, 5>> energies,
                        Out<float, nb::ndim<2>> rest) {
    const Picture<uint8_t> to = picture_of<uint8_t>(target), of = picture_of<uint8_t>(source);
    require(!left_out || (int64_t(left_out->shape(0)) == to.height && int64_t(left_out->shape(1)) == to.width),
            "left_out has the wrong shape");
    require(int64_t(rest.shape(0)) == to.height && int64_t(rest.shape(1)) == to.width,
            "rest has the wrong shape");
    Residual found{};
    found.coarse = rest.data();
    nb::gil_scoped_release release;
    if (!active->copies->residual(to, of, matrix.data(), left_out ? left_out->data() : nullptr, fine.data(), coarse.data(), &found))
        return 0;
    for (int i = 0; i < 3; ++i)
        for (int k = 0; k < 5; ++k) energies.data()[5 * i + k] = found.energies[i][k];
    return found.count;
}

void bind_copies(nb::module_& m) {
    m.def("matched", matched, "at"_a, "a"_a, "bt"_a, "b"_a, "out"_a.noconvert(), "The map on which matched features agree.");
    m.def("phases", phases, "spectra"_a, "image"_a, "The two likeliest others and shifts, by phase correlation.");
    m.def("fit", fit, "target"_a, "source"_a, "starts"_a, "steps"_a, "least"_a, "out"_a.noconvert(), "Refine maps.");
    m.def("residual", residual, "target"_a, "source"_a, "matrix"_a, "left_out"_a.none(), "fine"_a, "coarse"_a,
          "energies"_a.noconvert(), "rest"_a.noconvert(), "What is left of a target after its prediction.");
}

}  // namespace augury
