// The Python face of the kernels: checks shapes, collects pointers, releases the GIL.
#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <stdexcept>
#include <string>
#include <tuple>
#include <vector>

#include "kernels.hpp"
#include "steps.hpp"

namespace nb = nanobind;
using namespace nb::literals;

namespace augury {

#define DECLARE(isa)              \
    namespace isa {               \
    extern const Kernels kernels; \
    extern const float* normal_table; \
    }
#ifdef AUGURY_HAS_baseline
DECLARE(baseline)
#else
DECLARE(sse2)
DECLARE(avx2)
DECLARE(avx512)
#endif

// Instruction sets that were built and that this CPU runs, the best one last.
static std::vector<const Kernels*> available() {
#ifdef AUGURY_HAS_baseline
    return {&baseline::kernels};
#else
    std::vector<const Kernels*> found{&sse2::kernels};
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi2")) {
        found.push_back(&avx2::kernels);
        if (__builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl"))
            found.push_back(&avx512::kernels);
    }
    return found;
#endif
}

extern const Kernels* active;
const Kernels* active = available().back();
void bind_copies(nb::module_& m);  // copies/module.cpp

static std::vector<std::string> isa_names() {
    std::vector<std::string> names;
    for (const Kernels* k : available()) names.push_back(k->name);
    return names;
}

static void use_isa(const std::string& name) {
    for (const Kernels* k : available())
        if (name == k->name) {
            active = k;
            return;
        }
    throw std::invalid_argument("instruction set not available: " + name);
}

using Floats64 = nb::ndarray<const double, nb::c_contig, nb::device::cpu>;

static DType dtype_of(const nb::dlpack::dtype& d) {
    if (d == nb::dtype<uint8_t>()) return DType::u8;
    if (d == nb::dtype<uint16_t>()) return DType::u16;
    if (d == nb::dtype<float>()) return DType::f32;
    throw std::invalid_argument("images must be uint8, uint16 or float32");
}

static int64_t item_size(DType d) { return d == DType::u8 ? 1 : d == DType::u16 ? 2 : 4; }

// An (h, w, c) array whose pixels lie side by side; rows may be apart.
static Image image_of(const nb::ndarray<nb::ro, nb::ndim<3>, nb::device::cpu>& a, DType dtype, int64_t channels) {
    require(dtype_of(a.dtype()) == dtype, "all images of a batch must have one dtype");
    require(int64_t(a.shape(2)) == channels, "all images of a batch must have the same number of channels");
    require(a.shape(0) > 0 && a.shape(1) > 0, "an image has no pixels");
    require((a.stride(2) == 1 || channels == 1) && (a.stride(1) == channels || a.shape(1) == 1),
            "the pixels of an image row must lie side by side");
    require(a.shape(0) == 1 || a.stride(0) > 0, "image rows must follow each other downwards");
    require(a.shape(0) < 32768 && a.shape(1) < 32768, "image sides must be below 32,768 pixels");
    return {static_cast<const uint8_t*>(a.data()), int64_t(a.shape(0)), int64_t(a.shape(1)),
            a.shape(0) == 1 ? 0 : a.stride(0) * item_size(dtype)};
}

static Bend bend_of(nb::handle d, int64_t n) {
    const auto before = nb::cast<Floats64>(d["before"]), shift = nb::cast<Floats64>(d["shift"]);
    const auto on = nb::cast<nb::ndarray<const bool, nb::c_contig, nb::device::cpu>>(d["on"]);
    require(before.size() == size_t(9 * n) && on.size() == size_t(n), "a bend has too few rows");
    require(shift.ndim() == 4 && int64_t(shift.shape(0)) == n && shift.shape(3) == 2, "a bend must be (n, rows, columns, 2)");
    Bend bend{before.data(), shift.data(), reinterpret_cast<const uint8_t*>(on.data()), int64_t(shift.shape(1)),
              int64_t(shift.shape(2)), nb::cast<int64_t>(d["height"]), nb::cast<int64_t>(d["width"]), nb::cast<bool>(d["stepped"])};
    const int64_t least = bend.stepped ? 1 : 2;
    require(bend.rows >= least && bend.columns >= least && bend.height > 0 && bend.width > 0, "the lattice of a bend is empty");
    return bend;
}

static void segment(nb::list sources, nb::dict places, std::pair<int64_t, int64_t> canvas, int border, float fill,
                    bool nearest, nb::list steps, nb::ndarray<nb::c_contig, nb::ndim<4>, nb::device::cpu> out,
                    bool channels_first) {
    Segment s{};
    const auto extents = nb::cast<Floats64>(places["extents"]), matrices = nb::cast<Floats64>(places["matrices"]);
    const auto reads = nb::cast<std::pair<int64_t, int64_t>>(places["reads"]);
    s.n = int64_t(nb::len(sources));
    s.reads_height = reads.first;
    s.reads_width = reads.second;
    require(s.reads_height > 0 && s.reads_width > 0, "what is read has no pixels");
    s.height = canvas.first;
    s.width = canvas.second;
    s.channels = out.shape(channels_first ? 1 : 3);
    require(int64_t(out.shape(0)) == s.n && int64_t(out.shape(channels_first ? 2 : 1)) == s.height &&
                int64_t(out.shape(channels_first ? 3 : 2)) == s.width, "out has the wrong shape");
    require(s.height < 32768 && s.width < 32768, "canvas sides must be below 32,768 pixels");
    require(extents.size() == size_t(2 * s.n) && matrices.size() == size_t(9 * s.n), "extents or matrices have too few rows");
    require(border >= 0 && border <= 5, "unknown border");
    std::vector<Image> images;
    for (nb::handle source : sources) {
        auto a = nb::cast<nb::ndarray<nb::ro, nb::ndim<3>, nb::device::cpu>>(source);
        if (images.empty()) s.dtype = dtype_of(a.dtype());
        images.push_back(image_of(a, s.dtype, s.channels));
    }
    if (images.empty()) return;
    s.sources = images.data();
    std::vector<Bend> bends;
    for (nb::handle bend : nb::cast<nb::list>(places["bends"])) bends.push_back(bend_of(bend, s.n));
    s.bends = bends.data();
    s.bend_count = int64_t(bends.size());
    s.extents = extents.data();
    s.matrices = matrices.data();
    s.border = Border(border);
    s.fill = fill;
    s.nearest = nearest;
    const DType out_dtype = dtype_of(out.dtype());
    s.float_out = out_dtype == DType::f32;
    std::vector<Step> parsed;
    const int64_t count = int64_t(nb::len(steps));
    for (int64_t k = 0; k < count; ++k) parsed.push_back(StepReader(steps[k], s.n, s).read(k + 1 == count));
    const bool converts = !parsed.empty() && parsed.back().to_float;
    require(out_dtype == s.dtype || converts, "out has another dtype than the images, and no step converts");
    require(!converts || s.float_out, "the last step gives float32");
    s.steps = parsed.data();
    s.step_count = count;
    s.out = out.data();
    s.channels_first = channels_first;
    nb::gil_scoped_release release;
    active->segment(s);
}

static void reduce_box(nb::ndarray<nb::ro, nb::ndim<3>, nb::device::cpu> image, int ky, int kx,
                       nb::ndarray<nb::c_contig, nb::ndim<3>, nb::device::cpu> out) {
    const DType dtype = dtype_of(image.dtype());
    const int64_t channels = image.shape(2);
    require(ky >= 0 && kx >= 0 && ky < 16 && kx < 16, "halvings must be 0 to 15");
    const Image source = image_of(image, dtype, channels);
    require(dtype_of(out.dtype()) == dtype && int64_t(out.shape(0)) == ((source.height + (1 << ky) - 1) >> ky) &&
                int64_t(out.shape(1)) == ((source.width + (1 << kx) - 1) >> kx) && int64_t(out.shape(2)) == channels,
            "out has the wrong shape or dtype");
    nb::gil_scoped_release release;
    active->reduce(dtype, source, channels, ky, kx, out.data());
}

static void filtered(nb::ndarray<nb::ro, nb::ndim<3>, nb::device::cpu> image,
                     nb::ndarray<const float, nb::c_contig, nb::ndim<2>, nb::device::cpu> taps, nb::object across,
                     nb::object unsharp, float low, float high,
                     nb::ndarray<nb::c_contig, nb::ndim<3>, nb::device::cpu> out) {
    const DType dtype = dtype_of(image.dtype());
    const int64_t channels = image.shape(2);
    const Image source = image_of(image, dtype, channels);
    Filter f{taps.data(), int64_t(taps.shape(0)), int64_t(taps.shape(1)), nullptr, 0, false, 0, 0, low, high};
    require(f.rows % 2 == 1 && f.columns % 2 == 1, "taps must have odd sides");
    if (!across.is_none()) {
        const auto second = nb::cast<nb::ndarray<const float, nb::c_contig, nb::ndim<1>, nb::device::cpu>>(across);
        require(second.size() % 2 == 1, "taps must have odd sides");
        f.across = second.data();
        f.across_count = int64_t(second.size());
    }
    if (!unsharp.is_none()) {
        f.unsharp = true;
        std::tie(f.amount, f.threshold) = nb::cast<std::pair<float, float>>(unsharp);
    }
    require(dtype_of(out.dtype()) == dtype && out.shape(0) == image.shape(0) && out.shape(1) == image.shape(1) &&
                out.shape(2) == image.shape(2), "out has the wrong shape or dtype");
    nb::gil_scoped_release release;
    active->filter(dtype, f, source, channels, out.data());
}

static void philox(nb::ndarray<const uint32_t, nb::c_contig, nb::device::cpu> counter, uint32_t k0, uint32_t k1,
                   nb::ndarray<uint32_t, nb::c_contig, nb::device::cpu> out) {
    require(counter.size() == out.size() && counter.size() % 4 == 0, "counter and out must be (..., 4) and alike");
    nb::gil_scoped_release release;
    active->philox(counter.data(), int64_t(counter.size() / 4), k0, k1, out.data());
}

static std::vector<float> table;

static void set_normal_table(nb::ndarray<const float, nb::c_contig, nb::shape<4096>, nb::device::cpu> values) {
    // signed index -2048..2047 -> entry 2048 + index
    table.assign(values.data() + 2048, values.data() + 4096);
    table.insert(table.end(), values.data(), values.data() + 2048);
#ifdef AUGURY_HAS_baseline
    baseline::normal_table = table.data();
#else
    sse2::normal_table = avx2::normal_table = avx512::normal_table = table.data();
#endif
}

}  // namespace augury

NB_MODULE(_native, m) {
    m.doc() = "Native kernels; augury.execute.reference defines what they do.";
    m.def("segment", &augury::segment, "sources"_a, "places"_a, "canvas"_a, "border"_a, "fill"_a, "nearest"_a,
          "steps"_a, "out"_a, "channels_first"_a, "Run one segment of a program on a batch.");
    m.def("reduce_box", &augury::reduce_box, "image"_a, "ky"_a, "kx"_a, "out"_a, "Mean over exact 2^k boxes.");
    m.def("filtered", &augury::filtered, "image"_a, "taps"_a, "across"_a.none(), "unsharp"_a.none(), "low"_a, "high"_a,
          "out"_a, "Weighted sums of neighbours of one image.");
    m.def("philox", &augury::philox, "counter"_a, "k0"_a, "k1"_a, "out"_a, "Philox4x32-10 over many counters.");
    m.def("set_normal_table", &augury::set_normal_table, "values"_a, "Hand over draws.normal_table.");
    m.def("isa_names", &augury::isa_names, "Instruction sets that can be used here, the best one last.");
    m.def("isa", [] { return std::string(augury::active->name); }, "The instruction set in use.");
    m.def("use_isa", &augury::use_isa, "name"_a, "Choose the instruction set; for tests.");
    augury::bind_copies(m);
}
