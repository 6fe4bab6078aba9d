// The map on which most matched features agree.
#pragma once
#include "planes.hpp"

namespace augury::AUGURY_ISA {

static constexpr int64_t CODE = 128;
static constexpr int32_t SIMILAR = 48768;  // three quarters of 255^2
static constexpr double NEAR = 3.0;
static constexpr int64_t VOTES = 20;

struct Pair {
    double x, y, size, angle;  // in the target
    double u, v, size_of, angle_of;  // in the source
    int32_t likeness;
};

static inline int32_t likeness(const int16_t* a, const int16_t* b) {
    int32_t sum = 0;
    for (int64_t k = 0; k < CODE; ++k) sum += int32_t(a[k]) * int32_t(b[k]);
    return sum;
}

// Features that are each other's nearest, the likeliest first. Returns how many there are.
static int64_t mutual(const Features& target, const Features& source, Pair* pairs) {
    int16_t own[CODE], *codes = new int16_t[CODE * source.count];
    for (int64_t k = 0; k < CODE * source.count; ++k) codes[k] = source.codes[k];
    int32_t* row_best = new int32_t[2 * target.count + 2 * source.count];
    int32_t *row_at = row_best + target.count, *column_best = row_at + target.count, *column_at = column_best + source.count;
    for (int64_t j = 0; j < source.count; ++j) column_best[j] = -1;
    for (int64_t i = 0; i < target.count; ++i) {
        for (int64_t k = 0; k < CODE; ++k) own[k] = target.codes[CODE * i + k];
        row_best[i] = -1;
        for (int64_t j = 0; j < source.count; ++j) {
            const int32_t like = likeness(own, codes + CODE * j);
            if (like > row_best[i]) row_best[i] = like, row_at[i] = int32_t(j);
            if (like > column_best[j]) column_best[j] = like, column_at[j] = int32_t(i);
        }
    }
    delete[] codes;
    int64_t count = 0;
    for (int64_t i = 0; i < target.count; ++i) {
        if (column_at[row_at[i]] != i || row_best[i] <= SIMILAR) continue;
        const float *a = target.keypoints + 4 * i, *b = source.keypoints + 4 * row_at[i];
        int64_t k = count++;
        for (; k > 0 && pairs[k - 1].likeness < row_best[i]; --k) pairs[k] = pairs[k - 1];
        pairs[k] = {a[0], a[1], a[2], a[3], b[0], b[1], b[2], b[3], row_best[i]};
    }
    delete[] row_best;
    return count;
}

static void similarity(const Pair& p, double* m) {
    const double size = p.size / p.size_of, angle = p.angle - p.angle_of;
    const double c = size * __builtin_cos(angle), s = size * __builtin_sin(angle);
    m[0] = c, m[1] = -s, m[2] = p.x - (c * p.u - s * p.v);
    m[3] = s, m[4] = c, m[5] = p.y - (s * p.u + c * p.v);
    m[6] = m[7] = 0.0, m[8] = 1.0;
}

static bool agrees(const Pair& p, const double* m) {
    const double x = m[0] * p.u + m[1] * p.v + m[2] - p.x, y = m[3] * p.u + m[4] * p.v + m[5] - p.y;
    return x * x + y * y < NEAR * NEAR;
}

// Least squares over the pairs that agree with m, in place of it; m stays where these are few or nearly in a line.
static void make_affine(const Pair* pairs, int64_t count, double* m) {
    double n = 0, x = 0, y = 0, u = 0, v = 0;
    for (int64_t k = 0; k < count; ++k)
        if (agrees(pairs[k], m)) n += 1, x += pairs[k].x, y += pairs[k].y, u += pairs[k].u, v += pairs[k].v;
    if (n < 4) return;
    x /= n, y /= n, u /= n, v /= n;
    double uu = 0, uv = 0, vv = 0, xu = 0, xv = 0, yu = 0, yv = 0;
    for (int64_t k = 0; k < count; ++k) {
        if (!agrees(pairs[k], m)) continue;
        const double a = pairs[k].u - u, b = pairs[k].v - v, p = pairs[k].x - x, q = pairs[k].y - y;
        uu += a * a, uv += a * b, vv += b * b, xu += p * a, xv += p * b, yu += q * a, yv += q * b;
    }
    const double det = uu * vv - uv * uv, trace = uu + vv;
    if (det < 0.01 * trace * trace) return;
    const double a = (xu * vv - xv * uv) / det, b = (xv * uu - xu * uv) / det;
    const double c = (yu * vv - yv * uv) / det, d = (yv * uu - yu * uv) / det;
    const double size = __builtin_fabs(a * d - b * c);
    if (!(size > 0.2 && size < 5.0)) return;
    m[0] = a, m[1] = b, m[2] = x - (a * u + b * v), m[3] = c, m[4] = d, m[5] = y - (c * u + d * v);
}

static bool matched(const Features& target, const Features& source, double* out) {
    if (target.count == 0 || source.count == 0) return false;
    Pair* pairs = new Pair[target.count];
    const int64_t count = mutual(target, source, pairs);
    int64_t most = -1;
    for (int64_t k = 0; k < least_of(count, VOTES); ++k) {
        double map[9];
        similarity(pairs[k], map);
        int64_t votes = 0;
        for (int64_t j = 0; j < count; ++j) votes += agrees(pairs[j], map) ? pairs[j].likeness : 0;
        if (votes <= most) continue;
        most = votes;
        for (int i = 0; i < 9; ++i) out[i] = map[i];
    }
    if (count > 0) make_affine(pairs, count, out);
    delete[] pairs;
    return count > 0;
}

}  // namespace augury::AUGURY_ISA
