// Gauss-Newton refinement of maps.
#pragma once
#include "planes.hpp"

namespace augury::AUGURY_ISA {

static constexpr double LEAST_OVERLAP = 0.15;
static constexpr int64_t TRIAL = 4;  // steps after which the better of two maps goes on alone

// Two images under one map. Planes have rows of `stride` floats, 0 in the padding.
class Refiner {
  public:
    Refiner(const Picture<float>& target, const Picture<float>& source)
        : source(source),
          height(target.height),
          width(target.width),
          stride(padded(target.width)),
          memory((9 * target.height + 2) * padded(target.width)),
          image(memory.take(height * stride)),
          seen(memory.take(height * stride)),
          shown(memory.take(height * stride)),
          weights(memory.take(height * stride)),
          misfit(memory.take(height * stride)),
          ones(memory.take(stride)),
          scratch(memory.take(stride)) {
        for (float*& slope : slopes) slope = memory.take(height * stride);
        for (int64_t x = 0; x < stride; ++x) ones[x] = 1.0f;
        for (int64_t y = 0; y < height; ++y) {
            float* row = image + y * stride;
            for (int64_t x = 0; x < width; ++x) row[x] = target.data[y * width + x];
            for (int64_t x = width; x < stride; ++x) row[x] = 0.0f;
        }
        for (int64_t y = 0; y < height; ++y) differentiate(y);
    }

    // Pearson's correlation on the overlap without what does not fit; -1 where there is hardly any overlap.
    double correlation(const double* matrix) {
        if (!look(matrix) || !compare(shown)) return -1.0;
        const Moments m = moments();
        for (int64_t k = 0; k < height * stride; ++k) misfit[k] = weights[k] * image[k];
        const double aa = dot_planes(misfit, image, height * stride) - m.weight * m.mean * m.mean;
        return m.ab / __builtin_sqrt(most_of(aa, 0.0) * m.bb + 1.0);
    }

    // Improve a map in place; false where it runs away.
    bool refine(double* matrix, int64_t steps) {
        const double size = double(most_of(height, width));
        for (int64_t k = 0; k < steps; ++k) {
            if (!look(matrix) || !compare(k == 0 ? shown : weights)) return false;
            double step[8], change[9], moved[9], largest = 0;
            solve_step(step);
            bool finite = true;
            for (int i = 0; i < 6; ++i) {
                finite &= __builtin_fabs(step[i]) < size;
                largest = most_of(largest, __builtin_fabs(step[i]));
            }
            const double x = 2.0 / double(width), y = 2.0 / double(height);
            const double units[6] = {x, y, 1.0, x, y, 1.0};
            for (int i = 0; i < 6; ++i) change[i] = step[i] * units[i] + (i == 0 || i == 4 ? 1.0 : 0.0);
            multiply(change, matrix, moved);
            for (int i = 0; i < 9; ++i) matrix[i] = moved[i];
            const double area = __builtin_fabs(matrix[0] * matrix[4] - matrix[1] * matrix[3]);
            if (!finite || !(area > 0.1 && area < 10.0)) return false;
            if (largest < 0.005) break;
        }
        return true;
    }

  private:
    struct Moments {
        double weight, mean, mine, bb, ab;
    };

    const Picture<float> source;
    const int64_t height, width, stride;
    Memory memory;
    float *const image, *const seen, *const shown;  // the target, the source under the map, and 1 where it is shown
    float *const weights, *const misfit;            // how far each pixel is trusted, and source minus target
    float *const ones, *const scratch;
    float* slopes[4];  // of the target: across times x, across, down times x, down
    double count;

    // Scharr's filter on row y; the image goes on as in a mirror.
    void differentiate(int64_t y) {
        const int64_t last_x = width - 1, last_y = height - 1;
        const float* middle = image + y * stride;
        const float* above = image + (y > 0 ? y - 1 : 1) * stride;
        const float* under = image + (y < last_y ? y + 1 : last_y - 1) * stride;
        float *across = slopes[1] + y * stride, *down = slopes[3] + y * stride;
        const auto slope = [=](int64_t x, int64_t l, int64_t r) {
            const float sideways = 3.0f * (above[r] - above[l]) + 3.0f * (under[r] - under[l]);
            const float downwards = 3.0f * (under[l] - above[l]) + 3.0f * (under[r] - above[r]);
            across[x] = (sideways + 10.0f * (middle[r] - middle[l])) / 32.0f;
            down[x] = (downwards + 10.0f * (under[x] - above[x])) / 32.0f;
        };
        for (int64_t x = 1; x < last_x; ++x) slope(x, x - 1, x + 1);
        slope(0, 1, 1);
        slope(last_x, last_x - 1, last_x - 1);
        for (int64_t x = width; x < stride; ++x) across[x] = down[x] = 0.0f;
        for (int k = 0; k < 4; k += 2) {
            float *times_x = slopes[k] + y * stride, *plain = slopes[k + 1] + y * stride;
            for (int64_t x = 0; x < stride; ++x)
                times_x[x] = plain[x] * float((double(int32_t(x)) - 0.5 * double(last_x)) / (0.5 * double(width)));
        }
    }

    // See the source through a map; false where there is hardly any overlap.
    bool look(const double* matrix) {
        const View<float> view(source, matrix, height, width, 0.5);
        for (int64_t y = 0; y < height; ++y) view.row(y, seen + y * stride, shown + y * stride);
        count = dot_planes(shown, shown, height * stride);
        return count >= LEAST_OVERLAP * double(height * width);
    }

    // Weighted means of target (a) and source (b), and their centred products. Uses up `misfit`.
    Moments moments() {
        const int64_t n = height * stride;
        for (int64_t k = 0; k < n; ++k) misfit[k] = weights[k] * seen[k];
        const double w = dot_planes(weights, shown, n);
        const double a = dot_planes(image, weights, n) / w, b = dot_planes(misfit, shown, n) / w;
        return {w, a, b, most_of(dot_planes(misfit, seen, n) - w * b * b, 0.0), dot_planes(misfit, image, n) - w * a * b};
    }

    // Source minus target, once the source has the target's mean and the best gain by the given weights; and new
    // weights. False where nothing has any weight.
    bool compare(const float* old) {
        for (int64_t k = 0; k < height * stride; ++k) weights[k] = old[k] * shown[k];
        const Moments m = moments();
        if (!(m.weight > 0.0)) return false;
        const float gain = float(m.ab / most_of(m.bb, 1e-6)), offset = float(m.mean - m.ab / most_of(m.bb, 1e-6) * m.mine);
        double far = 0;
        for (int64_t at = 0; at < height * stride; at += stride) {
            for (int64_t x = at; x < at + stride; ++x) misfit[x] = (seen[x] * gain + offset - image[x]) * shown[x];
            for (int64_t x = 0; x < stride; ++x) scratch[x] = __builtin_fabsf(misfit[at + x]);
            far += dot(scratch, weights + at, stride);
        }
        const float scale = float(1.0 / (2.5 * (1.9 * (far / m.weight) + 1.0)));
        for (int64_t k = 0; k < height * stride; ++k) {
            const float doubt = misfit[k] * scale;
            weights[k] = shown[k] / (1.0f + doubt * doubt);
        }
        return true;
    }

    // The weighted normal equations. In a row the eight columns of the jacobian are six, some of them times a factor.
    void solve_step(double (&step)[8]) {
        static constexpr int COLUMN[8] = {0, 1, 1, 2, 3, 3, 4, 5};
        double normal[8][8] = {};
        for (double& value : step) value = 0;
        for (int64_t row = 0; row < height; ++row) {
            double products[6][6], right[6];
            multiply_row(row * stride, products, right);
            const double y = (double(row) - 0.5 * double(height - 1)) / (0.5 * double(height));
            const double factor[8] = {1, y, 1, 1, y, 1, 1.0 / 64, 1};
            for (int p = 0; p < 8; ++p) {
                for (int q = 0; q <= p; ++q) normal[p][q] += factor[p] * factor[q] * products[COLUMN[p]][COLUMN[q]];
                step[p] += factor[p] * right[COLUMN[p]];
            }
        }
        for (int p = 0; p < 8; ++p) {
            for (int q = 0; q < p; ++q) normal[q][p] = normal[p][q];
            normal[p][p] = normal[p][p] * 1.001 + 1e-3;
        }
        solve(normal, step);
    }

    // Weighted sums over one row: columns by columns (lower half), and columns by residual.
    void multiply_row(int64_t at, double (&products)[6][6], double (&right)[6]) {
        const float *r = misfit + at, *w = weights + at;
        const float* const columns[6] = {slopes[0] + at, slopes[1] + at, slopes[2] + at, slopes[3] + at, image + at, ones};
        for (int p = 0; p < 6; ++p) {
            for (int64_t x = 0; x < stride; ++x) scratch[x] = w[x] * columns[p][x];
            for (int q = 0; q <= p; ++q) products[p][q] = dot(scratch, columns[q], stride);
            right[p] = dot(scratch, r, stride);
        }
    }
};

// The two starts of the highest correlation, if it exceeds `least`; null where there are fewer.
struct Likely {
    const double* start[2] = {nullptr, nullptr};

    Likely(Refiner& refiner, const double* starts, int64_t count, double least) {
        double best[2] = {least, least};
        for (int64_t k = 0; k < count; ++k) {
            const double tried = refiner.correlation(starts + 9 * k);
            if (tried > best[0]) {
                best[1] = best[0], start[1] = start[0];
                best[0] = tried, start[0] = starts + 9 * k;
            } else if (tried > best[1]) {
                best[1] = tried, start[1] = starts + 9 * k;
            }
        }
    }
};

static bool fit(const Picture<float>& target, const Picture<float>& source, const double* starts, int64_t count,
                int64_t steps, double least, double* out, double* correlation) {
    if (least_of(least_of(target.height, target.width), least_of(source.height, source.width)) < 2) return false;
    Refiner refiner(target, source);
    const Likely likely(refiner, starts, count, least);
    if (!likely.start[0]) return false;
    for (int i = 0; i < 9; ++i) out[i] = likely.start[0][i];
    if (likely.start[1]) {
        double best = -2.0;
        for (const double* start : likely.start) {
            double map[9];
            for (int i = 0; i < 9; ++i) map[i] = start[i];
            if (!refiner.refine(map, TRIAL)) continue;
            const double tried = refiner.correlation(map);
            if (tried <= best) continue;
            best = tried;
            for (int i = 0; i < 9; ++i) out[i] = map[i];
        }
        if (best == -2.0) return false;
        steps -= TRIAL;
    }
    if (!refiner.refine(out, steps)) return false;
    *correlation = refiner.correlation(out);
    return true;
}

}  // namespace augury::AUGURY_ISA
