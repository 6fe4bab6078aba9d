// Steps as Python hands them over: dicts of arrays, each checked against the batch before any pointer is taken.
#pragma once
#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/string.h>

#include <cmath>
#include <map>
#include <stdexcept>
#include <string>

#include "kernels.hpp"

namespace augury {

namespace nb = nanobind;
using Array = nb::ndarray<nb::ro, nb::c_contig, nb::device::cpu>;

static void require(bool condition, const char* message) {
    if (!condition) throw std::invalid_argument(message);
}

// The straight line that gives exactly this table, if there is one of round numbers: float conversion, 0..1, -1..1
// and many a mean and deviation are such lines.
static Line line_of(const float* table) {
    const auto round_number = [](double x) { return float(std::nearbyint(64.0 * x) / 64.0); };
    const double span = double(table[255]) - double(table[0]);
    if (!(span > 1e-3)) return {0, 0};
    const float divisor = round_number(255.0 / span), offset = round_number(table[0] * double(divisor));
    for (int k = 0; k < 256; ++k)
        if (table[k] != (float(k) + offset) / divisor) return {0, 0};
    return {offset, divisor};
}

class StepReader {
  public:
    StepReader(nb::handle step, int64_t samples, const Segment& segment) : d(step), n(samples), s(segment), a(at("a")) {
        step_.a = a.data();
        step_.channels = s.channels;
    }

    Step read(bool is_last) {
        const auto kind = nb::cast<std::string>(d["kind"]);
        const auto found = kinds().find(kind);
        if (found == kinds().end()) throw std::invalid_argument("unknown step: " + kind);
        step_.kind = found->second.kind;
        (this->*found->second.read)();
        require(!step_.to_float || (is_last && s.float_out), "only the last step may change the dtype");
        return step_;
    }

  private:
    struct Kind {
        StepKind kind;
        void (StepReader::*read)();
    };

    nb::handle d;
    const int64_t n;
    const Segment& s;
    const Array a;
    Step step_{};

    static const std::map<std::string, Kind>& kinds() {
        using R = StepReader;
        static const std::map<std::string, Kind> all{
            {"table", {StepKind::table, &R::table}},       {"affine", {StepKind::affine, &R::affine}},
            {"curve", {StepKind::curve, &R::curve}},       {"pieces", {StepKind::pieces, &R::pieces}},
            {"mix", {StepKind::mix, &R::mix}},             {"hue", {StepKind::hue, &R::hue}},
            {"normal", {StepKind::normal, &R::noise}},     {"shot", {StepKind::shot, &R::noise}},
            {"speckle", {StepKind::speckle, &R::noise}},   {"sensor", {StepKind::sensor, &R::second_noise}},
            {"impulse", {StepKind::impulse, &R::noise}},   {"dropout", {StepKind::dropout, &R::second_noise}},
            {"rectangle", {StepKind::rectangle, &R::rectangle}}, {"light", {StepKind::light, &R::light}}};
        return all;
    }

    Array at(const char* key) const { return nb::cast<Array>(d[key]); }
    static bool floats(const Array& x, size_t axes) { return x.ndim() == axes && x.dtype() == nb::dtype<float>(); }

    void rows(const Array& x) const { require(x.ndim() > 0 && int64_t(x.shape(0)) == n, "a step has too few rows"); }

    void bounds() {
        step_.low = nb::cast<float>(d["low"]);
        step_.high = nb::cast<float>(d["high"]);
    }

    void is_on() {
        const Array on = at("on");
        rows(on);
        require(on.ndim() == 1 && on.dtype() == nb::dtype<bool>(), "`on` must be one bool for each sample");
        step_.on = static_cast<const uint8_t*>(on.data());
    }

    // Rows for each sample or for all, channels apart or alike; `last` numbers for each channel.
    void per_channel(int64_t last) {
        const int64_t c = a.shape(1);
        require((int64_t(a.shape(0)) == n || a.shape(0) == 1) && (c == s.channels || c == 1), "a step has a wrong shape");
        step_.channel = c == 1 ? 0 : last;
        step_.row = a.shape(0) == 1 && n != 1 ? 0 : c * last;
    }

    void first_channels() {
        const auto first = nb::cast<int64_t>(d["channels"]);
        require(first >= 0 && first <= s.channels, "a step changes more channels than there are");
        if (first > 0) step_.channels = first;
    }

    void table() {
        require(s.dtype == DType::u8 && a.ndim() == 3 && a.shape(2) == 256, "a table must be (n, channels, 256) for uint8");
        per_channel(256);
        step_.to_float = a.dtype() == nb::dtype<float>();
        if (step_.to_float && a.size() == 256) step_.line = line_of(static_cast<const float*>(a.data()));
        require(step_.to_float || a.dtype() == nb::dtype<uint8_t>(), "a table must hold uint8 or float32");
    }

    void affine() {
        const Array b = at("b");
        require(floats(a, 2) && floats(b, 2) && a.shape(0) == b.shape(0) && a.shape(1) == b.shape(1),
                "gain and offset must be alike");
        per_channel(1);
        step_.b = b.data();
        bounds();
        step_.to_float = nb::cast<bool>(d["to_float"]);
    }

    void curve() {
        rows(a);
        require(floats(a, 2) && a.shape(1) == 4097, "a curve must have 4,097 float32 knots");
        step_.row = 4097;
        is_on();
        first_channels();
        bounds();
    }

    void pieces() {
        const Array b = at("b"), breaks = at("breaks");
        rows(a), rows(b), rows(breaks);
        require(floats(a, 2) && floats(b, 2) && floats(breaks, 2) && breaks.shape(1) > 0 && a.shape(1) == b.shape(1) &&
                    a.shape(1) == breaks.shape(1) + 1, "pieces have a wrong shape");
        step_.row = int64_t(breaks.shape(1));
        step_.b = b.data();
        step_.breaks = static_cast<const float*>(breaks.data());
        is_on();
        first_channels();
        bounds();
    }

    void mix() {
        const Array b = at("b");
        rows(a), rows(b);
        require(floats(a, 3) && floats(b, 2) && int64_t(a.shape(1)) == s.channels && int64_t(a.shape(2)) == s.channels &&
                    int64_t(b.shape(1)) == s.channels,
                "a mix must be (n, channels, channels), with an offset (n, channels)");
        step_.b = b.data();
        is_on();
        bounds();
    }

    void hue() {
        rows(a);
        require(floats(a, 1) && s.channels >= 3, "hue must be float32 (n,), for three channels or more");
        bounds();
    }

    void noise() {
        const Array key = at("key"), counter = at("counter");
        rows(a), rows(key), rows(counter);
        require(floats(a, 1) && key.ndim() == 2 && counter.ndim() == 2 && key.shape(1) == 2 && counter.shape(1) == 3 &&
                    key.dtype() == nb::dtype<uint32_t>() && counter.dtype() == nb::dtype<uint32_t>(),
                "noise has a wrong shape");
        step_.key = static_cast<const uint32_t*>(key.data());
        step_.counter = static_cast<const uint32_t*>(counter.data());
        bounds();
    }

    void second_noise() {
        const Array b = at("b");
        rows(b);
        require(floats(b, 1), "the second number of noise must be float32");
        step_.b = b.data();
        noise();
    }

    void rectangle() {
        const Array b = at("b");
        rows(a), rows(b);
        require(a.ndim() == 3 && a.dtype() == nb::dtype<int32_t>() && floats(b, 2) && a.shape(1) == b.shape(1) &&
                    a.shape(2) == 4, "rectangles have a wrong shape");
        step_.count = int64_t(a.shape(1));
        const auto* box = static_cast<const int32_t*>(a.data());
        for (int64_t i = 0; i < n * step_.count; ++i, box += 4)
            require(box[0] >= 0 && box[1] >= 0 && box[2] <= s.height && box[3] <= s.width, "a rectangle leaves the canvas");
        step_.b = b.data();
    }

    void light() {
        const Array b = at("b"), tint = at("tint");
        rows(a), rows(b), rows(tint);
        require(floats(a, 3) && floats(b, 3) && floats(tint, 2) && a.shape(1) == b.shape(1) && a.shape(2) == b.shape(2) &&
                    a.shape(1) > 1 && a.shape(2) > 1 && int64_t(tint.shape(1)) == s.channels, "light has a wrong shape");
        step_.b = b.data();
        step_.tint = static_cast<const float*>(tint.data());
        is_on();
        step_.rows = int64_t(a.shape(1));
        step_.columns = int64_t(a.shape(2));
        step_.down = double(step_.rows - 1) / double(s.height);
        step_.across = double(step_.columns - 1) / double(s.width);
        bounds();
    }
};

}  // namespace augury
