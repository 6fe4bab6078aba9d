// Weighted sums of neighbours; execute/reference.py is the definition.
#pragma once
#include "kernels.hpp"
#include "pixelwise.hpp"
#include "warp.hpp"

namespace augury::AUGURY_ISA {

static constexpr int64_t TOGETHER = 4;  // weights in one loop over a row, so that its sums are read less often

// Not inlined: the compiler would merge two calls in a loop and leave the odd one unvectorised.
[[gnu::noinline]] static void add_rows(const float (&weight)[TOGETHER], const float* const (&row)[TOGETHER], int64_t size,
                                       float* __restrict total) {
    const float a = weight[0], b = weight[1], c = weight[2], d = weight[3];
    const float *p = row[0], *q = row[1], *r = row[2], *s = row[3];
    for (int64_t k = 0; k < size; ++k) total[k] = (((total[k] + a * p[k]) + b * q[k]) + c * r[k]) + d * s[k];
}

// The weights that are not zero, in reading order: adding 0 * x changes no sum. Made up to a multiple of TOGETHER.
class Weights {
public:
    Weights(const float* taps, int64_t rows, int64_t columns)
        : weight(new float[rows * columns + TOGETHER]), line(new int64_t[rows * columns + TOGETHER]),
          column(new int64_t[rows * columns + TOGETHER]) {
        for (int64_t k = 0; k < rows * columns; ++k)
            if (taps[k] != 0.0f) push(taps[k], k / columns, k % columns);
        if (count == 0) push(0.0f, rows / 2, columns / 2);
        first = line[0], last = line[count - 1];
        while (count % TOGETHER) push(0.0f, line[0], column[0]);
    }
    ~Weights() {
        delete[] weight;
        delete[] line;
        delete[] column;
    }
    Weights(const Weights&) = delete;
    Weights& operator=(const Weights&) = delete;

    // total[k] += the weights times lines[line][k + column * channels], each a sum of its own.
    void add(const float* const* lines, int64_t channels, int64_t size, float* total) const {
        for (int64_t k = 0; k < size; ++k) total[k] = 0.0f;
        for (int64_t w = 0; w < count; w += TOGETHER) {
            float some[TOGETHER];
            const float* rows[TOGETHER];
            for (int64_t j = 0; j < TOGETHER; ++j) {
                some[j] = weight[w + j];
                rows[j] = lines[line[w + j]] + column[w + j] * channels;
            }
            add_rows(some, rows, size, total);
        }
    }

    int64_t first, last;  // lines that are read

private:
    void push(float value, int64_t row, int64_t at) {
        weight[count] = value;
        line[count] = row;
        column[count++] = at;
    }
    float* weight;
    int64_t *line, *column;
    int64_t count = 0;
};

// Repeat the first and the last of `width` pixels that begin at `row` over `side` places before and after them.
static void extend(float* row, int64_t width, int64_t channels, int64_t side) {
    const float* end = row + (width - 1) * channels;
    for (int64_t k = 1; k <= side; ++k)
        for (int64_t c = 0; c < channels; ++c) {
            row[c - k * channels] = row[c];
            row[(width - 1 + k) * channels + c] = end[c];
        }
}

// A row of sums -> pixels.
template <typename T>
static void settle(const Filter& f, const T* in, const float* sums, int64_t size, T* out) {
    const float low = f.low, high = f.high, amount = f.amount, threshold = f.threshold;
    if (!f.unsharp) {
        for (int64_t k = 0; k < size; ++k) out[k] = finish<T>(sums[k], low, high);
        return;
    }
    for (int64_t k = 0; k < size; ++k) {
        const float x = float(in[k]), detail = x - sums[k], more = x + amount * detail;
        out[k] = finish<T>(__builtin_fabsf(detail) > threshold ? more : x, low, high);
    }
}

// Rows of the source are made floats once, in a ring that holds as many as the taps read.
template <typename T>
static void filter_rows(const Filter& f, const Image& source, int64_t channels, T* out) {
    const Weights down(f.taps, f.rows, f.columns);
    const Weights across(f.across, f.across ? 1 : 0, f.across_count);
    const int64_t size = source.width * channels, held = down.last - down.first + 1;
    const int64_t side = f.columns / 2, across_side = f.across_count / 2;
    const int64_t pitch = size + 2 * side * channels, sums_pitch = size + 2 * across_side * channels;
    float* ring = new float[held * pitch];
    float* sums = new float[sums_pitch + size];
    float* total = sums + sums_pitch;
    const float** lines = new const float*[f.rows];
    const auto inside = [&](int64_t y) { return clamp<int64_t>(y, 0, source.height - 1); };
    const auto source_row = [&](int64_t y) { return reinterpret_cast<const T*>(source.data + y * source.stride); };
    int64_t next = 0;  // source row
    for (int64_t y = 0; y < source.height; ++y, out += size) {
        const int64_t top = y - f.rows / 2;
        next = upper(next, inside(top + down.first));
        for (; next <= inside(top + down.last); ++next) {
            float* row = ring + next % held * pitch + side * channels;
            const T* in = source_row(next);
            for (int64_t k = 0; k < size; ++k) row[k] = float(in[k]);
            extend(row, source.width, channels, side);
        }
        for (int64_t i = down.first; i <= down.last; ++i) lines[i] = ring + inside(top + i) % held * pitch;
        float* made = sums + across_side * channels;
        down.add(lines, channels, size, made);
        if (f.across) {
            extend(made, source.width, channels, across_side);
            const float* only = sums;
            across.add(&only, channels, size, total);
            made = total;
        }
        settle(f, source_row(y), made, size, out);
    }
    delete[] lines;
    delete[] sums;
    delete[] ring;
}

static void filter(DType dtype, const Filter& f, const Image& source, int64_t channels, void* out) {
    switch (dtype) {
        case DType::u8: return filter_rows(f, source, channels, static_cast<uint8_t*>(out));
        case DType::u16: return filter_rows(f, source, channels, static_cast<uint16_t*>(out));
        case DType::f32: return filter_rows(f, source, channels, static_cast<float*>(out));
    }
}

}  // namespace augury::AUGURY_ISA
