// Phase correlation of one image with several others.
#pragma once
#include "planes.hpp"

namespace augury::AUGURY_ISA {

static constexpr int64_t SHORT = 6, LONG = 8;  // GRID is their product
static constexpr int64_t CELLS = GRID * GRID;

// GRID x GRID complex numbers.
struct Waves {
    float re[CELLS], im[CELLS];
};

struct Turns {
    float cos[GRID], sin[GRID];  // of k / GRID turns
    Turns() {
        for (int64_t k = 0; k < GRID; ++k) {
            const double angle = 2 * 3.14159265358979323846 * double(k) / double(GRID);
            cos[k] = float(__builtin_cos(angle)), sin[k] = float(__builtin_sin(angle));
        }
    }
};

// Sum of N rows of `in`, `apart` rows from each other, the k-th one turned by turns[k] / GRID turns.
template <int N>
static void blend(const Waves& in, int64_t first, int64_t apart, const Turns& turns, const int64_t (&turned)[N],
                  float* __restrict re, float* __restrict im) {
    const float *x = in.re + GRID * first, *y = in.im + GRID * first;
    float c[N], s[N];
    for (int k = 0; k < N; ++k) c[k] = turns.cos[turned[k] % GRID], s[k] = turns.sin[turned[k] % GRID];
    for (int64_t i = 0; i < GRID; ++i) {
        float a = 0, b = 0;
        for (int k = 0; k < N; ++k) {
            const float p = x[GRID * apart * k + i], q = y[GRID * apart * k + i];
            a += p * c[k] - q * s[k];
            b += p * s[k] + q * c[k];
        }
        re[i] = a;
        im[i] = b;
    }
}

// The inverse Fourier transform down every column, times GRID: short sums twice, as GRID = SHORT * LONG.
static void transform(const Waves& in, const Turns& turns, Waves& between, Waves& out) {
    for (int64_t b = 0; b < LONG; ++b)
        for (int64_t k = 0; k < SHORT; ++k) {
            int64_t turned[SHORT];
            for (int64_t a = 0; a < SHORT; ++a) turned[a] = (LONG * a + b) * k;
            const int64_t to = GRID * (SHORT * b + k);
            blend<SHORT>(in, b, LONG, turns, turned, between.re + to, between.im + to);
        }
    for (int64_t k = 0; k < SHORT; ++k)
        for (int64_t j = 0; j < LONG; ++j) {
            int64_t turned[LONG];
            for (int64_t b = 0; b < LONG; ++b) turned[b] = SHORT * b * j;
            const int64_t to = GRID * (k + SHORT * j);
            blend<LONG>(between, k, SHORT, turns, turned, out.re + to, out.im + to);
        }
}

static void transpose(const Waves& in, Waves& out) {
    for (int64_t r = 0; r < GRID; ++r)
        for (int64_t c = 0; c < GRID; ++c) {
            out.re[GRID * c + r] = in.re[GRID * r + c];
            out.im[GRID * c + r] = in.im[GRID * r + c];
        }
}

// Both directions; a and b are scratch.
static void transform_both(Waves& waves, const Turns& turns, Waves& a, Waves& b) {
    transform(waves, turns, a, b);
    transpose(b, waves);
    transform(waves, turns, a, b);
    transpose(b, waves);
}

// Divide every wave by its magnitude to the power 0.75.
static void whiten(Waves& waves) {
    for (int64_t k = 0; k < CELLS; ++k) {
        const float half = __builtin_sqrtf(__builtin_sqrtf(waves.re[k] * waves.re[k] + waves.im[k] * waves.im[k]));
        const float scale = 1.0f / (half * __builtin_sqrtf(half) + 1e-3f);
        waves.re[k] *= scale, waves.im[k] *= scale;
    }
}

// The products of two spectra (real parts, then imaginary ones) with a third. The surfaces that they stand for are
// real, so that both fit into one complex transform.
static void cross(const float* first, const float* second, const Waves& image, Waves& out) {
    for (int64_t k = 0; k < CELLS; ++k) {
        const float x = image.re[k], y = image.im[k];
        const float a = first[k] * x - first[CELLS + k] * y, b = first[k] * y + first[CELLS + k] * x;
        const float c = second[k] * x - second[CELLS + k] * y, d = second[k] * y + second[CELLS + k] * x;
        out.re[k] = a - d;
        out.im[k] = b + c;
    }
}

struct Peak {
    double height;
    Shift shift;
};

static Peak peak_of(const float* surface, int64_t which) {
    int64_t at = 0;
    for (int64_t k = 1; k < CELLS; ++k)
        if (surface[k] > surface[at]) at = k;
    float ones[GRID];
    for (int64_t k = 0; k < GRID; ++k) ones[k] = 1.0f;
    double sum = 0, squares = 0;
    for (int64_t k = 0; k < CELLS; k += GRID) {
        sum += dot(surface + k, ones, GRID);
        squares += dot(surface + k, surface + k, GRID);
    }
    const double variance = squares / CELLS - (sum / CELLS) * (sum / CELLS);
    const int64_t y = (at / GRID + GRID / 2) % GRID - GRID / 2, x = (at % GRID + GRID / 2) % GRID - GRID / 2;
    return {double(surface[at]) / (__builtin_sqrt(most_of(variance, 0.0)) + 1e-12), {which, y, x}};
}

static void phases(const float* spectra, int64_t count, const float* image, Shift* out) {
    const Turns turns;
    Waves* scratch = new Waves[4];
    Waves &waves = scratch[0], &own = scratch[1], &a = scratch[2], &b = scratch[3];
    for (int64_t k = 0; k < CELLS; ++k) own.re[k] = image[k], own.im[k] = 0.0f;
    transform_both(own, turns, a, b);  // of a real image: the conjugate of its spectrum
    whiten(own);
    Peak best[2] = {{-1, {0, 0, 0}}, {-1, {0, 0, 0}}};
    for (int64_t k = 0; k < count; k += 2) {
        const int64_t other = least_of(k + 1, count - 1);
        cross(spectra + 2 * CELLS * k, spectra + 2 * CELLS * other, own, waves);
        transform_both(waves, turns, a, b);
        for (int64_t j = k; j <= other; ++j) {
            const Peak peak = peak_of(j == k ? waves.re : waves.im, j);
            if (peak.height > best[0].height) best[1] = best[0], best[0] = peak;
            else if (peak.height > best[1].height) best[1] = peak;
        }
    }
    out[0] = best[0].shift, out[1] = best[1].shift;
    delete[] scratch;
}

}  // namespace augury::AUGURY_ISA
