/*
 * lacuna.hpp - the C API as C++ values: handles that release themselves, exceptions for statuses. C++11 and
 * later, header only; a program that uses lacuna::script::* links liblacuna_script, others need not.
 *
 * A handle is move-only and converts to the C pointer, so that every function of the C headers is in reach:
 *
 *     lacuna::sparse y;
 *     lacuna::check(lac_conv3d(ctx, x, weight, &options, y.put()));
 *
 * Lifetimes and threads are those of the C headers: a context and what is made in it belong to one thread
 * at a time, weights to all.
 */
#ifndef LACUNA_LACUNA_HPP
#define LACUNA_LACUNA_HPP

#include "lacuna/lacuna.h"
#include "lacuna/lacuna_script.h"

#include <cstring>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace lacuna {

/** A failed call: the message of lac_last_error and the status. */
class error : public std::runtime_error {
public:
    error(lac_status status, const std::string &text)
        : std::runtime_error(text), status_(status) {}
    lac_status status() const noexcept { return status_; }

private:
    lac_status status_;
};

/** Throws unless the status is LAC_OK. */
inline void check(lac_status status) {
    if (status == LAC_OK) return;
    const char *text = lac_last_error();
    throw error(status, *text != '\0' ? text : lac_status_text(status));
}

/** Owns one reference. */
template <typename T, void (*Release)(T *)> class handle {
public:
    handle() noexcept : p_(nullptr) {}
    explicit handle(T *p) noexcept : p_(p) {} /* takes the reference over */
    handle(handle &&other) noexcept : p_(other.p_) { other.p_ = nullptr; }
    handle &operator=(handle &&other) noexcept {
        if (this != &other) reset(other.detach());
        return *this;
    }
    handle(const handle &) = delete;
    handle &operator=(const handle &) = delete;
    ~handle() { Release(p_); }

    T *get() const noexcept { return p_; }
    operator T *() const noexcept { return p_; }
    void reset(T *p = nullptr) noexcept {
        Release(p_);
        p_ = p;
    }
    T *detach() noexcept {
        T *p = p_;
        p_ = nullptr;
        return p;
    }
    /** The place for a function's result; what was held is released. */
    T **put() noexcept {
        reset();
        return &p_;
    }

private:
    T *p_;
};

typedef handle<lac_coords, lac_coords_release> coords;

/** A dense tensor. */
class tensor : public handle<lac_tensor, lac_tensor_release> {
public:
    using handle::handle;
    tensor() = default;

    /** Over the caller's memory, without a copy; `data` must outlive it. */
    template <typename Element>
    static tensor wrap(lac_context *ctx, lac_dtype dtype, const std::vector<int64_t> &shape,
                       Element *data) {
        lac_tensor_desc d = lac_tensor_desc();
        d.size = sizeof d;
        d.dtype = dtype;
        if (shape.size() > 8 || sizeof(Element) != lac_dtype_size(dtype))
            throw error(LAC_ERR_ARGUMENT, "tensor: over 8 dimensions, or elements of another size");
        d.ndim = static_cast<int32_t>(shape.size());
        for (std::size_t i = 0; i < shape.size(); ++i) d.shape[i] = shape[i];
        tensor t;
        check(lac_tensor_wrap(ctx, &d, data, nullptr, nullptr, t.put()));
        return t;
    }

    std::vector<int64_t> shape() const {
        const lac_tensor_desc d = describe();
        return std::vector<int64_t>(d.shape, d.shape + d.ndim);
    }
    lac_dtype dtype() const { return describe().dtype; }
    int64_t numel() const { return lac_tensor_numel(get()); }

    /** Its elements in row order; Element must have the size of its dtype. */
    template <typename Element> std::vector<Element> values(lac_context *ctx) const {
        if (sizeof(Element) != lac_dtype_size(dtype()))
            throw error(LAC_ERR_DTYPE, "tensor: read as elements of another size");
        tensor plain;
        check(lac_contiguous(ctx, get(), plain.put()));
        std::vector<Element> result(static_cast<std::size_t>(numel()));
        check(lac_tensor_download(ctx, plain, result.data(), result.size() * sizeof(Element)));
        return result;
    }

private:
    lac_tensor_desc describe() const {
        lac_tensor_desc d;
        lac_tensor_describe(get(), &d);
        return d;
    }
};

class sparse : public handle<lac_sparse, lac_sparse_release> {
public:
    using handle::handle;
    sparse() = default;
    tensor feats() const { return tensor(lac_sparse_feats(get())); }
    lacuna::coords coords() const { return lacuna::coords(lac_sparse_coords(get())); }
};

class context : public handle<lac_context, lac_context_release> {
public:
    context() { check(lac_context_create(nullptr, put())); }
    /** `size` is set here. */
    explicit context(lac_context_options options) {
        options.size = sizeof options;
        check(lac_context_create(&options, put()));
    }
};

/** Copies share the tensors; any thread. */
class weights : public handle<lac_weights, lac_weights_release> {
public:
    explicit weights(const std::string &path) { check(lac_weights_open(path.c_str(), put())); }
    weights(weights &&) = default;
    weights(const weights &other) : handle(other.get()) { lac_weights_retain(get()); }
    int64_t count() const { return lac_weights_count(get()); }
    tensor operator[](const std::string &name) const {
        tensor t;
        check(lac_weights_get(get(), name.c_str(), t.put()));
        return t;
    }
};

/** What a script takes or returns; an argument holds its own reference. */
class value {
public:
    value() : v_() {}
    value(double number) : v_() {
        v_.kind = LAC_VALUE_NUMBER;
        v_.number = number;
    }
    value(const tensor &t) : v_() {
        v_.kind = LAC_VALUE_TENSOR;
        v_.tensor = t.get();
        lac_tensor_retain(t.get());
    }
    value(const sparse &x) : v_() {
        v_.kind = LAC_VALUE_SPARSE;
        v_.sparse = x.get();
        lac_sparse_retain(x.get());
    }
    value(value &&other) noexcept : v_(other.v_) { other.v_ = lac_value(); }
    value &operator=(value &&other) noexcept {
        std::swap(v_, other.v_);
        return *this;
    }
    value(const value &) = delete;
    value &operator=(const value &) = delete;
    ~value() { lac_value_release(&v_); }

    lac_value_kind kind() const { return static_cast<lac_value_kind>(v_.kind); }
    double number() const { return need(LAC_VALUE_NUMBER, "a number").number; }
    std::string text() const {
        const lac_value &v = need(LAC_VALUE_STRING, "a string");
        return std::string(v.text, v.length);
    }
    lacuna::tensor tensor() const {
        lac_tensor *t = need(LAC_VALUE_TENSOR, "a tensor").tensor;
        lac_tensor_retain(t);
        return lacuna::tensor(t);
    }
    lacuna::sparse sparse() const {
        lac_sparse *x = need(LAC_VALUE_SPARSE, "a sparse tensor").sparse;
        lac_sparse_retain(x);
        return lacuna::sparse(x);
    }
    const lac_value &get() const noexcept { return v_; }
    lac_value *put() noexcept {
        lac_value_release(&v_);
        return &v_;
    }

private:
    const lac_value &need(lac_value_kind wanted, const char *what) const {
        if (v_.kind != wanted)
            throw error(LAC_ERR_ARGUMENT, std::string("value: it is not ") + what);
        return v_;
    }
    lac_value v_;
};

class model : public handle<lac_model, lac_model_release> {
public:
    using handle::handle;
    model() = default;
    /** The first result for one argument. */
    value operator()(const value &argument) const {
        value result;
        check(lac_model_forward(get(), &argument.get(), 1, result.put(), 1));
        return result;
    }
};

class script : public handle<lac_script, lac_script_release> {
public:
    explicit script(lac_context *ctx) { check(lac_script_create(ctx, nullptr, put())); }
    script(lac_context *ctx, lac_script_options options) {
        options.size = sizeof options;
        check(lac_script_create(ctx, &options, put()));
    }
    /** The first result of a chunk. */
    value run(const std::string &code, const char *name = nullptr) const {
        value result;
        check(lac_script_run_string(get(), code.c_str(), name, result.put(), 1));
        return result;
    }
    /** See lac_script_load_model; "" for no config. */
    lacuna::model load(const std::string &file, const std::string &config_json = std::string(),
                       lac_weights *w = nullptr) const {
        lacuna::model m;
        check(lac_script_load_model(get(), file.c_str(),
                                    config_json.empty() ? nullptr : config_json.c_str(), w,
                                    m.put()));
        return m;
    }
};

} /* namespace lacuna */

#endif
