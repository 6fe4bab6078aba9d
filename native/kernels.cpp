// Plain loops over blocks of pixels, which the compiler vectorises; execute/reference.py is the definition.
// Compiled once for each instruction set. Nothing from the standard library may be instantiated here: the
// linker would be free to use one build's copy in all of them.
#include "kernels.hpp"

#include <cstring>

#include "warp.hpp"
#include "pixelwise.hpp"
#include "across.hpp"
#include "tables.hpp"
#include "filter.hpp"

namespace augury::AUGURY_ISA {

static constexpr int64_t BAND = 8192;  // values that are warped before the pixelwise steps run over them

// Ask for a share of an image that is needed next: a rotated walk through it would wait for every line.
static void prefetch(const Image& image, int64_t channels, int64_t item, int64_t part, int64_t parts) {
    const int64_t bytes = (image.height - 1) * image.stride + image.width * channels * item;
    if (bytes > (int64_t(1) << 19)) return;  // it would push itself out of the second cache
    for (int64_t at = bytes * part / parts; at < bytes * (part + 1) / parts; at += 64) __builtin_prefetch(image.data + at);
}

// One image through one segment, a band of rows at a time, so that every step finds its input in cache.
template <typename T, bool BENT>
static void run_image(const Segment& s, const Step* steps, int64_t step_count, int64_t i, T* scratch, double* products) {
    const int64_t row = s.width * s.channels;
    const int64_t lines = row >= BAND ? 1 : BAND / row;
    const int64_t plane = s.height * s.width;
    const bool in_place = !s.float_out || sizeof(T) == 4;
    const int64_t item = s.float_out ? 4 : sizeof(T);
    uint8_t* image_out = static_cast<uint8_t*>(s.out) + i * plane * s.channels * item;
    const Warp<T, BENT> warp(s, i, products);
    for (int64_t top = 0; top < s.height; top += lines) {
        const int64_t bottom = top + lines < s.height ? top + lines : s.height;
        const bool direct = in_place && !s.channels_first;
        T* band = direct ? reinterpret_cast<T*>(image_out) + top * row : scratch;
        for (int64_t y = top; y < bottom; ++y) {
            if (i + 1 < s.n) prefetch(s.sources[i + 1], s.channels, sizeof(T), y, s.height);
            warp.row(y, band + (y - top) * row);
        }
        const Band<T> view{band, top, bottom - top, s.width, s.channels};
        const Step* last = nullptr;
        for (int64_t k = 0; k < step_count; ++k) {
            if (steps[k].to_float) last = &steps[k];
            else apply(steps[k], i, view);
        }
        if (last || !direct) emit(s, last, i, view, image_out);
    }
}

template <typename T>
static void run(const Segment& s) {
    const int64_t row = s.width * s.channels;
    const int64_t lines = row >= BAND ? 1 : BAND / row;
    T* scratch = new T[lines * row];
    double* products = new double[3 * Warp<T, false>::padded_width(s.width)];
    const auto image = [&](const Step* steps, int64_t count, int64_t i) {
        if (is_bent(s, i)) run_image<T, true>(s, steps, count, i, scratch, products);
        else run_image<T, false>(s, steps, count, i, scratch, products);
    };
    if constexpr (sizeof(T) == 1) {
        Step* fused = new Step[s.step_count];
        float* memory = new float[s.step_count * s.channels * 256];
        for (int64_t i = 0; i < s.n; ++i) image(fused, fuse_tables(s, i, fused, memory), i);
        delete[] memory;
        delete[] fused;
    } else {
        for (int64_t i = 0; i < s.n; ++i) image(s.steps, s.step_count, i);
    }
    delete[] products;
    delete[] scratch;
}

static void segment(const Segment& s) {
    switch (s.dtype) {
        case DType::u8: return run<uint8_t>(s);
        case DType::u16: return run<uint16_t>(s);
        case DType::f32: return run<float>(s);
    }
}

// ---- exact 2^k boxes

template <typename T, typename Sum>
static void reduce_rows(const Image& source, int64_t channels, int ky, int kx, T* out) {
    const int64_t by = int64_t(1) << ky, bx = int64_t(1) << kx;
    const int64_t width = (source.width + bx - 1) >> kx;
    Sum* total = new Sum[width * channels];
    for (int64_t top = 0; top < source.height; top += by) {
        const int64_t bottom = top + by < source.height ? top + by : source.height;
        for (int64_t j = 0; j < width * channels; ++j) total[j] = 0;
        for (int64_t y = top; y < bottom; ++y) {
            const T* in = reinterpret_cast<const T*>(source.data + y * source.stride);
            for (int64_t x = 0; x < width; ++x) {
                const int64_t first = x * bx, end = first + bx < source.width ? first + bx : source.width;
                for (int64_t c = 0; c < channels; ++c) {
                    Sum sum = 0;
                    for (int64_t p = first; p < end; ++p) sum += in[p * channels + c];
                    total[x * channels + c] += sum;
                }
            }
        }
        for (int64_t x = 0; x < width; ++x) {
            const int64_t held = x * bx + bx < source.width ? bx : source.width - x * bx;
            const Sum count = Sum(held * (bottom - top));
            for (int64_t c = 0; c < channels; ++c) *out++ = mean<T>(total[x * channels + c], count);
        }
    }
    delete[] total;
}

static void reduce(DType dtype, const Image& source, int64_t channels, int ky, int kx, void* out) {
    switch (dtype) {
        case DType::u8: return reduce_rows<uint8_t, uint64_t>(source, channels, ky, kx, static_cast<uint8_t*>(out));
        case DType::u16: return reduce_rows<uint16_t, uint64_t>(source, channels, ky, kx, static_cast<uint16_t*>(out));
        case DType::f32: return reduce_rows<float, double>(source, channels, ky, kx, static_cast<float*>(out));
    }
}

static void philox_many(const uint32_t* counter, int64_t count, uint32_t k0, uint32_t k1, uint32_t* out) {
    for (int64_t b = 0; b < count; b += LANES) {
        const int64_t left = count - b < LANES ? count - b : LANES;
        uint32_t c[4][LANES] = {};
        for (int64_t i = 0; i < left; ++i)
            for (int w = 0; w < 4; ++w) c[w][i] = counter[(b + i) * 4 + w];
        philox_block(c, k0, k1);
        for (int64_t i = 0; i < left; ++i)
            for (int w = 0; w < 4; ++w) out[(b + i) * 4 + w] = c[w][i];
    }
}

#define AUGURY_STRING(x) #x
#define AUGURY_NAME(x) AUGURY_STRING(x)
const float* normal_table = nullptr;
extern const Copies copies;
extern const Kernels kernels;
const Kernels kernels{AUGURY_NAME(AUGURY_ISA), segment, reduce, filter, philox_many, &copies};

}  // namespace augury::AUGURY_ISA
