// The part of OpenVINO's C interface that Needletail calls. The library is loaded at run time; nothing here links against it.
#ifndef COPENVINO_H
#define COPENVINO_H

#include <stddef.h>
#include <stdint.h>

typedef int32_t nt_ov_status;
typedef uint32_t nt_ov_element_type;

/// The sizes of a tensor's axes.
typedef struct {
    int64_t rank;
    int64_t *dims;
} nt_ov_shape;

/// An axis of a model: fixed when both are equal, of any size when `max` is -1.
typedef struct {
    int64_t min;
    int64_t max;
} nt_ov_dimension;

/// The axes of a model's input or output; the rank itself may be open.
typedef struct {
    nt_ov_dimension rank;
    nt_ov_dimension *dims;
} nt_ov_partial_shape;

/// A setting of a device.
typedef struct {
    const char *key;
    const void *value;
} nt_ov_property;

/// The version of the library.
typedef struct {
    const char *build_number;
    const char *description;
} nt_ov_version;

// Functions that take one of these structures by value, which Swift alone cannot name.
typedef nt_ov_status (*nt_ov_tensor_create_function)(nt_ov_element_type, nt_ov_shape, void **);
typedef nt_ov_status (*nt_ov_tensor_create_from_host_ptr_function)(nt_ov_element_type, nt_ov_shape, void *, void **);
typedef nt_ov_status (*nt_ov_tensor_create_from_string_array_function)(const char **, size_t, nt_ov_shape, void **);
typedef nt_ov_status (*nt_ov_model_reshape_by_port_indexes_function)(const void *, const size_t *, const nt_ov_partial_shape *, size_t);

#endif
