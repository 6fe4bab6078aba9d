// What is left of a target after its best prediction from the aligned source.
#pragma once
#include "blur.hpp"
#include "planes.hpp"

namespace augury::AUGURY_ISA {

static constexpr double LEAST_SEEN = 0.12;
static constexpr int64_t RIM = 2;
static constexpr float HARDLY = 1e-3f;  // weight below which a blurred value means nothing
static constexpr int TERMS = 5;         // of the prediction, besides a constant

// Target and prediction, or both after a blur.
struct Level {
    float *target, *prediction;
};

class Prediction {
  public:
    Prediction(const Picture<uint8_t>& target, const float* fine, const float* coarse)
        : fine(fine),
          coarse(coarse),
          sides{target.height, target.width, padded(target.width)},
          memory(PLANES * sides.floats() + CHUNK + most_of(CHUNK, sides.stride) + 2 * sides.stride + 2 * COARSE),
          image{plane(), plane()},
          soft{plane(), plane()},
          shown(plane()),
          inner(plane()),
          weight(plane()),
          weight2(plane()),
          trust(plane()),
          ones(memory.take(CHUNK)),
          scratch(memory.take(most_of(CHUNK, sides.stride))),
          nothing(memory.take(sides.stride)),
          line(memory.take(sides.stride + 2 * COARSE)) {
        for (float*& free : work) free = plane();
        for (int64_t k = 0; k < CHUNK; ++k) ones[k] = 1.0f;
        for (int64_t x = 0; x < sides.stride; ++x) nothing[x] = 0.0f;
        for (int64_t y = 0; y < sides.height; ++y) {
            float* row = image.target + y * sides.stride;
            for (int64_t x = 0; x < sides.width; ++x) row[x] = float(target.data[y * sides.width + x]);
            for (int64_t x = sides.width; x < sides.stride; ++x) row[x] = 0.0f;
        }
    }

    // Look at the source under a map. Returns the pixels to measure on, 0 where they are too few.
    int64_t see(const Picture<uint8_t>& source, const double* matrix, const bool* left_out) {
        if (least_of(source.height, source.width) < 2) return 0;
        const View<uint8_t> view(source, matrix, sides.height, sides.width, 1.5);
        int64_t quarter = 0;
        for (int64_t y = 0; y < sides.height; ++y) {
            float *mask = shown + y * sides.stride, *within = inner + y * sides.stride;
            view.row(y, image.prediction + y * sides.stride, mask);
            for (int64_t x = 0; left_out && x < sides.width; ++x)
                if (left_out[y * sides.width + x]) mask[x] = 0.0f;
            const bool rim = y < RIM || y >= sides.height - RIM;
            for (int64_t x = 0; x < sides.stride; ++x) within[x] = rim ? 0.0f : mask[x];
            for (int64_t x = 0; x < least_of(RIM, sides.width); ++x) within[x] = within[sides.width - 1 - x] = 0.0f;
            for (int64_t x = 0; y % 4 == 0 && x < sides.width; x += 4) quarter += within[x] != 0.0f;
        }
        const double count = dot_planes(inner, inner, sides.floats());
        return count < LEAST_SEEN * double(sides.height * sides.width) || quarter == 0 ? 0 : int64_t(count);
    }

    // Put the prediction in place of the source: a cubic tone curve and a change of sharpness, fitted on slightly
    // blurred images.
    void predict() {
        float *const *terms = work, *const *smooth = work + TERMS, *weighted = soft.prediction;
        const int64_t n = sides.floats();
        blurred<FINE>(shown, weight);
        blurred<COARSE>(weight, weight2);
        centre(image.target);
        centre(image.prediction);
        for (int64_t k = 0; k < n; ++k) terms[0][k] = image.prediction[k] / 64.0f * shown[k];
        for (int64_t k = 0; k < n; ++k) terms[1][k] = terms[0][k] * terms[0][k];
        for (int64_t k = 0; k < n; ++k) terms[2][k] = terms[0][k] * terms[1][k];
        for (int64_t k = 0; k < n; ++k) weighted[k] = image.target[k] * shown[k];
        blurred<FINE>(weighted, soft.target);
        blurred<FINE>(terms[0], smooth[0]);
        blurred<COARSE>(smooth[0], terms[4]);
        divide(soft.target, weight, soft.target);
        divide(smooth[0], weight, smooth[0]);
        divide(terms[4], weight2, terms[4]);
        for (int64_t k = 0; k < n; ++k) terms[3][k] = (terms[0][k] - smooth[0][k]) * shown[k];
        for (int64_t k = 0; k < n; ++k) terms[4][k] = (smooth[0][k] - terms[4][k]) * shown[k];
        for (int t = 1; t < TERMS; ++t) {
            blurred<FINE>(terms[t], smooth[t]);
            divide(smooth[t], weight, smooth[t]);
        }
        double factors[TERMS + 1];
        for (int64_t k = 0; k < n; ++k) trust[k] = inner[k];
        regress(smooth, factors);
        combine(smooth, factors, soft.prediction);
        doubt();
        regress(smooth, factors);
        combine(smooth, factors, soft.prediction);
        combine(terms, factors, image.prediction);
    }

    // Energies of residual, target and prediction, octave by octave. Uses up the planes.
    void measure(Residual* out) {
        Level level = soft, next{work[0], work[1]}, total{work[2], work[3]};
        float* spare = work[4];
        write_energies(image, level, 0, out);
        for (int64_t k = 0; k < sides.floats(); ++k) total.target[k] = level.target[k] * most_of(weight[k], HARDLY);
        for (int64_t k = 0; k < sides.floats(); ++k) total.prediction[k] = level.prediction[k] * most_of(weight[k], HARDLY);
        for (int octave = 1; octave < 4; ++octave) {
            if (octave > 1) {
                float* const planes[] = {shown, inner, weight, total.target, total.prediction, level.target, level.prediction};
                Sides half{};
                for (float* each : planes) half = halve(sides, each);
                sides = half;
            }
            float** const planes[] = {&weight, &total.target, &total.prediction};
            for (float** each : planes) {
                blurred<COARSE>(*each, spare);
                swap(*each, spare);
            }
            divide(total.target, weight, next.target);
            divide(total.prediction, weight, next.prediction);
            write_energies(level, next, octave, out);
            swap(level.target, next.target);
            swap(level.prediction, next.prediction);
            if (octave == 1) write_coarse(level, out->coarse);
        }
        write_variances(level, out);
    }

  private:
    static constexpr int64_t PLANES = 19;

    const float *const fine, *const coarse;
    Sides sides;
    Memory memory;
    Level image, soft;      // the prediction is the source under the map at first
    float *shown, *inner;   // where the source is seen, and where it counts
    float *weight, *weight2;  // `shown` after one blur and after two
    float* const trust;       // weights of the fit
    float *const ones, *const scratch, *const nothing, *const line;
    float* work[2 * TERMS];

    float* plane() { return memory.take(sides.floats()); }

    static void swap(float*& a, float*& b) {
        float* const before = a;
        a = b, b = before;
    }

    template <int R>
    void blurred(const float* in, float* out) {
        blur<R>(sides, in, R == FINE ? fine : coarse, nothing, line, out);
    }

    void divide(const float* total, const float* by, float* out) const {
        for (int64_t k = 0; k < sides.floats(); ++k) out[k] = total[k] / most_of(by[k], HARDLY);
    }

    // Values about 0 are added up with smaller errors.
    void centre(float* plane) const {
        const int64_t n = sides.floats();
        const float mean = float(dot_planes(plane, inner, n) / dot_planes(inner, inner, n));
        for (int64_t k = 0; k < n; ++k) plane[k] -= mean;
    }

    // Trust what does not fit the less.
    void doubt() {
        const int64_t n = sides.floats();
        double far = 0;
        for (int64_t at = 0; at < n; at += sides.stride) {
            for (int64_t x = 0; x < sides.stride; ++x) scratch[x] = __builtin_fabsf(soft.prediction[at + x] - soft.target[at + x]);
            far += dot(scratch, trust + at, sides.stride);
        }
        const float scale = float(1.0 / (2.5 * (1.9 * (far / dot_planes(trust, inner, n)) + 1.0)));
        for (int64_t k = 0; k < n; ++k) {
            const float misfit = (soft.prediction[k] - soft.target[k]) * scale;
            trust[k] = inner[k] / (1.0f + misfit * misfit);
        }
    }

    // Weighted least squares for the target, with a constant as the last term.
    void regress(float* const* smooth, double (&factors)[TERMS + 1]) {
        double normal[TERMS + 1][TERMS + 1] = {}, trace = 0;
        for (double& factor : factors) factor = 0;
        for (int64_t at = 0; at < sides.floats(); at += CHUNK) {
            const int64_t n = least_of(CHUNK, sides.floats() - at);
            for (int p = 0; p <= TERMS; ++p) {
                const float* own = p < TERMS ? smooth[p] + at : ones;
                for (int64_t k = 0; k < n; ++k) scratch[k] = own[k] * trust[at + k];
                for (int q = 0; q <= p; ++q) normal[p][q] += dot_planes(scratch, q < TERMS ? smooth[q] + at : ones, n);
                factors[p] += dot_planes(scratch, soft.target + at, n);
            }
        }
        for (int p = 0; p <= TERMS; ++p) {
            for (int q = 0; q < p; ++q) normal[q][p] = normal[p][q];
            trace += normal[p][p];
        }
        for (int p = 0; p <= TERMS; ++p) normal[p][p] += 1e-6 * trace / (TERMS + 1);
        solve(normal, factors);
    }

    void combine(float* const* terms, const double (&factors)[TERMS + 1], float* out) const {
        static_assert(TERMS == 5);
        float f[TERMS + 1];
        for (int t = 0; t <= TERMS; ++t) f[t] = float(factors[t]);
        const float *a = terms[0], *b = terms[1], *c = terms[2], *d = terms[3], *e = terms[4];
        for (int64_t k = 0; k < sides.floats(); ++k)
            out[k] = a[k] * f[0] + b[k] * f[1] + c[k] * f[2] + d[k] * f[3] + e[k] * f[4] + f[5];
    }

    void write_coarse(const Level& level, float* out) const {
        for (int64_t y = 0; y < sides.height; ++y)
            for (int64_t x = 0, at = y * sides.stride; x < sides.width; ++x, ++at)
                *out++ = shown[at] != 0.0f ? __builtin_fabsf(level.target[at] - level.prediction[at]) : -1.0f;
    }

    // Mean squares of three planes over the inner pixels, outside of which they are 0.
    void write_squares(const float* target, const float* prediction, int octave, Residual* out) {
        float* left = work[7];
        const int64_t n = sides.floats();
        const double count = dot_planes(inner, inner, n);
        for (int64_t k = 0; k < n; ++k) left[k] = target[k] - prediction[k];
        out->energies[0][octave] = dot_planes(left, left, n) / count;
        out->energies[1][octave] = dot_planes(target, target, n) / count;
        out->energies[2][octave] = dot_planes(prediction, prediction, n) / count;
    }

    // Of what a blur took away.
    void write_energies(const Level& before, const Level& after, int octave, Residual* out) {
        float *target = work[5], *prediction = work[6];
        const int64_t n = sides.floats();
        for (int64_t k = 0; k < n; ++k) target[k] = (before.target[k] - after.target[k]) * inner[k];
        for (int64_t k = 0; k < n; ++k) prediction[k] = (before.prediction[k] - after.prediction[k]) * inner[k];
        write_squares(target, prediction, octave, out);
    }

    void write_variances(const Level& level, Residual* out) {
        const int64_t n = sides.floats();
        const double count = dot_planes(inner, inner, n);
        const float a = float(dot_planes(level.target, inner, n) / count), b = float(dot_planes(level.prediction, inner, n) / count);
        float *target = work[5], *prediction = work[6];
        for (int64_t k = 0; k < n; ++k) target[k] = (level.target[k] - a) * inner[k];
        for (int64_t k = 0; k < n; ++k) prediction[k] = (level.prediction[k] - b) * inner[k];
        write_squares(target, prediction, 4, out);
    }
};

static bool residual(const Picture<uint8_t>& target, const Picture<uint8_t>& source, const double* matrix,
                     const bool* left_out, const float* fine, const float* coarse, Residual* out) {
    Prediction prediction(target, fine, coarse);
    out->count = prediction.see(source, matrix, left_out);
    if (out->count == 0) return false;
    prediction.predict();
    prediction.measure(out);
    return true;
}

}  // namespace augury::AUGURY_ISA
