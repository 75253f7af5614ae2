"""Mistakes that learners make in stage 09, each with the test that notices it."""


@knockout(
    of="output_size",
    killed_by="test_unit_output_size_example",
    says="the padding is counted on one side only",
)
def padding_on_one_side_only(size, kernel_size, stride=1, padding=0):
    room = size + padding - kernel_size
    if room < 0:
        raise ValueError(f"a window of {kernel_size} does not fit into {size} pixels")
    return room // stride + 1


@knockout(
    of="output_size",
    killed_by="test_unit_output_size_example",
    says="the first place, at 0, is not counted",
)
def first_place_forgotten(size, kernel_size, stride=1, padding=0):
    room = size + 2 * padding - kernel_size
    if room < 0:
        raise ValueError(f"a window of {kernel_size} does not fit into {size} pixels")
    return room // stride


@knockout(
    of="output_size",
    killed_by="test_unit_output_size_example",
    says="the stride does not count",
)
def stride_forgotten_in_count(size, kernel_size, stride=1, padding=0):
    room = size + 2 * padding - kernel_size
    if room < 0:
        raise ValueError(f"a window of {kernel_size} does not fit into {size} pixels")
    return room + 1


@knockout(
    of="output_size",
    killed_by="test_unit_output_size_counted",
    says="the places are rounded up: the last window hangs over the end",
)
def window_hangs_over(size, kernel_size, stride=1, padding=0):
    room = size + 2 * padding - kernel_size
    if room < 0:
        raise ValueError(f"a window of {kernel_size} does not fit into {size} pixels")
    return -(-room // stride) + 1


@knockout(
    of="output_size",
    killed_by="test_unit_output_size_example",
    says="/ for //: the count is a float",
)
def division_with_a_fraction(size, kernel_size, stride=1, padding=0):
    room = size + 2 * padding - kernel_size
    if room < 0:
        raise ValueError(f"a window of {kernel_size} does not fit into {size} pixels")
    return room / stride + 1


@knockout(
    of="output_size",
    killed_by="test_unit_output_size_counted",
    says="1 is added before dividing by the stride",
)
def one_added_before_dividing(size, kernel_size, stride=1, padding=0):
    room = size + 2 * padding - kernel_size
    if room < 0:
        raise ValueError(f"a window of {kernel_size} does not fit into {size} pixels")
    return (room + 1) // stride


@knockout(
    of="output_size",
    killed_by="test_unit_output_size_does_not_fit",
    says="a window that is too large has 0 places, or less",
)
def a_window_too_large_is_nothing_special(size, kernel_size, stride=1, padding=0):
    return (size + 2 * padding - kernel_size) // stride + 1


@knockout(
    of="output_size",
    killed_by="test_unit_output_size_does_not_fit",
    says="a window that is too large gives 0, in silence",
)
def places_below_zero_are_none(size, kernel_size, stride=1, padding=0):
    return max(0, (size + 2 * padding - kernel_size) // stride + 1)


@knockout(
    of="output_size",
    killed_by="test_unit_output_size_does_not_fit",
    says="it looks at the count, which a large stride rounds up to 0",
)
def refused_too_late(size, kernel_size, stride=1, padding=0):
    places = (size + 2 * padding - kernel_size) // stride + 1
    if places < 0:
        raise ValueError(f"a window of {kernel_size} does not fit into {size} pixels")
    return places


@knockout(
    of="output_size",
    killed_by="test_unit_output_size_just_fits",
    says="a window that just fits is refused",
)
def an_exact_fit_is_refused(size, kernel_size, stride=1, padding=0):
    room = size + 2 * padding - kernel_size
    if room <= 0:
        raise ValueError(f"a window of {kernel_size} does not fit into {size} pixels")
    return room // stride + 1


@knockout(
    of="output_size",
    killed_by="test_unit_output_size_just_fits",
    says="it refuses before the padding is counted",
)
def padding_not_asked_before_refusing(size, kernel_size, stride=1, padding=0):
    if size < kernel_size:
        raise ValueError(f"a window of {kernel_size} does not fit into {size} pixels")
    return (size + 2 * padding - kernel_size) // stride + 1


@knockout(
    of="output_size",
    killed_by="test_unit_output_size_does_not_fit",
    says="the error does not name the sizes",
)
def refused_without_the_sizes(size, kernel_size, stride=1, padding=0):
    room = size + 2 * padding - kernel_size
    if room < 0:
        raise ValueError("the window is too large")
    return room // stride + 1


@knockout(
    of="conv2d_loops",
    killed_by="test_unit_conv2d_loops_not_flipped",
    says="the filter is flipped, as mathematicians have it",
)
def loops_kernel_flipped(image, weight, bias=None, stride=1, padding=0):
    image = np.pad(image, ((0, 0), (padding, padding), (padding, padding)))
    filters, channels, kh, kw = weight.shape
    rows, columns = output_size(image.shape[1], kh, stride), output_size(image.shape[2], kw, stride)
    out = np.zeros((filters, rows, columns), np.result_type(image, weight))
    for o in range(filters):
        for i in range(rows):
            for j in range(columns):
                for c in range(channels):
                    for u in range(kh):
                        for v in range(kw):
                            pixel = image[c, i * stride + u, j * stride + v]
                            out[o, i, j] += pixel * weight[o, c, kh - 1 - u, kw - 1 - v]
        if bias is not None:
            out[o] += bias[o]
    return out


@knockout(
    of="conv2d_loops",
    killed_by="test_unit_conv2d_loops_sizes",
    says="the window moves on by 1, whatever the stride",
)
def loops_stride_ignored(image, weight, bias=None, stride=1, padding=0):
    image = np.pad(image, ((0, 0), (padding, padding), (padding, padding)))
    filters, channels, kh, kw = weight.shape
    rows, columns = output_size(image.shape[1], kh, stride), output_size(image.shape[2], kw, stride)
    out = np.zeros((filters, rows, columns), np.result_type(image, weight))
    for o in range(filters):
        for i in range(rows):
            for j in range(columns):
                for c in range(channels):
                    for u in range(kh):
                        for v in range(kw):
                            pixel = image[c, i + u, j + v]
                            out[o, i, j] += pixel * weight[o, c, u, v]
        if bias is not None:
            out[o] += bias[o]
    return out


@knockout(
    of="conv2d_loops",
    killed_by="test_unit_conv2d_loops_padding",
    says="the padding lies on the top and the left only",
)
def loops_padding_on_one_side(image, weight, bias=None, stride=1, padding=0):
    image = np.pad(image, ((0, 0), (2 * padding, 0), (2 * padding, 0)))
    filters, channels, kh, kw = weight.shape
    rows, columns = output_size(image.shape[1], kh, stride), output_size(image.shape[2], kw, stride)
    out = np.zeros((filters, rows, columns), np.result_type(image, weight))
    for o in range(filters):
        for i in range(rows):
            for j in range(columns):
                for c in range(channels):
                    for u in range(kh):
                        for v in range(kw):
                            pixel = image[c, i * stride + u, j * stride + v]
                            out[o, i, j] += pixel * weight[o, c, u, v]
        if bias is not None:
            out[o] += bias[o]
    return out


@knockout(
    of="conv2d_loops",
    killed_by="test_unit_conv2d_loops_padding",
    says="the channels are padded, too",
)
def loops_padding_of_channels(image, weight, bias=None, stride=1, padding=0):
    image = np.pad(image, ((padding, padding), (padding, padding), (padding, padding)))
    filters, channels, kh, kw = weight.shape
    rows, columns = output_size(image.shape[1], kh, stride), output_size(image.shape[2], kw, stride)
    out = np.zeros((filters, rows, columns), np.result_type(image, weight))
    for o in range(filters):
        for i in range(rows):
            for j in range(columns):
                for c in range(channels):
                    for u in range(kh):
                        for v in range(kw):
                            pixel = image[c, i * stride + u, j * stride + v]
                            out[o, i, j] += pixel * weight[o, c, u, v]
        if bias is not None:
            out[o] += bias[o]
    return out


@knockout(
    of="conv2d_loops",
    killed_by="test_unit_conv2d_loops_padding",
    says="nothing is padded",
)
def loops_padding_forgotten(image, weight, bias=None, stride=1, padding=0):
    filters, channels, kh, kw = weight.shape
    rows, columns = output_size(image.shape[1], kh, stride), output_size(image.shape[2], kw, stride)
    out = np.zeros((filters, rows, columns), np.result_type(image, weight))
    for o in range(filters):
        for i in range(rows):
            for j in range(columns):
                for c in range(channels):
                    for u in range(kh):
                        for v in range(kw):
                            pixel = image[c, i * stride + u, j * stride + v]
                            out[o, i, j] += pixel * weight[o, c, u, v]
        if bias is not None:
            out[o] += bias[o]
    return out


@knockout(
    of="conv2d_loops",
    killed_by="test_unit_conv2d_loops_sizes",
    says="output_size gets the padding of an image that is padded already",
)
def loops_padding_counted_twice(image, weight, bias=None, stride=1, padding=0):
    image = np.pad(image, ((0, 0), (padding, padding), (padding, padding)))
    filters, channels, kh, kw = weight.shape
    rows, columns = (
        output_size(image.shape[1], kh, stride, padding),
        output_size(image.shape[2], kw, stride),
    )
    out = np.zeros((filters, rows, columns), np.result_type(image, weight))
    for o in range(filters):
        for i in range(rows):
            for j in range(columns):
                for c in range(channels):
                    for u in range(kh):
                        for v in range(kw):
                            pixel = image[c, i * stride + u, j * stride + v]
                            out[o, i, j] += pixel * weight[o, c, u, v]
        if bias is not None:
            out[o] += bias[o]
    return out


@knockout(
    of="conv2d_loops",
    killed_by="test_unit_conv2d_loops_sizes",
    says="the height of the kernel serves for its width, too",
)
def loops_rows_for_columns(image, weight, bias=None, stride=1, padding=0):
    image = np.pad(image, ((0, 0), (padding, padding), (padding, padding)))
    filters, channels, kh, kw = weight.shape
    kw = kh
    rows, columns = output_size(image.shape[1], kh, stride), output_size(image.shape[2], kw, stride)
    out = np.zeros((filters, rows, columns), np.result_type(image, weight))
    for o in range(filters):
        for i in range(rows):
            for j in range(columns):
                for c in range(channels):
                    for u in range(kh):
                        for v in range(kw):
                            pixel = image[c, i * stride + u, j * stride + v]
                            out[o, i, j] += pixel * weight[o, c, u, v]
        if bias is not None:
            out[o] += bias[o]
    return out


@knockout(
    of="conv2d_loops",
    killed_by="test_unit_conv2d_loops_sizes",
    says="rows and columns are exchanged",
)
def loops_places_exchanged(image, weight, bias=None, stride=1, padding=0):
    image = np.pad(image, ((0, 0), (padding, padding), (padding, padding)))
    filters, channels, kh, kw = weight.shape
    rows, columns = output_size(image.shape[1], kh, stride), output_size(image.shape[2], kw, stride)
    out = np.zeros((filters, rows, columns), np.result_type(image, weight))
    for o in range(filters):
        for i in range(rows):
            for j in range(columns):
                for c in range(channels):
                    for u in range(kh):
                        for v in range(kw):
                            pixel = image[c, j * stride + u, i * stride + v]
                            out[o, i, j] += pixel * weight[o, c, u, v]
        if bias is not None:
            out[o] += bias[o]
    return out


@knockout(
    of="conv2d_loops",
    killed_by="test_unit_conv2d_loops_sizes",
    says="a channel overwrites what the one before it brought",
)
def loops_last_channel_only(image, weight, bias=None, stride=1, padding=0):
    image = np.pad(image, ((0, 0), (padding, padding), (padding, padding)))
    filters, channels, kh, kw = weight.shape
    rows, columns = output_size(image.shape[1], kh, stride), output_size(image.shape[2], kw, stride)
    out = np.zeros((filters, rows, columns), np.result_type(image, weight))
    for o in range(filters):
        for i in range(rows):
            for j in range(columns):
                for c in range(channels):
                    out[o, i, j] = 0
                    for u in range(kh):
                        for v in range(kw):
                            pixel = image[c, i * stride + u, j * stride + v]
                            out[o, i, j] += pixel * weight[o, c, u, v]
        if bias is not None:
            out[o] += bias[o]
    return out


@knockout(
    of="conv2d_loops",
    killed_by="test_unit_conv2d_loops_sizes",
    says="every channel is weighed with the weights of the first",
)
def loops_first_channel_only(image, weight, bias=None, stride=1, padding=0):
    image = np.pad(image, ((0, 0), (padding, padding), (padding, padding)))
    filters, channels, kh, kw = weight.shape
    rows, columns = output_size(image.shape[1], kh, stride), output_size(image.shape[2], kw, stride)
    out = np.zeros((filters, rows, columns), np.result_type(image, weight))
    for o in range(filters):
        for i in range(rows):
            for j in range(columns):
                for c in range(channels):
                    for u in range(kh):
                        for v in range(kw):
                            pixel = image[c, i * stride + u, j * stride + v]
                            out[o, i, j] += pixel * weight[o, 0, u, v]
        if bias is not None:
            out[o] += bias[o]
    return out


@knockout(
    of="conv2d_loops",
    killed_by="test_unit_conv2d_loops_bias",
    says="the bias is added once for each channel",
)
def loops_bias_per_channel(image, weight, bias=None, stride=1, padding=0):
    image = np.pad(image, ((0, 0), (padding, padding), (padding, padding)))
    filters, channels, kh, kw = weight.shape
    rows, columns = output_size(image.shape[1], kh, stride), output_size(image.shape[2], kw, stride)
    out = np.zeros((filters, rows, columns), np.result_type(image, weight))
    for o in range(filters):
        for i in range(rows):
            for j in range(columns):
                for c in range(channels):
                    if bias is not None:
                        out[o, i, j] += bias[o]
                    for u in range(kh):
                        for v in range(kw):
                            pixel = image[c, i * stride + u, j * stride + v]
                            out[o, i, j] += pixel * weight[o, c, u, v]
    return out


@knockout(
    of="conv2d_loops",
    killed_by="test_unit_conv2d_loops_bias",
    says="the bias is forgotten",
)
def loops_bias_forgotten(image, weight, bias=None, stride=1, padding=0):
    image = np.pad(image, ((0, 0), (padding, padding), (padding, padding)))
    filters, channels, kh, kw = weight.shape
    rows, columns = output_size(image.shape[1], kh, stride), output_size(image.shape[2], kw, stride)
    out = np.zeros((filters, rows, columns), np.result_type(image, weight))
    for o in range(filters):
        for i in range(rows):
            for j in range(columns):
                for c in range(channels):
                    for u in range(kh):
                        for v in range(kw):
                            pixel = image[c, i * stride + u, j * stride + v]
                            out[o, i, j] += pixel * weight[o, c, u, v]
    return out


@knockout(
    of="conv2d_loops",
    killed_by="test_unit_conv2d_loops_bias",
    says="all biases go to every filter",
)
def loops_bias_of_position(image, weight, bias=None, stride=1, padding=0):
    image = np.pad(image, ((0, 0), (padding, padding), (padding, padding)))
    filters, channels, kh, kw = weight.shape
    rows, columns = output_size(image.shape[1], kh, stride), output_size(image.shape[2], kw, stride)
    out = np.zeros((filters, rows, columns), np.result_type(image, weight))
    for o in range(filters):
        for i in range(rows):
            for j in range(columns):
                for c in range(channels):
                    for u in range(kh):
                        for v in range(kw):
                            pixel = image[c, i * stride + u, j * stride + v]
                            out[o, i, j] += pixel * weight[o, c, u, v]
        if bias is not None:
            out[o] += bias.sum()
    return out


@knockout(
    of="conv2d_loops",
    killed_by="test_unit_conv2d_loops_dtype",
    says="the result is float64, whatever the image is",
)
def loops_always_float64(image, weight, bias=None, stride=1, padding=0):
    image = np.pad(image, ((0, 0), (padding, padding), (padding, padding)))
    filters, channels, kh, kw = weight.shape
    rows, columns = output_size(image.shape[1], kh, stride), output_size(image.shape[2], kw, stride)
    out = np.zeros((filters, rows, columns))
    for o in range(filters):
        for i in range(rows):
            for j in range(columns):
                for c in range(channels):
                    for u in range(kh):
                        for v in range(kw):
                            pixel = image[c, i * stride + u, j * stride + v]
                            out[o, i, j] += pixel * weight[o, c, u, v]
        if bias is not None:
            out[o] += bias[o]
    return out


@knockout(
    of="conv2d_loops",
    killed_by="test_unit_conv2d_loops_whole_numbers",
    says="whole numbers in the image cut the fractions off",
)
def loops_dtype_of_the_image(image, weight, bias=None, stride=1, padding=0):
    image = np.pad(image, ((0, 0), (padding, padding), (padding, padding)))
    filters, channels, kh, kw = weight.shape
    rows, columns = output_size(image.shape[1], kh, stride), output_size(image.shape[2], kw, stride)
    out = np.zeros((filters, rows, columns), image.dtype)
    for o in range(filters):
        for i in range(rows):
            for j in range(columns):
                for c in range(channels):
                    for u in range(kh):
                        for v in range(kw):
                            pixel = image[c, i * stride + u, j * stride + v]
                            out[o, i, j] += pixel * weight[o, c, u, v]
        if bias is not None:
            out[o] += bias[o]
    return out


@knockout(
    of="conv2d_loops",
    killed_by="test_unit_conv2d_loops_whole_numbers",
    says="whole numbers in the filter cut the fractions off",
)
def loops_dtype_of_the_weight(image, weight, bias=None, stride=1, padding=0):
    image = np.pad(image, ((0, 0), (padding, padding), (padding, padding)))
    filters, channels, kh, kw = weight.shape
    rows, columns = output_size(image.shape[1], kh, stride), output_size(image.shape[2], kw, stride)
    out = np.zeros((filters, rows, columns), weight.dtype)
    for o in range(filters):
        for i in range(rows):
            for j in range(columns):
                for c in range(channels):
                    for u in range(kh):
                        for v in range(kw):
                            pixel = image[c, i * stride + u, j * stride + v]
                            out[o, i, j] += pixel * weight[o, c, u, v]
        if bias is not None:
            out[o] += bias[o]
    return out


@knockout(
    of="conv2d_loops",
    killed_by="test_unit_conv2d_loops_does_not_fit",
    says="the number of places is not checked: a window too large gives nothing",
)
def loops_window_wraps(image, weight, bias=None, stride=1, padding=0):
    image = np.pad(image, ((0, 0), (padding, padding), (padding, padding)))
    filters, channels, kh, kw = weight.shape
    rows, columns = (image.shape[1] - kh) // stride + 1, (image.shape[2] - kw) // stride + 1
    dtype = np.result_type(image, weight)
    out = np.zeros((filters, max(rows, 0), max(columns, 0)), dtype)
    for o in range(filters):
        for i in range(rows):
            for j in range(columns):
                for c in range(channels):
                    for u in range(kh):
                        for v in range(kw):
                            pixel = image[c, i * stride + u, j * stride + v]
                            out[o, i, j] += pixel * weight[o, c, u, v]
        if bias is not None:
            out[o] += bias[o]
    return out


@knockout(
    of="im2col",
    killed_by="test_unit_im2col_channels_last",
    says="a row holds one channel after the other",
)
def channels_first_in_a_row(x, kernel_size, stride=1, padding=0):
    (kh, kw), (sh, sw) = pair(kernel_size), pair(stride)
    x = padded(x, padding)
    windows = sliding_window_view(x, (kh, kw), axis=(2, 3))[:, :, ::sh, ::sw]
    n, c, rows, columns = windows.shape[:4]
    return windows.transpose(0, 2, 3, 1, 4, 5).reshape(n * rows * columns, kh * kw * c)


@knockout(
    of="im2col",
    killed_by="test_unit_im2col_channels_last",
    says="a reshape alone: the channels stay in front of the places",
)
def reshaped_without_transposing(x, kernel_size, stride=1, padding=0):
    (kh, kw), (sh, sw) = pair(kernel_size), pair(stride)
    x = padded(x, padding)
    windows = sliding_window_view(x, (kh, kw), axis=(2, 3))[:, :, ::sh, ::sw]
    n, c, rows, columns = windows.shape[:4]
    return windows.reshape(n * rows * columns, kh * kw * c)


@knockout(
    of="im2col",
    killed_by="test_unit_im2col_sizes",
    says="the windows come column by column",
)
def places_transposed(x, kernel_size, stride=1, padding=0):
    (kh, kw), (sh, sw) = pair(kernel_size), pair(stride)
    x = padded(x, padding)
    windows = sliding_window_view(x, (kh, kw), axis=(2, 3))[:, :, ::sh, ::sw]
    n, c, rows, columns = windows.shape[:4]
    return windows.transpose(0, 3, 2, 4, 5, 1).reshape(n * rows * columns, kh * kw * c)


@knockout(
    of="im2col",
    killed_by="test_unit_im2col_sizes",
    says="a window is read column by column",
)
def window_transposed(x, kernel_size, stride=1, padding=0):
    (kh, kw), (sh, sw) = pair(kernel_size), pair(stride)
    x = padded(x, padding)
    windows = sliding_window_view(x, (kh, kw), axis=(2, 3))[:, :, ::sh, ::sw]
    n, c, rows, columns = windows.shape[:4]
    return windows.transpose(0, 2, 3, 5, 4, 1).reshape(n * rows * columns, kh * kw * c)


@knockout(
    of="im2col",
    killed_by="test_unit_im2col_sizes",
    says="all pictures' first windows come first, then all second ones",
)
def pictures_last(x, kernel_size, stride=1, padding=0):
    (kh, kw), (sh, sw) = pair(kernel_size), pair(stride)
    x = padded(x, padding)
    windows = sliding_window_view(x, (kh, kw), axis=(2, 3))[:, :, ::sh, ::sw]
    n, c, rows, columns = windows.shape[:4]
    return windows.transpose(2, 3, 0, 4, 5, 1).reshape(n * rows * columns, kh * kw * c)


@knockout(
    of="im2col",
    killed_by="test_unit_im2col_sizes",
    says="the stride is ignored",
)
def im2col_stride_ignored(x, kernel_size, stride=1, padding=0):
    kh, kw = pair(kernel_size)
    x = padded(x, padding)
    windows = sliding_window_view(x, (kh, kw), axis=(2, 3))
    n, c, rows, columns = windows.shape[:4]
    return windows.transpose(0, 2, 3, 4, 5, 1).reshape(n * rows * columns, kh * kw * c)


@knockout(
    of="im2col",
    killed_by="test_unit_im2col_sizes",
    says="the strides of lines and columns are exchanged",
)
def im2col_strides_exchanged(x, kernel_size, stride=1, padding=0):
    (kh, kw), (sh, sw) = pair(kernel_size), pair(stride)
    x = padded(x, padding)
    windows = sliding_window_view(x, (kh, kw), axis=(2, 3))[:, :, ::sw, ::sh]
    n, c, rows, columns = windows.shape[:4]
    return windows.transpose(0, 2, 3, 4, 5, 1).reshape(n * rows * columns, kh * kw * c)


@knockout(
    of="im2col",
    killed_by="test_unit_im2col_sizes",
    says="height and width of the kernel are exchanged",
)
def im2col_kernel_exchanged(x, kernel_size, stride=1, padding=0):
    (kh, kw), (sh, sw) = pair(kernel_size), pair(stride)
    x = padded(x, padding)
    windows = sliding_window_view(x, (kw, kh), axis=(2, 3))[:, :, ::sh, ::sw]
    n, c, rows, columns = windows.shape[:4]
    return windows.transpose(0, 2, 3, 4, 5, 1).reshape(n * rows * columns, kh * kw * c)


@knockout(
    of="im2col",
    killed_by="test_unit_im2col_sizes",
    says="the padding is forgotten",
)
def im2col_padding_forgotten(x, kernel_size, stride=1, padding=0):
    (kh, kw), (sh, sw) = pair(kernel_size), pair(stride)
    x = padded(x)
    windows = sliding_window_view(x, (kh, kw), axis=(2, 3))[:, :, ::sh, ::sw]
    n, c, rows, columns = windows.shape[:4]
    return windows.transpose(0, 2, 3, 4, 5, 1).reshape(n * rows * columns, kh * kw * c)


@knockout(
    of="im2col",
    killed_by="test_unit_im2col_sizes",
    says="the kernel's height serves as its width",
)
def im2col_kernel_square(x, kernel_size, stride=1, padding=0):
    (kh, kw), (sh, sw) = pair(kernel_size), pair(stride)
    kw = kh
    x = padded(x, padding)
    windows = sliding_window_view(x, (kh, kw), axis=(2, 3))[:, :, ::sh, ::sw]
    n, c, rows, columns = windows.shape[:4]
    return windows.transpose(0, 2, 3, 4, 5, 1).reshape(n * rows * columns, kh * kw * c)


@knockout(
    of="im2col",
    killed_by="test_unit_im2col_empty",
    says="-1 for a size, which an empty batch leaves open",
)
def rows_left_to_reshape(x, kernel_size, stride=1, padding=0):
    (kh, kw), (sh, sw) = pair(kernel_size), pair(stride)
    x = padded(x, padding)
    windows = sliding_window_view(x, (kh, kw), axis=(2, 3))[:, :, ::sh, ::sw]
    n, _, rows, columns = windows.shape[:4]
    return windows.transpose(0, 2, 3, 4, 5, 1).reshape(n * rows * columns, -1)


@knockout(
    of="im2col",
    killed_by="test_unit_im2col_sizes",
    says="windows are columns, not rows",
)
def transposed_matrix(x, kernel_size, stride=1, padding=0):
    (kh, kw), (sh, sw) = pair(kernel_size), pair(stride)
    x = padded(x, padding)
    windows = sliding_window_view(x, (kh, kw), axis=(2, 3))[:, :, ::sh, ::sw]
    n, c, rows, columns = windows.shape[:4]
    return windows.transpose(0, 2, 3, 4, 5, 1).reshape(n * rows * columns, kh * kw * c).T


@knockout(
    of="im2col",
    killed_by="test_unit_im2col_no_loop",
    says="a Python loop cuts window after window",
)
def im2col_by_a_loop(x, kernel_size, stride=1, padding=0):
    (kh, kw), (sh, sw) = pair(kernel_size), pair(stride)
    x = padded(x, padding)
    rows, columns = places(x, (kh, kw), (sh, sw), 0)
    out = np.empty((len(x), rows, columns, kh, kw, x.shape[1]), x.dtype)
    for i in range(rows):
        for j in range(columns):
            cut = x[:, :, i * sh : i * sh + kh, j * sw : j * sw + kw]
            out[:, i, j] = cut.transpose(0, 2, 3, 1)
    return out.reshape(len(x) * rows * columns, kh * kw * x.shape[1])


@knockout(
    of="im2col",
    killed_by="test_unit_im2col_memory",
    says="the columns are float64",
)
def im2col_float64(x, kernel_size, stride=1, padding=0):
    (kh, kw), (sh, sw) = pair(kernel_size), pair(stride)
    x = padded(x, padding)
    windows = sliding_window_view(x, (kh, kw), axis=(2, 3))[:, :, ::sh, ::sw]
    n, c, rows, columns = windows.shape[:4]
    return (
        windows.astype(float).transpose(0, 2, 3, 4, 5, 1).reshape(n * rows * columns, kh * kw * c)
    )


@knockout(
    of="im2col",
    killed_by="test_unit_im2col_memory",
    says="the order of the memory decides, not that of the axes",
)
def im2col_as_it_lies(x, kernel_size, stride=1, padding=0):
    (kh, kw), (sh, sw) = pair(kernel_size), pair(stride)
    x = padded(x, padding)
    windows = sliding_window_view(x, (kh, kw), axis=(2, 3))[:, :, ::sh, ::sw]
    n, c, rows, columns = windows.shape[:4]
    return (
        windows.transpose(0, 2, 3, 4, 5, 1)
        .ravel(order="K")
        .reshape(n * rows * columns, kh * kw * c)
    )


@knockout(
    of="conv2d",
    killed_by="test_unit_conv2d_not_flipped",
    says="the filter is flipped",
)
def conv_kernel_flipped(x, weight, bias=None, *, stride=1, padding=0):
    height, width = output_places(x, weight, stride, padding)
    out = np.empty((len(x) * height * width, len(weight)), x.dtype)
    matrix = as_matrix(weight[:, :, ::-1, ::-1])
    for rows, columns in column_blocks(x, weight.shape[2:], stride, padding):
        np.matmul(columns, matrix, out=out[rows])
        if bias is not None:
            out[rows] += bias
    return as_pictures(out, height, width)


@knockout(
    of="conv2d",
    killed_by="test_unit_conv2d_sizes",
    says="the stride is ignored",
)
def conv_stride_ignored(x, weight, bias=None, *, stride=1, padding=0):
    height, width = output_places(x, weight, 1, padding)
    out = np.empty((len(x) * height * width, len(weight)), x.dtype)
    matrix = as_matrix(weight)
    for rows, columns in column_blocks(x, weight.shape[2:], 1, padding):
        np.matmul(columns, matrix, out=out[rows])
        if bias is not None:
            out[rows] += bias
    return as_pictures(out, height, width)


@knockout(
    of="conv2d",
    killed_by="test_unit_conv2d_sizes",
    says="the padding is ignored",
)
def conv_padding_ignored(x, weight, bias=None, *, stride=1, padding=0):
    height, width = output_places(x, weight, stride, 0)
    out = np.empty((len(x) * height * width, len(weight)), x.dtype)
    matrix = as_matrix(weight)
    for rows, columns in column_blocks(x, weight.shape[2:], stride):
        np.matmul(columns, matrix, out=out[rows])
        if bias is not None:
            out[rows] += bias
    return as_pictures(out, height, width)


@knockout(
    of="conv2d",
    killed_by="test_unit_conv2d_sizes",
    says="column_blocks is not told of the padding: rows stay unwritten",
)
def conv_rows_left_unwritten(x, weight, bias=None, *, stride=1, padding=0):
    height, width = output_places(x, weight, stride, padding)
    out = np.empty((len(x) * height * width, len(weight)), x.dtype)
    matrix = as_matrix(weight)
    for rows, columns in column_blocks(x, weight.shape[2:], stride):
        np.matmul(columns, matrix, out=out[rows])
        if bias is not None:
            out[rows] += bias
    return as_pictures(out, height, width)


@knockout(
    of="conv2d",
    killed_by="test_unit_conv2d_sizes",
    says="the padding lies on the top and the left only",
)
def conv_padding_on_one_side(x, weight, bias=None, *, stride=1, padding=0):
    ph, pw = pair(padding)
    x = np.pad(x, ((0, 0), (0, 0), (2 * ph, 0), (2 * pw, 0)))
    height, width = output_places(x, weight, stride, 0)
    out = np.empty((len(x) * height * width, len(weight)), x.dtype)
    matrix = as_matrix(weight)
    for rows, columns in column_blocks(x, weight.shape[2:], stride):
        np.matmul(columns, matrix, out=out[rows])
        if bias is not None:
            out[rows] += bias
    return as_pictures(out, height, width)


@knockout(
    of="conv2d",
    killed_by="test_unit_conv2d_sizes",
    says="only the first side of the kernel counts",
)
def conv_kernel_not_a_pair(x, weight, bias=None, *, stride=1, padding=0):
    height, width = output_places(x, weight, stride, padding)
    out = np.empty((len(x) * height * width, len(weight)), x.dtype)
    matrix = as_matrix(weight)
    for rows, columns in column_blocks(x, weight.shape[2], stride, padding):
        np.matmul(columns, matrix, out=out[rows])
        if bias is not None:
            out[rows] += bias
    return as_pictures(out, height, width)


@knockout(
    of="conv2d",
    killed_by="test_unit_conv2d_sizes",
    says="the filters are laid out channels first, the rows are not",
)
def filters_in_another_order(x, weight, bias=None, *, stride=1, padding=0):
    height, width = output_places(x, weight, stride, padding)
    out = np.empty((len(x) * height * width, len(weight)), x.dtype)
    matrix = weight.reshape(len(weight), -1).T
    for rows, columns in column_blocks(x, weight.shape[2:], stride, padding):
        np.matmul(columns, matrix, out=out[rows])
        if bias is not None:
            out[rows] += bias
    return as_pictures(out, height, width)


@knockout(
    of="conv2d",
    killed_by="test_unit_conv2d_sizes",
    says="rows of all filters are reshaped to (N, O, OH, OW), not transposed",
)
def conv_reshaped_for_transposed(x, weight, bias=None, *, stride=1, padding=0):
    height, width = output_places(x, weight, stride, padding)
    out = np.empty((len(x) * height * width, len(weight)), x.dtype)
    matrix = as_matrix(weight)
    for rows, columns in column_blocks(x, weight.shape[2:], stride, padding):
        np.matmul(columns, matrix, out=out[rows])
        if bias is not None:
            out[rows] += bias
    return out.reshape(len(x), len(weight), height, width)


@knockout(
    of="conv2d",
    killed_by="test_unit_conv2d_example",
    says="the result stays (N * OH * OW, O)",
)
def conv_left_as_rows(x, weight, bias=None, *, stride=1, padding=0):
    height, width = output_places(x, weight, stride, padding)
    out = np.empty((len(x) * height * width, len(weight)), x.dtype)
    matrix = as_matrix(weight)
    for rows, columns in column_blocks(x, weight.shape[2:], stride, padding):
        np.matmul(columns, matrix, out=out[rows])
        if bias is not None:
            out[rows] += bias
    return out


@knockout(
    of="conv2d",
    killed_by="test_unit_conv2d_example",
    says="the result is (N, OH, OW, O)",
)
def conv_left_channels_last(x, weight, bias=None, *, stride=1, padding=0):
    height, width = output_places(x, weight, stride, padding)
    out = np.empty((len(x) * height * width, len(weight)), x.dtype)
    matrix = as_matrix(weight)
    for rows, columns in column_blocks(x, weight.shape[2:], stride, padding):
        np.matmul(columns, matrix, out=out[rows])
        if bias is not None:
            out[rows] += bias
    return out.reshape(len(x), height, width, len(weight))


@knockout(
    of="conv2d",
    killed_by="test_unit_conv2d_sizes",
    says="height and width of the result are exchanged",
)
def conv_rows_and_columns_exchanged(x, weight, bias=None, *, stride=1, padding=0):
    height, width = output_places(x, weight, stride, padding)
    out = np.empty((len(x) * height * width, len(weight)), x.dtype)
    matrix = as_matrix(weight)
    for rows, columns in column_blocks(x, weight.shape[2:], stride, padding):
        np.matmul(columns, matrix, out=out[rows])
        if bias is not None:
            out[rows] += bias
    return as_pictures(out, width, height)


@knockout(
    of="conv2d",
    killed_by="test_unit_conv2d_sizes",
    says="the bias is forgotten",
)
def conv_bias_forgotten(x, weight, bias=None, *, stride=1, padding=0):
    height, width = output_places(x, weight, stride, padding)
    out = np.empty((len(x) * height * width, len(weight)), x.dtype)
    matrix = as_matrix(weight)
    for rows, columns in column_blocks(x, weight.shape[2:], stride, padding):
        np.matmul(columns, matrix, out=out[rows])
    return as_pictures(out, height, width)


@knockout(
    of="conv2d",
    killed_by="test_unit_conv2d_sizes",
    says="without a bias it fails",
)
def conv_bias_wanted(x, weight, bias=None, *, stride=1, padding=0):
    height, width = output_places(x, weight, stride, padding)
    out = np.empty((len(x) * height * width, len(weight)), x.dtype)
    matrix = as_matrix(weight)
    for rows, columns in column_blocks(x, weight.shape[2:], stride, padding):
        np.matmul(columns, matrix, out=out[rows])
        out[rows] += bias
    return as_pictures(out, height, width)


@knockout(
    of="conv2d",
    killed_by="test_unit_conv2d_sizes",
    says="the bias is added once for each channel of x",
)
def conv_bias_per_channel(x, weight, bias=None, *, stride=1, padding=0):
    height, width = output_places(x, weight, stride, padding)
    out = np.empty((len(x) * height * width, len(weight)), x.dtype)
    matrix = as_matrix(weight)
    for rows, columns in column_blocks(x, weight.shape[2:], stride, padding):
        np.matmul(columns, matrix, out=out[rows])
        if bias is not None:
            out[rows] += bias * x.shape[1]
    return as_pictures(out, height, width)


@knockout(
    of="conv2d",
    killed_by="test_unit_conv2d_in_blocks",
    says="each block adds the bias to all outputs that are there",
)
def conv_bias_in_every_round(x, weight, bias=None, *, stride=1, padding=0):
    height, width = output_places(x, weight, stride, padding)
    out = np.empty((len(x) * height * width, len(weight)), x.dtype)
    matrix = as_matrix(weight)
    for rows, columns in column_blocks(x, weight.shape[2:], stride, padding):
        np.matmul(columns, matrix, out=out[rows])
        if bias is not None:
            out[: rows.stop] += bias
    return as_pictures(out, height, width)


@knockout(
    of="conv2d",
    killed_by="test_unit_conv2d_in_blocks",
    says="the bias is added after the loop, to the last block only",
)
def conv_bias_of_the_last_block(x, weight, bias=None, *, stride=1, padding=0):
    height, width = output_places(x, weight, stride, padding)
    out = np.empty((len(x) * height * width, len(weight)), x.dtype)
    matrix = as_matrix(weight)
    for rows, columns in column_blocks(x, weight.shape[2:], stride, padding):
        np.matmul(columns, matrix, out=out[rows])
    if bias is not None:
        out[rows] += bias
    return as_pictures(out, height, width)


@knockout(
    of="conv2d",
    killed_by="test_unit_conv2d_in_blocks",
    says="each block is written to the first rows",
)
def conv_every_block_at_the_start(x, weight, bias=None, *, stride=1, padding=0):
    height, width = output_places(x, weight, stride, padding)
    out = np.empty((len(x) * height * width, len(weight)), x.dtype)
    matrix = as_matrix(weight)
    for rows, columns in column_blocks(x, weight.shape[2:], stride, padding):
        np.matmul(columns, matrix, out=out[: len(columns)])
        if bias is not None and rows.start == 0:
            out += bias
    return as_pictures(out, height, width)


@knockout(
    of="conv2d",
    killed_by="test_unit_conv2d_in_blocks",
    says="all blocks are taken to be as long as this one",
)
def conv_blocks_of_one_size(x, weight, bias=None, *, stride=1, padding=0):
    height, width = output_places(x, weight, stride, padding)
    out = np.empty((len(x) * height * width, len(weight)), x.dtype)
    matrix = as_matrix(weight)
    for number, (_, columns) in enumerate(column_blocks(x, weight.shape[2:], stride, padding)):
        rows = slice(number * len(columns), (number + 1) * len(columns))
        out[rows] = (columns @ matrix)[: len(out[rows])]
        if bias is not None:
            out[rows] += bias
    return as_pictures(out, height, width)


@knockout(
    of="conv2d",
    killed_by="test_unit_conv2d_in_blocks",
    says="it stops after the first block",
)
def conv_stops_after_a_block(x, weight, bias=None, *, stride=1, padding=0):
    height, width = output_places(x, weight, stride, padding)
    out = np.empty((len(x) * height * width, len(weight)), x.dtype)
    matrix = as_matrix(weight)
    for rows, columns in column_blocks(x, weight.shape[2:], stride, padding):
        np.matmul(columns, matrix, out=out[rows])
        if bias is not None:
            out[rows] += bias
        break
    return as_pictures(out, height, width)


@knockout(
    of="conv2d",
    killed_by="test_unit_conv2d_peak_of_memory",
    says="the columns of the whole batch are made at once",
)
def columns_of_the_whole_batch(x, weight, bias=None, *, stride=1, padding=0):
    height, width = output_places(x, weight, stride, padding)
    out = im2col(x, weight.shape[2:], stride, padding) @ as_matrix(weight)
    if bias is not None:
        out += bias
    return as_pictures(out, height, width)


@knockout(
    of="conv2d",
    killed_by="test_unit_conv2d_peak_of_memory",
    says="all blocks are collected before the first product",
)
def all_blocks_kept(x, weight, bias=None, *, stride=1, padding=0):
    height, width = output_places(x, weight, stride, padding)
    out = np.empty((len(x) * height * width, len(weight)), x.dtype)
    matrix = as_matrix(weight)
    for rows, columns in list(column_blocks(x, weight.shape[2:], stride, padding)):
        np.matmul(columns, matrix, out=out[rows])
        if bias is not None:
            out[rows] += bias
    return as_pictures(out, height, width)


@knockout(
    of="conv2d",
    killed_by="test_unit_conv2d_memory",
    says="the result is copied, so that the channels come first in memory",
)
def conv_copied_channels_first(x, weight, bias=None, *, stride=1, padding=0):
    height, width = output_places(x, weight, stride, padding)
    out = np.empty((len(x) * height * width, len(weight)), x.dtype)
    matrix = as_matrix(weight)
    for rows, columns in column_blocks(x, weight.shape[2:], stride, padding):
        np.matmul(columns, matrix, out=out[rows])
        if bias is not None:
            out[rows] += bias
    return np.ascontiguousarray(as_pictures(out, height, width))


@knockout(
    of="conv2d",
    killed_by="test_unit_conv2d_no_loop",
    says="a Python loop walks over the places",
)
def conv_by_a_loop(x, weight, bias=None, *, stride=1, padding=0):
    height, width = output_places(x, weight, stride, padding)
    out = np.empty((len(x), len(weight), height, width), x.dtype)
    (sh, sw), (kh, kw) = pair(stride), weight.shape[2:]
    around = padded(x, padding)
    for i in range(height):
        for j in range(width):
            cut = around[:, :, i * sh : i * sh + kh, j * sw : j * sw + kw]
            out[:, :, i, j] = np.tensordot(cut, weight, ((1, 2, 3), (1, 2, 3)))
    if bias is not None:
        out += bias[:, None, None]
    return out


@knockout(
    of="conv2d",
    killed_by="test_unit_conv2d_no_loop",
    says="it calls the six loops, picture by picture",
)
def conv_by_six_loops(x, weight, bias=None, *, stride=1, padding=0):
    height, width = output_places(x, weight, stride, padding)
    sh, sw = pair(stride)
    around = padded(x, padding)
    out = [conv2d_loops(image, weight, bias)[:, ::sh, ::sw] for image in around]
    return np.array(out, x.dtype).reshape(len(x), len(weight), height, width)


@knockout(
    of="conv2d",
    killed_by="test_unit_conv2d_dtype",
    says="the result is float64",
)
def conv_always_float64(x, weight, bias=None, *, stride=1, padding=0):
    height, width = output_places(x, weight, stride, padding)
    out = np.empty((len(x) * height * width, len(weight)))
    matrix = as_matrix(weight)
    for rows, columns in column_blocks(x, weight.shape[2:], stride, padding):
        np.matmul(columns, matrix, out=out[rows])
        if bias is not None:
            out[rows] += bias
    return as_pictures(out, height, width)


@knockout(
    of="conv2d",
    killed_by="test_unit_conv2d_dtype",
    says="the result is float32",
)
def conv_always_float32(x, weight, bias=None, *, stride=1, padding=0):
    height, width = output_places(x, weight, stride, padding)
    out = np.empty((len(x) * height * width, len(weight)), np.float32)
    matrix = as_matrix(weight)
    for rows, columns in column_blocks(x, weight.shape[2:], stride, padding):
        out[rows] = columns @ matrix
        if bias is not None:
            out[rows] += bias
    return as_pictures(out, height, width)


@knockout(
    of="conv2d",
    killed_by="test_unit_conv2d_in_blocks",
    says="the products are added to whatever lies in new memory",
)
def conv_outputs_not_begun(x, weight, bias=None, *, stride=1, padding=0):
    height, width = output_places(x, weight, stride, padding)
    out = np.full((len(x) * height * width, len(weight)), 0.25, x.dtype)
    matrix = as_matrix(weight)
    for rows, columns in column_blocks(x, weight.shape[2:], stride, padding):
        out[rows] += columns @ matrix
        if bias is not None:
            out[rows] += bias
    return as_pictures(out, height, width)


@knockout(
    of="conv2d",
    killed_by="test_unit_conv2d_does_not_fit",
    says="nobody asks whether the channels fit",
)
def conv_of_any_channels(x, weight, bias=None, *, stride=1, padding=0):
    height, width = places(x, weight.shape[2:], stride, padding)
    out = np.empty((len(x) * height * width, len(weight)), x.dtype)
    matrix = as_matrix(weight)
    for rows, columns in column_blocks(x, weight.shape[2:], stride, padding):
        out[rows] = columns[:, : len(matrix)] @ matrix[: columns.shape[1]]
        if bias is not None:
            out[rows] += bias
    return as_pictures(out, height, width)


@knockout(
    of="conv2d",
    killed_by="test_unit_conv2d_of_one_and_of_none",
    says="an empty batch has no first block to begin with",
)
def conv_of_a_batch_of_none(x, weight, bias=None, *, stride=1, padding=0):
    height, width = output_places(x, weight, stride, padding)
    out = np.empty((len(x) * height * width, len(weight)), x.dtype)
    matrix = as_matrix(weight)
    next(column_blocks(x, weight.shape[2:], stride, padding))
    for rows, columns in column_blocks(x, weight.shape[2:], stride, padding):
        np.matmul(columns, matrix, out=out[rows])
        if bias is not None:
            out[rows] += bias
    return as_pictures(out, height, width)


@knockout(
    of="conv2d",
    killed_by="test_unit_conv2d_of_one_and_of_none",
    says="a batch of one loses its axis",
)
def conv_batch_of_one_squeezed(x, weight, bias=None, *, stride=1, padding=0):
    height, width = output_places(x, weight, stride, padding)
    out = np.empty((len(x) * height * width, len(weight)), x.dtype)
    matrix = as_matrix(weight)
    for rows, columns in column_blocks(x, weight.shape[2:], stride, padding):
        np.matmul(columns, matrix, out=out[rows])
        if bias is not None:
            out[rows] += bias
    return as_pictures(out, height, width).squeeze()


@knockout(
    of="conv2d_bias",
    killed_by="test_unit_conv2d_bias_example",
    says="the shares are not added up over the positions",
)
def bias_not_over_positions(g, out, x, weight, bias=None, *, stride=1, padding=0):
    return g.sum(axis=0)


@knockout(
    of="conv2d_bias",
    killed_by="test_unit_conv2d_bias_example",
    says="the shares are not added up over the pictures",
)
def bias_not_over_pictures(g, out, x, weight, bias=None, *, stride=1, padding=0):
    return g[0].sum(axis=(1, 2))


@knockout(
    of="conv2d_bias",
    killed_by="test_unit_conv2d_bias_example",
    says="the mean of the shares for their sum",
)
def bias_mean(g, out, x, weight, bias=None, *, stride=1, padding=0):
    return g.mean(axis=(0, 2, 3))


@knockout(
    of="conv2d_bias",
    killed_by="test_unit_conv2d_bias_example",
    says="the mean over the batch, the sum over positions",
)
def bias_mean_of_the_batch(g, out, x, weight, bias=None, *, stride=1, padding=0):
    return g.sum(axis=(2, 3)).mean(axis=0)


@knockout(
    of="conv2d_bias",
    killed_by="test_unit_conv2d_bias_example",
    says="all filters get the sum of all",
)
def bias_over_channels(g, out, x, weight, bias=None, *, stride=1, padding=0):
    return np.full(g.shape[1], g.sum())


@knockout(
    of="conv2d_bias",
    killed_by="test_unit_conv2d_bias_example",
    says="it adds up over the filters, and keeps the columns",
)
def bias_wrong_axis(g, out, x, weight, bias=None, *, stride=1, padding=0):
    return g.sum(axis=(0, 1, 2))


@knockout(
    of="conv2d_bias",
    killed_by="test_unit_conv2d_bias_example",
    says="the summed axes stay, of size 1",
)
def bias_kept_axes(g, out, x, weight, bias=None, *, stride=1, padding=0):
    return g.sum(axis=(0, 2, 3), keepdims=True)


@knockout(
    of="conv2d_bias",
    killed_by="test_unit_conv2d_bias_differences",
    says="g is forgotten: the number of places, whatever arrives",
)
def bias_ones(g, out, x, weight, bias=None, *, stride=1, padding=0):
    return np.full(g.shape[1], float(g.size // g.shape[1]))


@knockout(
    of="conv2d_bias",
    killed_by="test_unit_conv2d_bias_example",
    says="the sign is turned",
)
def bias_negative(g, out, x, weight, bias=None, *, stride=1, padding=0):
    return -g.sum(axis=(0, 2, 3))


@knockout(
    of="conv2d_bias",
    killed_by="test_unit_conv2d_bias_pure",
    says="the share is float64",
)
def bias_float64(g, out, x, weight, bias=None, *, stride=1, padding=0):
    return g.sum(axis=(0, 2, 3), dtype=np.float64)


@knockout(
    of="conv2d_bias",
    killed_by="test_unit_conv2d_bias_example",
    says="the border is left out",
)
def bias_one_too_few(g, out, x, weight, bias=None, *, stride=1, padding=0):
    return g[:, :, :-1, :-1].sum(axis=(0, 2, 3))


@knockout(
    of="conv2d_weight",
    killed_by="test_unit_conv2d_weight_differences",
    says="the stride is not handed on",
)
def weight_stride_ignored(g, out, x, weight, bias=None, *, stride=1, padding=0):
    g = as_rows(g)
    total = np.zeros_like(as_matrix(weight))
    for _, columns in column_blocks(x, weight.shape[2:], 1, padding):
        total += columns[: len(g)].T @ g[: len(columns)]
    return as_filters(total, weight.shape)


@knockout(
    of="conv2d_weight",
    killed_by="test_unit_conv2d_weight_differences",
    says="the padding is not handed on",
)
def weight_padding_ignored(g, out, x, weight, bias=None, *, stride=1, padding=0):
    g = as_rows(g)
    total = np.zeros_like(as_matrix(weight))
    for rows, columns in column_blocks(x, weight.shape[2:], stride):
        total += columns.T @ g[rows]
    return as_filters(total, weight.shape)


@knockout(
    of="conv2d_weight",
    killed_by="test_unit_conv2d_weight_in_blocks",
    says="the last block replaces the others",
)
def weight_last_block(g, out, x, weight, bias=None, *, stride=1, padding=0):
    g = as_rows(g)
    total = np.zeros_like(as_matrix(weight))
    for rows, columns in column_blocks(x, weight.shape[2:], stride, padding):
        total = columns.T @ g[rows]
    return as_filters(total, weight.shape)


@knockout(
    of="conv2d_weight",
    killed_by="test_unit_conv2d_weight_in_blocks",
    says="it stops after the first block",
)
def weight_first_block(g, out, x, weight, bias=None, *, stride=1, padding=0):
    g = as_rows(g)
    total = np.zeros_like(as_matrix(weight))
    for rows, columns in column_blocks(x, weight.shape[2:], stride, padding):
        total += columns.T @ g[rows]
        break
    return as_filters(total, weight.shape)


@knockout(
    of="conv2d_weight",
    killed_by="test_unit_conv2d_weight_in_blocks",
    says="every block is weighed with the first rows of g",
)
def weight_first_rows(g, out, x, weight, bias=None, *, stride=1, padding=0):
    g = as_rows(g)
    total = np.zeros_like(as_matrix(weight))
    for _, columns in column_blocks(x, weight.shape[2:], stride, padding):
        total += columns.T @ g[: len(columns)]
    return as_filters(total, weight.shape)


@knockout(
    of="conv2d_weight",
    killed_by="test_unit_conv2d_weight_differences",
    says="the share comes out turned by half a turn",
)
def weight_flipped(g, out, x, weight, bias=None, *, stride=1, padding=0):
    g = as_rows(g)
    total = np.zeros_like(as_matrix(weight))
    for rows, columns in column_blocks(x, weight.shape[2:], stride, padding):
        total += columns.T @ g[rows]
    return as_filters(total, weight.shape)[:, :, ::-1, ::-1]


@knockout(
    of="conv2d_weight",
    killed_by="test_unit_conv2d_weight_differences",
    says="it is put back channels first, and was channels last",
)
def weight_channels_first(g, out, x, weight, bias=None, *, stride=1, padding=0):
    g = as_rows(g)
    total = np.zeros_like(as_matrix(weight))
    for rows, columns in column_blocks(x, weight.shape[2:], stride, padding):
        total += columns.T @ g[rows]
    return total.T.reshape(weight.shape)


@knockout(
    of="conv2d_weight",
    killed_by="test_unit_conv2d_weight_differences",
    says="g is reshaped, not transposed",
)
def weight_g_not_transposed(g, out, x, weight, bias=None, *, stride=1, padding=0):
    g = g.reshape(-1, len(weight))
    total = np.zeros_like(as_matrix(weight))
    for rows, columns in column_blocks(x, weight.shape[2:], stride, padding):
        total += columns.T @ g[rows]
    return as_filters(total, weight.shape)


@knockout(
    of="conv2d_weight",
    killed_by="test_unit_conv2d_weight_differences",
    says="the mean over the pictures for the sum",
)
def weight_mean_of_the_batch(g, out, x, weight, bias=None, *, stride=1, padding=0):
    g = as_rows(g)
    total = np.zeros_like(as_matrix(weight))
    for rows, columns in column_blocks(x, weight.shape[2:], stride, padding):
        total += columns.T @ g[rows]
    return as_filters(total, weight.shape) / max(1, len(x))


@knockout(
    of="conv2d_weight",
    killed_by="test_unit_conv2d_weight_example",
    says="the share is left as a matrix",
)
def weight_left_as_matrix(g, out, x, weight, bias=None, *, stride=1, padding=0):
    g = as_rows(g)
    total = np.zeros_like(as_matrix(weight))
    for rows, columns in column_blocks(x, weight.shape[2:], stride, padding):
        total += columns.T @ g[rows]
    return total


@knockout(
    of="conv2d_weight",
    killed_by="test_unit_conv2d_weight_differences",
    says="the sum begins with the weight itself",
)
def weight_begins_with_weight(g, out, x, weight, bias=None, *, stride=1, padding=0):
    g = as_rows(g)
    total = as_matrix(weight).copy()
    for rows, columns in column_blocks(x, weight.shape[2:], stride, padding):
        total += columns.T @ g[rows]
    return as_filters(total, weight.shape)


@knockout(
    of="conv2d_weight",
    killed_by="test_unit_conv2d_weight_pure",
    says="the shares are added into the weight itself",
)
def weight_added_into_the_weight(g, out, x, weight, bias=None, *, stride=1, padding=0):
    g = as_rows(g)
    total = np.zeros_like(as_matrix(weight))
    for rows, columns in column_blocks(x, weight.shape[2:], stride, padding):
        total += columns.T @ g[rows]
    weight[...] = as_filters(total, weight.shape)
    return weight


@knockout(
    of="conv2d_weight",
    killed_by="test_unit_conv2d_weight_of_no_pictures",
    says="the sum begins with the number 0, which without a picture stays a number",
)
def weight_sum_begins_with_a_number(g, out, x, weight, bias=None, *, stride=1, padding=0):
    g, total = as_rows(g), 0
    for rows, columns in column_blocks(x, weight.shape[2:], stride, padding):
        total += columns.T @ g[rows]
    return as_filters(total, weight.shape)


@knockout(
    of="conv2d_weight",
    killed_by="test_unit_conv2d_weight_pure",
    says="the share is float64",
)
def weight_float64(g, out, x, weight, bias=None, *, stride=1, padding=0):
    g = as_rows(g)
    total = np.zeros(as_matrix(weight).shape)
    for rows, columns in column_blocks(x, weight.shape[2:], stride, padding):
        total += columns.T @ g[rows]
    return as_filters(total, weight.shape)


@knockout(
    of="conv2d_weight",
    killed_by="test_unit_conv2d_weight_differences",
    says="g is forgotten",
)
def weight_g_forgotten(g, out, x, weight, bias=None, *, stride=1, padding=0):
    g = as_rows(g)
    total = np.zeros_like(as_matrix(weight))
    for rows, columns in column_blocks(x, weight.shape[2:], stride, padding):
        total += columns.T @ np.ones_like(g[rows])
    return as_filters(total, weight.shape)


@knockout(
    of="conv2d_weight",
    killed_by="test_unit_conv2d_weight_peak_of_memory",
    says="the columns of the whole batch are made at once",
)
def weight_columns_of_the_whole_batch(g, out, x, weight, bias=None, *, stride=1, padding=0):
    total = im2col(x, weight.shape[2:], stride, padding).T @ as_rows(g)
    return as_filters(total, weight.shape)


@knockout(
    of="conv2d_x",
    killed_by="test_unit_conv2d_x_which_weight",
    says="the filters are not turned",
)
def x_without_the_half_turn(g, out, x, weight, bias=None, *, stride=1, padding=0):
    turned = weight.transpose(1, 0, 2, 3)
    return conv2d.forward(spread(g, x.shape, weight.shape[2:], stride, padding), turned)


@knockout(
    of="conv2d_x",
    killed_by="test_unit_conv2d_x_which_weight",
    says="the filters are turned upside down, and not back to front",
)
def x_turned_upside_down_only(g, out, x, weight, bias=None, *, stride=1, padding=0):
    turned = weight[:, :, ::-1].transpose(1, 0, 2, 3)
    return conv2d.forward(spread(g, x.shape, weight.shape[2:], stride, padding), turned)


@knockout(
    of="conv2d_x",
    killed_by="test_unit_conv2d_x_which_weight",
    says="the filters are turned back to front, and not upside down",
)
def x_back_to_front_only(g, out, x, weight, bias=None, *, stride=1, padding=0):
    turned = weight[:, :, :, ::-1].transpose(1, 0, 2, 3)
    return conv2d.forward(spread(g, x.shape, weight.shape[2:], stride, padding), turned)


@knockout(
    of="conv2d_x",
    killed_by="test_unit_conv2d_x_differences",
    says="O and C are not exchanged",
)
def x_filters_and_channels_not_exchanged(g, out, x, weight, bias=None, *, stride=1, padding=0):
    turned = weight[:, :, ::-1, ::-1]
    return conv2d.forward(spread(g, x.shape, weight.shape[2:], stride, padding), turned)


@knockout(
    of="conv2d_x",
    killed_by="test_unit_conv2d_x_differences",
    says="rows and columns of the filters are exchanged, too",
)
def x_kernel_transposed(g, out, x, weight, bias=None, *, stride=1, padding=0):
    turned = weight[:, :, ::-1, ::-1].transpose(1, 0, 3, 2)
    return conv2d.forward(spread(g, x.shape, weight.shape[2:], stride, padding), turned)


@knockout(
    of="conv2d_x",
    killed_by="test_unit_conv2d_x_differences",
    says="O and C are exchanged by a reshape",
)
def x_reshaped_filters(g, out, x, weight, bias=None, *, stride=1, padding=0):
    turned = weight[:, :, ::-1, ::-1].reshape(weight.shape[1], weight.shape[0], *weight.shape[2:])
    return conv2d.forward(spread(g, x.shape, weight.shape[2:], stride, padding), turned)


@knockout(
    of="conv2d_x",
    killed_by="test_unit_conv2d_x_differences",
    says="all axes of the filters are turned, also those of filters and channels",
)
def x_all_axes_turned(g, out, x, weight, bias=None, *, stride=1, padding=0):
    turned = weight[::-1, ::-1, ::-1, ::-1].transpose(1, 0, 2, 3)
    return conv2d.forward(spread(g, x.shape, weight.shape[2:], stride, padding), turned)


@knockout(
    of="conv2d_x",
    killed_by="test_unit_conv2d_x_differences",
    says="g is not spread by the stride",
)
def x_stride_ignored(g, out, x, weight, bias=None, *, stride=1, padding=0):
    turned = weight[:, :, ::-1, ::-1].transpose(1, 0, 2, 3)
    return conv2d.forward(spread(g, x.shape, weight.shape[2:], 1, padding), turned)


@knockout(
    of="conv2d_x",
    killed_by="test_unit_conv2d_x_differences",
    says="the padding is forgotten",
)
def x_padding_ignored(g, out, x, weight, bias=None, *, stride=1, padding=0):
    turned = weight[:, :, ::-1, ::-1].transpose(1, 0, 2, 3)
    return conv2d.forward(spread(g, x.shape, weight.shape[2:], stride, 0), turned)


@knockout(
    of="conv2d_x",
    killed_by="test_unit_conv2d_x_differences",
    says="the stride is applied again by the convolution",
)
def x_stride_applied_twice(g, out, x, weight, bias=None, *, stride=1, padding=0):
    turned = weight[:, :, ::-1, ::-1].transpose(1, 0, 2, 3)
    return conv2d.forward(
        spread(g, x.shape, weight.shape[2:], stride, padding), turned, stride=stride
    )


@knockout(
    of="conv2d_x",
    killed_by="test_unit_conv2d_x_differences",
    says="kernel - 1 zeros lie around g, none within: right without stride and padding only",
)
def x_through_full_padding(g, out, x, weight, bias=None, *, stride=1, padding=0):
    turned = weight[:, :, ::-1, ::-1].transpose(1, 0, 2, 3)
    kh, kw = weight.shape[2:]
    return conv2d.forward(g, turned, padding=(kh - 1, kw - 1))


@knockout(
    of="conv2d_x",
    killed_by="test_unit_conv2d_x_peak_of_memory",
    says="the columns of the whole batch are made at once",
)
def x_columns_of_the_whole_batch(g, out, x, weight, bias=None, *, stride=1, padding=0):
    turned = weight[:, :, ::-1, ::-1].transpose(1, 0, 2, 3)
    wide = spread(g, x.shape, weight.shape[2:], stride, padding)
    rows = im2col(wide, weight.shape[2:]) @ as_matrix(turned)
    return rows.reshape(len(x), *x.shape[2:], x.shape[1]).transpose(0, 3, 1, 2)


@knockout(
    of="conv2d_x",
    killed_by="test_unit_conv2d_x_no_loop",
    says="a Python loop adds each output's share to its window",
)
def x_place_by_place(g, out, x, weight, bias=None, *, stride=1, padding=0):
    (sh, sw), (kh, kw) = pair(stride), weight.shape[2:]
    back = np.zeros_like(padded(x, padding))
    for i in range(g.shape[2]):
        for j in range(g.shape[3]):
            share = np.tensordot(g[:, :, i, j], weight, 1)
            back[:, :, i * sh : i * sh + kh, j * sw : j * sw + kw] += share
    return without_padding(back, padding)


@knockout(
    of="conv2d_x",
    killed_by="test_unit_conv2d_x_example",
    says="where windows overlap, the last one replaces the others",
)
def x_windows_do_not_add_up(g, out, x, weight, bias=None, *, stride=1, padding=0):
    (sh, sw), (kh, kw) = pair(stride), weight.shape[2:]
    back = np.zeros_like(padded(x, padding))
    for i in range(g.shape[2]):
        for j in range(g.shape[3]):
            share = np.tensordot(g[:, :, i, j], weight, 1)
            back[:, :, i * sh : i * sh + kh, j * sw : j * sw + kw] = share
    return without_padding(back, padding)


@knockout(
    of="conv2d_x",
    killed_by="test_unit_conv2d_x_differences",
    says="the operation is called, and not its forward: the share is a Tensor",
)
def x_by_the_operation(g, out, x, weight, bias=None, *, stride=1, padding=0):
    turned = weight[:, :, ::-1, ::-1].transpose(1, 0, 2, 3)
    return conv2d(spread(g, x.shape, weight.shape[2:], stride, padding), turned)


@knockout(
    of="conv2d_x",
    killed_by="test_unit_conv2d_x_with_a_bias",
    says="the bias is added to the share of x",
)
def x_with_the_bias(g, out, x, weight, bias=None, *, stride=1, padding=0):
    turned = weight[:, :, ::-1, ::-1].transpose(1, 0, 2, 3)
    return conv2d.forward(spread(g, x.shape, weight.shape[2:], stride, padding), turned, bias)


@knockout(
    of="conv2d_x",
    killed_by="test_unit_conv2d_x_with_a_bias",
    says="the bias is added to the share of x where there are as many filters as channels",
)
def x_with_the_bias_where_it_fits(g, out, x, weight, bias=None, *, stride=1, padding=0):
    turned = weight[:, :, ::-1, ::-1].transpose(1, 0, 2, 3)
    bias = bias if len(weight) == x.shape[1] else None
    return conv2d.forward(spread(g, x.shape, weight.shape[2:], stride, padding), turned, bias)


@knockout(
    of="conv2d_x",
    killed_by="test_unit_conv2d_x_pure",
    says="the filters are turned in place",
)
def x_filters_turned_in_place(g, out, x, weight, bias=None, *, stride=1, padding=0):
    weight[...] = weight[:, :, ::-1, ::-1].copy()
    turned = weight.transpose(1, 0, 2, 3)
    return conv2d.forward(spread(g, x.shape, weight.shape[2:], stride, padding), turned)


@knockout(
    of="conv2d_x",
    killed_by="test_unit_conv2d_x_pure",
    says="the share is float64",
)
def x_float64(g, out, x, weight, bias=None, *, stride=1, padding=0):
    turned = weight[:, :, ::-1, ::-1].transpose(1, 0, 2, 3)
    return conv2d.forward(
        spread(g.astype(float), x.shape, weight.shape[2:], stride, padding), turned
    )


@knockout(
    of="max_pool2d",
    killed_by="test_unit_max_pool2d_padding_never_wins",
    says="the padding is 0, and larger than numbers below it",
)
def pool_padded_with_zeros(x, *, kernel_size, stride=None, padding=0):
    around = padded(x, pool_padding(kernel_size, padding))
    return functools.reduce(np.maximum, taps(around, kernel_size, stride), lowest(x.dtype))


@knockout(
    of="max_pool2d",
    killed_by="test_unit_max_pool2d_padding_never_wins",
    says="-1e9 lies around, low enough for most, and larger than -1e30",
)
def pool_padded_with_a_low_float(x, *, kernel_size, stride=None, padding=0):
    around = padded(x, pool_padding(kernel_size, padding), -1e9)
    return functools.reduce(np.maximum, taps(around, kernel_size, stride), lowest(x.dtype))


@knockout(
    of="max_pool2d",
    killed_by="test_unit_max_pool2d_padding_never_wins",
    says="the maximum begins with zeros, and numbers below 0 never win",
)
def pool_begins_with_zeros(x, *, kernel_size, stride=None, padding=0):
    around = padded(x, pool_padding(kernel_size, padding), lowest(x.dtype))
    return functools.reduce(np.maximum, taps(around, kernel_size, stride), 0)


@knockout(
    of="max_pool2d",
    killed_by="test_unit_max_pool2d_nan",
    says="np.fmax leaves nan out",
)
def pool_by_fmax(x, *, kernel_size, stride=None, padding=0):
    around = padded(x, pool_padding(kernel_size, padding), lowest(x.dtype))
    return functools.reduce(np.fmax, taps(around, kernel_size, stride), lowest(x.dtype))


@knockout(
    of="max_pool2d",
    killed_by="test_unit_max_pool2d_nan",
    says="a nan is not larger than what was there, and is lost",
)
def pool_where_larger(x, *, kernel_size, stride=None, padding=0):
    around = padded(x, pool_padding(kernel_size, padding), lowest(x.dtype))
    first, *others = taps(around, kernel_size, stride)
    out = first.copy()
    for tap in others:
        out = np.where(tap > out, tap, out)
    return out


@knockout(
    of="max_pool2d",
    killed_by="test_unit_max_pool2d_nan",
    says="a nan that comes first is not larger than the next, and is lost",
)
def pool_where_still_larger(x, *, kernel_size, stride=None, padding=0):
    around = padded(x, pool_padding(kernel_size, padding), lowest(x.dtype))
    first, *others = taps(around, kernel_size, stride)
    out = first.copy()
    for tap in others:
        out = np.where(out > tap, out, tap)
    return out


@knockout(
    of="max_pool2d",
    killed_by="test_unit_max_pool2d_memory",
    says="the maximum begins with the first tap: a window of 1 gives x itself",
)
def pool_begins_with_the_first_tap(x, *, kernel_size, stride=None, padding=0):
    around = padded(x, pool_padding(kernel_size, padding), lowest(x.dtype))
    return functools.reduce(np.maximum, taps(around, kernel_size, stride))


@knockout(
    of="max_pool2d",
    killed_by="test_unit_max_pool2d_example",
    says="the mean for the largest",
)
def pool_mean(x, *, kernel_size, stride=None, padding=0):
    around = padded(x, pool_padding(kernel_size, padding), lowest(x.dtype))
    return functools.reduce(np.add, taps(around, kernel_size, stride)) / np.prod(pair(kernel_size))


@knockout(
    of="max_pool2d",
    killed_by="test_unit_max_pool2d_example",
    says="the smallest for the largest",
)
def pool_smallest(x, *, kernel_size, stride=None, padding=0):
    around = padded(x, pool_padding(kernel_size, padding), lowest(x.dtype))
    return functools.reduce(np.minimum, taps(around, kernel_size, stride))


@knockout(
    of="max_pool2d",
    killed_by="test_unit_max_pool2d_example",
    says="the sum for the largest",
)
def pool_sum(x, *, kernel_size, stride=None, padding=0):
    around = padded(x, pool_padding(kernel_size, padding), lowest(x.dtype))
    return functools.reduce(np.add, taps(around, kernel_size, stride))


@knockout(
    of="max_pool2d",
    killed_by="test_unit_max_pool2d_sizes",
    says="windows lie side by side, whatever the stride",
)
def pool_stride_ignored(x, *, kernel_size, stride=None, padding=0):
    around = padded(x, pool_padding(kernel_size, padding), lowest(x.dtype))
    return functools.reduce(np.maximum, taps(around, kernel_size), lowest(x.dtype))


@knockout(
    of="max_pool2d",
    killed_by="test_unit_max_pool2d_example",
    says="without a stride windows move on by 1",
)
def pool_stride_one(x, *, kernel_size, stride=None, padding=0):
    around = padded(x, pool_padding(kernel_size, padding), lowest(x.dtype))
    return functools.reduce(np.maximum, taps(around, kernel_size, stride or 1), lowest(x.dtype))


@knockout(
    of="max_pool2d",
    killed_by="test_unit_max_pool2d_sizes",
    says="the padding is forgotten",
)
def pool_padding_forgotten(x, *, kernel_size, stride=None, padding=0):
    around = padded(x)
    return functools.reduce(np.maximum, taps(around, kernel_size, stride), lowest(x.dtype))


@knockout(
    of="max_pool2d",
    killed_by="test_unit_max_pool2d_sizes",
    says="the window is taken for square",
)
def pool_square(x, *, kernel_size, stride=None, padding=0):
    around = padded(x, pool_padding(kernel_size, padding), lowest(x.dtype))
    kernel_size = pair(kernel_size)[0]
    return functools.reduce(np.maximum, taps(around, kernel_size, stride), lowest(x.dtype))


@knockout(
    of="max_pool2d",
    killed_by="test_unit_max_pool2d_sizes",
    says="height and width of the window are exchanged",
)
def pool_sides_exchanged(x, *, kernel_size, stride=None, padding=0):
    around = padded(x, pool_padding(kernel_size, padding), lowest(x.dtype))
    kernel_size = pair(kernel_size)[::-1]
    return functools.reduce(np.maximum, taps(around, kernel_size, stride), lowest(x.dtype))


@knockout(
    of="max_pool2d",
    killed_by="test_unit_max_pool2d_sizes",
    says="all channels are pooled together",
)
def pool_over_channels(x, *, kernel_size, stride=None, padding=0):
    around = padded(x, pool_padding(kernel_size, padding), lowest(x.dtype))
    out = functools.reduce(np.maximum, taps(around, kernel_size, stride), lowest(x.dtype))
    return np.broadcast_to(out.max(axis=1, keepdims=True), out.shape)


@knockout(
    of="max_pool2d",
    killed_by="test_unit_max_pool2d_sizes",
    says="only the first and the last pixel of a window are compared",
)
def pool_first_and_last(x, *, kernel_size, stride=None, padding=0):
    around = padded(x, pool_padding(kernel_size, padding), lowest(x.dtype))
    return np.maximum(*[list(taps(around, kernel_size, stride))[at] for at in (0, -1)])


@knockout(
    of="max_pool2d",
    killed_by="test_unit_max_pool2d_memory",
    says="the maximum is written into the first tap, a view of x",
)
def pool_into_the_first_tap(x, *, kernel_size, stride=None, padding=0):
    around = padded(x, pool_padding(kernel_size, padding), lowest(x.dtype))
    first, *others = taps(around, kernel_size, stride)
    for tap in others:
        np.maximum(first, tap, out=first)
    return first


@knockout(
    of="max_pool2d",
    killed_by="test_unit_max_pool2d_no_loop",
    says="a Python loop walks over the windows",
)
def pool_by_a_loop(x, *, kernel_size, stride=None, padding=0):
    around = padded(x, pool_padding(kernel_size, padding), lowest(x.dtype))
    (kh, kw), (sh, sw) = pair(kernel_size), pair(kernel_size if stride is None else stride)
    rows, columns = places(around, (kh, kw), (sh, sw), 0)
    out = np.empty((*x.shape[:2], rows, columns), x.dtype)
    for i in range(rows):
        for j in range(columns):
            out[:, :, i, j] = around[:, :, i * sh : i * sh + kh, j * sw : j * sw + kw].max(
                axis=(2, 3)
            )
    return out


@knockout(
    of="max_pool2d",
    killed_by="test_unit_max_pool2d_does_not_fit",
    says="nobody asks whether the padding is too much",
)
def pool_of_any_padding(x, *, kernel_size, stride=None, padding=0):
    around = padded(x, padding, lowest(x.dtype))
    return functools.reduce(np.maximum, taps(around, kernel_size, stride), lowest(x.dtype))


@knockout(
    of="max_pool2d",
    killed_by="test_unit_max_pool2d_sizes",
    says="a reshape into windows side by side: none may overlap, and nothing be left",
)
def pool_by_reshape(x, *, kernel_size, stride=None, padding=0):
    (kh, kw), (n, c, h, w) = pair(kernel_size), x.shape
    return x.reshape(n, c, h // kh, kh, w // kw, kw).max(axis=(3, 5))


@knockout(
    of="max_pool2d",
    killed_by="test_unit_max_pool2d_memory",
    says="the result is float64",
)
def pool_float64(x, *, kernel_size, stride=None, padding=0):
    around = padded(x, pool_padding(kernel_size, padding), lowest(x.dtype))
    return functools.reduce(np.maximum, taps(around, kernel_size, stride), lowest(x.dtype)).astype(
        np.promote_types(x.dtype, float)
    )


@knockout(
    of="max_pool2d_x",
    killed_by="test_unit_max_pool2d_x_ties",
    says="each of equal ones gets all of it",
)
def ties_twice(g, out, x, *, kernel_size, stride=None, padding=0):
    around = padded(x, pool_padding(kernel_size, padding), lowest(x.dtype))
    g = channels_last(g)
    back = np.zeros_like(around)
    for tap, target in zip(
        taps(around, kernel_size, stride), taps(back, kernel_size, stride), strict=True
    ):
        target += g * (tap == out)
    return without_padding(back, padding)


@knockout(
    of="max_pool2d_x",
    killed_by="test_unit_max_pool2d_x_ties",
    says="equal ones share, half and half",
)
def ties_shared(g, out, x, *, kernel_size, stride=None, padding=0):
    around = padded(x, pool_padding(kernel_size, padding), lowest(x.dtype))
    back = np.zeros_like(around)
    count = sum((tap == out).astype(x.dtype) for tap in taps(around, kernel_size, stride))
    for tap, target in zip(
        taps(around, kernel_size, stride), taps(back, kernel_size, stride), strict=True
    ):
        target += g * (tap == out) / count
    return without_padding(back, padding)


@knockout(
    of="max_pool2d_x",
    killed_by="test_unit_max_pool2d_x_ties",
    says="the last of equal ones gets it",
)
def ties_to_the_last(g, out, x, *, kernel_size, stride=None, padding=0):
    around = padded(x, pool_padding(kernel_size, padding), lowest(x.dtype))
    back = np.zeros_like(around)
    free = np.ones_like(out, bool)
    for tap, target in zip(
        reversed(list(taps(around, kernel_size, stride))),
        reversed(list(taps(back, kernel_size, stride))),
        strict=True,
    ):
        first = (tap == out) & free
        target += g * first
        free &= ~first
    return without_padding(back, padding)


@knockout(
    of="max_pool2d_x",
    killed_by="test_unit_max_pool2d_x_overlap",
    says="where windows overlap, the last one replaces the others",
)
def overlap_replaces(g, out, x, *, kernel_size, stride=None, padding=0):
    around = padded(x, pool_padding(kernel_size, padding), lowest(x.dtype))
    g = channels_last(g)
    back = np.zeros_like(around)
    free = np.ones_like(out, bool)
    for tap, target in zip(
        taps(around, kernel_size, stride), taps(back, kernel_size, stride), strict=True
    ):
        first = (tap == out) & free
        target[first] = g[first]
        free &= ~first
    return without_padding(back, padding)


@knockout(
    of="max_pool2d_x",
    killed_by="test_unit_max_pool2d_x_overlap",
    says="a pixel that has won once gets nothing more",
)
def overlap_lost_as_free_belongs_to_pixels(g, out, x, *, kernel_size, stride=None, padding=0):
    around = padded(x, pool_padding(kernel_size, padding), lowest(x.dtype))
    back = np.zeros_like(around)
    free = np.ones_like(out, bool)
    for tap, target in zip(
        taps(around, kernel_size, stride), taps(back, kernel_size, stride), strict=True
    ):
        first = (tap == out) & free & (target == 0)
        target += g * first
        free &= ~first
    return without_padding(back, padding)


@knockout(
    of="max_pool2d_x",
    killed_by="test_unit_max_pool2d_x_example",
    says="every pixel of the window gets g",
)
def everybody_gets_it(g, out, x, *, kernel_size, stride=None, padding=0):
    around = padded(x, pool_padding(kernel_size, padding), lowest(x.dtype))
    g = channels_last(g)
    back = np.zeros_like(around)
    for _, target in zip(
        taps(around, kernel_size, stride), taps(back, kernel_size, stride), strict=True
    ):
        target += g
    return without_padding(back, padding)


@knockout(
    of="max_pool2d_x",
    killed_by="test_unit_max_pool2d_x_differences",
    says="the padding is left on",
)
def back_padding_left_on(g, out, x, *, kernel_size, stride=None, padding=0):
    around = padded(x, pool_padding(kernel_size, padding), lowest(x.dtype))
    g = channels_last(g)
    back = np.zeros_like(around)
    free = np.ones_like(out, bool)
    for tap, target in zip(
        taps(around, kernel_size, stride), taps(back, kernel_size, stride), strict=True
    ):
        first = (tap == out) & free
        target += g * first
        free &= ~first
    return back


@knockout(
    of="max_pool2d_x",
    killed_by="test_unit_max_pool2d_x_ties",
    says="0 lies around, where the forward pass had the lowest",
)
def back_padding_zero(g, out, x, *, kernel_size, stride=None, padding=0):
    around = padded(x, pool_padding(kernel_size, padding))
    g = channels_last(g)
    back = np.zeros_like(around)
    free = np.ones_like(out, bool)
    for tap, target in zip(
        taps(around, kernel_size, stride), taps(back, kernel_size, stride), strict=True
    ):
        first = (tap == out) & free
        target += g * first
        free &= ~first
    return without_padding(back, padding)


@knockout(
    of="max_pool2d_x",
    killed_by="test_unit_max_pool2d_x_differences",
    says="the stride is ignored",
)
def back_stride_ignored(g, out, x, *, kernel_size, stride=None, padding=0):
    around = padded(x, pool_padding(kernel_size, padding), lowest(x.dtype))
    g = channels_last(g)
    back = np.zeros_like(around)
    free = np.ones_like(out, bool)
    for tap, target in zip(taps(around, kernel_size), taps(back, kernel_size), strict=True):
        first = (tap == out) & free
        target += g * first
        free &= ~first
    return without_padding(back, padding)


@knockout(
    of="max_pool2d_x",
    killed_by="test_unit_max_pool2d_x_example",
    says="the shares are added to copies of the taps, and lost",
)
def back_into_a_copy(g, out, x, *, kernel_size, stride=None, padding=0):
    around = padded(x, pool_padding(kernel_size, padding), lowest(x.dtype))
    g = channels_last(g)
    back = np.zeros_like(around)
    free = np.ones_like(out, bool)
    for tap, target in zip(
        taps(around, kernel_size, stride), taps(back, kernel_size, stride), strict=True
    ):
        first = (tap == out) & free
        target = target + g * first
        free &= ~first
    return without_padding(back, padding)


@knockout(
    of="max_pool2d_x",
    killed_by="test_unit_max_pool2d_x_differences",
    says="g is forgotten: 1 to each that won",
)
def back_without_g(g, out, x, *, kernel_size, stride=None, padding=0):
    around = padded(x, pool_padding(kernel_size, padding), lowest(x.dtype))
    g = channels_last(g)
    back = np.zeros_like(around)
    free = np.ones_like(out, bool)
    for tap, target in zip(
        taps(around, kernel_size, stride), taps(back, kernel_size, stride), strict=True
    ):
        first = (tap == out) & free
        target += first
        free &= ~first
    return without_padding(back, padding)


@knockout(
    of="max_pool2d_x",
    killed_by="test_unit_max_pool2d_x_pure",
    says="the shares are added up in x itself",
)
def back_in_x(g, out, x, *, kernel_size, stride=None, padding=0):
    around = padded(x, pool_padding(kernel_size, padding), lowest(x.dtype))
    g = channels_last(g)
    back = around
    free = np.ones_like(out, bool)
    for tap, target in zip(
        taps(around, kernel_size, stride), taps(back, kernel_size, stride), strict=True
    ):
        first = (tap == out) & free
        target += g * first
        free &= ~first
    return without_padding(back, padding)


@knockout(
    of="max_pool2d_x",
    killed_by="test_unit_max_pool2d_x_pure",
    says="out serves to mark who has won",
)
def free_in_out(g, out, x, *, kernel_size, stride=None, padding=0):
    around = padded(x, pool_padding(kernel_size, padding), lowest(x.dtype))
    g = channels_last(g)
    back = np.zeros_like(around)
    for tap, target in zip(
        taps(around, kernel_size, stride), taps(back, kernel_size, stride), strict=True
    ):
        first = tap == out
        target += g * first
        out[first] = np.nan
    return without_padding(back, padding)


@knockout(
    of="max_pool2d_x",
    killed_by="test_unit_max_pool2d_x_pure",
    says="the share is float64",
)
def back_float64(g, out, x, *, kernel_size, stride=None, padding=0):
    around = padded(x, pool_padding(kernel_size, padding), lowest(x.dtype))
    g = channels_last(g)
    back = np.zeros_like(around, float)
    free = np.ones_like(out, bool)
    for tap, target in zip(
        taps(around, kernel_size, stride), taps(back, kernel_size, stride), strict=True
    ):
        first = (tap == out) & free
        target += g * first
        free &= ~first
    return without_padding(back, padding)


@knockout(
    of="max_pool2d_x",
    killed_by="test_unit_max_pool2d_x_no_loop",
    says="a Python loop walks over the windows",
)
def back_by_a_loop(g, out, x, *, kernel_size, stride=None, padding=0):
    around = padded(x, pool_padding(kernel_size, padding), lowest(x.dtype))
    (kh, kw), (sh, sw) = pair(kernel_size), pair(kernel_size if stride is None else stride)
    back = np.zeros_like(around)
    for n, c, i, j in np.ndindex(g.shape):
        cut = around[n, c, i * sh : i * sh + kh, j * sw : j * sw + kw]
        u, v = np.unravel_index(cut.argmax(), cut.shape)
        back[n, c, i * sh + u, j * sw + v] += g[n, c, i, j]
    return without_padding(back, padding)


@knockout(
    of="BatchNorm2d.forward",
    killed_by="test_unit_batchnorm2d_forward_eval",
    says="the batch's mean and variance serve in eval, too",
)
def batch_statistics_in_eval(self, x):
    check_normalized(self, x)
    mean, var = channel_statistics(x.data)
    if self.training and self.running_mean is not None:
        n, m = x.numel() / self.num_features, self.momentum
        self.running_mean.copy_((1 - m) * self.running_mean.data + m * mean)
        self.running_var.copy_((1 - m) * self.running_var.data + m * var * n / (n - 1))
        self.num_batches_tracked.copy_(self.num_batches_tracked.data + 1)
    return batch_norm(x, mean, var, self.weight, self.bias, training=True, eps=self.eps)


@knockout(
    of="BatchNorm2d.forward",
    killed_by="test_unit_batchnorm2d_forward_example",
    says="the running mean and variance serve in training, too",
)
def running_statistics_in_training(self, x):
    check_normalized(self, x)
    if not (self.training or self.running_mean is None):
        mean, var = self.running_mean, self.running_var
        return batch_norm(x, mean, var, self.weight, self.bias, training=False, eps=self.eps)
    mean, var = channel_statistics(x.data)
    if self.training and self.running_mean is not None:
        n, m = x.numel() / self.num_features, self.momentum
        self.running_mean.copy_((1 - m) * self.running_mean.data + m * mean)
        self.running_var.copy_((1 - m) * self.running_var.data + m * var * n / (n - 1))
        self.num_batches_tracked.copy_(self.num_batches_tracked.data + 1)
    if self.running_mean is not None:
        mean, var = self.running_mean.data.copy(), self.running_var.data.copy()
    return batch_norm(x, mean, var, self.weight, self.bias, training=True, eps=self.eps)


@knockout(
    of="BatchNorm2d.forward",
    killed_by="test_unit_batchnorm2d_forward_example",
    says="momentum is taken for the part of the old",
)
def momentum_the_wrong_way_round(self, x):
    check_normalized(self, x)
    if not (self.training or self.running_mean is None):
        mean, var = self.running_mean, self.running_var
        return batch_norm(x, mean, var, self.weight, self.bias, training=False, eps=self.eps)
    mean, var = channel_statistics(x.data)
    if self.training and self.running_mean is not None:
        n, m = x.numel() / self.num_features, self.momentum
        self.running_mean.copy_(m * self.running_mean.data + (1 - m) * mean)
        self.running_var.copy_(m * self.running_var.data + (1 - m) * var * n / (n - 1))
        self.num_batches_tracked.copy_(self.num_batches_tracked.data + 1)
    return batch_norm(x, mean, var, self.weight, self.bias, training=True, eps=self.eps)


@knockout(
    of="BatchNorm2d.forward",
    killed_by="test_unit_batchnorm2d_forward_momentum",
    says="momentum is 0.1, whatever was asked for",
)
def momentum_always_a_tenth(self, x):
    check_normalized(self, x)
    if not (self.training or self.running_mean is None):
        mean, var = self.running_mean, self.running_var
        return batch_norm(x, mean, var, self.weight, self.bias, training=False, eps=self.eps)
    mean, var = channel_statistics(x.data)
    if self.training and self.running_mean is not None:
        n, m = x.numel() / self.num_features, 0.1
        self.running_mean.copy_((1 - m) * self.running_mean.data + m * mean)
        self.running_var.copy_((1 - m) * self.running_var.data + m * var * n / (n - 1))
        self.num_batches_tracked.copy_(self.num_batches_tracked.data + 1)
    return batch_norm(x, mean, var, self.weight, self.bias, training=True, eps=self.eps)


@knockout(
    of="BatchNorm2d.forward",
    killed_by="test_unit_batchnorm2d_forward_example",
    says="the running variance divides by n, not by n - 1",
)
def biased_variance_kept(self, x):
    check_normalized(self, x)
    if not (self.training or self.running_mean is None):
        mean, var = self.running_mean, self.running_var
        return batch_norm(x, mean, var, self.weight, self.bias, training=False, eps=self.eps)
    mean, var = channel_statistics(x.data)
    if self.training and self.running_mean is not None:
        m = self.momentum
        self.running_mean.copy_((1 - m) * self.running_mean.data + m * mean)
        self.running_var.copy_((1 - m) * self.running_var.data + m * var)
        self.num_batches_tracked.copy_(self.num_batches_tracked.data + 1)
    return batch_norm(x, mean, var, self.weight, self.bias, training=True, eps=self.eps)


@knockout(
    of="BatchNorm2d.forward",
    killed_by="test_unit_batchnorm2d_forward_example",
    says="the batch itself is normalised by n - 1, too",
)
def unbiased_variance_in_the_batch(self, x):
    check_normalized(self, x)
    if not (self.training or self.running_mean is None):
        mean, var = self.running_mean, self.running_var
        return batch_norm(x, mean, var, self.weight, self.bias, training=False, eps=self.eps)
    mean, var = channel_statistics(x.data)
    if self.training and self.running_mean is not None:
        n, m = x.numel() / self.num_features, self.momentum
        self.running_mean.copy_((1 - m) * self.running_mean.data + m * mean)
        self.running_var.copy_((1 - m) * self.running_var.data + m * var * n / (n - 1))
        self.num_batches_tracked.copy_(self.num_batches_tracked.data + 1)
    n = x.numel() / self.num_features
    var = var * n / (n - 1)
    return batch_norm(x, mean, var, self.weight, self.bias, training=True, eps=self.eps)


@knockout(
    of="BatchNorm2d.forward",
    killed_by="test_unit_batchnorm2d_forward_running",
    says="n is the number of pictures, not of values",
)
def n_is_the_batch(self, x):
    check_normalized(self, x)
    if not (self.training or self.running_mean is None):
        mean, var = self.running_mean, self.running_var
        return batch_norm(x, mean, var, self.weight, self.bias, training=False, eps=self.eps)
    mean, var = channel_statistics(x.data)
    if self.training and self.running_mean is not None:
        n, m = len(x.data), self.momentum
        self.running_mean.copy_((1 - m) * self.running_mean.data + m * mean)
        self.running_var.copy_((1 - m) * self.running_var.data + m * var * n / (n - 1))
        self.num_batches_tracked.copy_(self.num_batches_tracked.data + 1)
    return batch_norm(x, mean, var, self.weight, self.bias, training=True, eps=self.eps)


@knockout(
    of="BatchNorm2d.forward",
    killed_by="test_unit_batchnorm2d_forward_example",
    says="n / (n - 1) the wrong way up",
)
def n_counts_all_channels(self, x):
    check_normalized(self, x)
    if not (self.training or self.running_mean is None):
        mean, var = self.running_mean, self.running_var
        return batch_norm(x, mean, var, self.weight, self.bias, training=False, eps=self.eps)
    mean, var = channel_statistics(x.data)
    if self.training and self.running_mean is not None:
        n, m = x.numel() / self.num_features, self.momentum
        self.running_mean.copy_((1 - m) * self.running_mean.data + m * mean)
        self.running_var.copy_((1 - m) * self.running_var.data + m * var * (n - 1) / n)
        self.num_batches_tracked.copy_(self.num_batches_tracked.data + 1)
    return batch_norm(x, mean, var, self.weight, self.bias, training=True, eps=self.eps)


@knockout(
    of="BatchNorm2d.forward",
    killed_by="test_unit_batchnorm2d_forward_running",
    says="the batches are not counted",
)
def batches_not_counted(self, x):
    check_normalized(self, x)
    if not (self.training or self.running_mean is None):
        mean, var = self.running_mean, self.running_var
        return batch_norm(x, mean, var, self.weight, self.bias, training=False, eps=self.eps)
    mean, var = channel_statistics(x.data)
    if self.training and self.running_mean is not None:
        n, m = x.numel() / self.num_features, self.momentum
        self.running_mean.copy_((1 - m) * self.running_mean.data + m * mean)
        self.running_var.copy_((1 - m) * self.running_var.data + m * var * n / (n - 1))
    return batch_norm(x, mean, var, self.weight, self.bias, training=True, eps=self.eps)


@knockout(
    of="BatchNorm2d.forward",
    killed_by="test_unit_batchnorm2d_forward_eval_keeps_the_buffers",
    says="the running averages move in eval, too",
)
def buffers_moved_in_eval(self, x):
    check_normalized(self, x)
    if not self.training and self.running_mean is not None:
        mean, _ = channel_statistics(x.data)
        self.running_mean.copy_(0.9 * self.running_mean.data + 0.1 * mean)
    if not (self.training or self.running_mean is None):
        mean, var = self.running_mean, self.running_var
        return batch_norm(x, mean, var, self.weight, self.bias, training=False, eps=self.eps)
    mean, var = channel_statistics(x.data)
    if self.training and self.running_mean is not None:
        n, m = x.numel() / self.num_features, self.momentum
        self.running_mean.copy_((1 - m) * self.running_mean.data + m * mean)
        self.running_var.copy_((1 - m) * self.running_var.data + m * var * n / (n - 1))
        self.num_batches_tracked.copy_(self.num_batches_tracked.data + 1)
    return batch_norm(x, mean, var, self.weight, self.bias, training=True, eps=self.eps)


@knockout(
    of="BatchNorm2d.forward",
    killed_by="test_unit_batchnorm2d_forward_buffers_stay",
    says="new tensors take the place of the buffers",
)
def buffers_replaced(self, x):
    check_normalized(self, x)
    if not (self.training or self.running_mean is None):
        mean, var = self.running_mean, self.running_var
        return batch_norm(x, mean, var, self.weight, self.bias, training=False, eps=self.eps)
    mean, var = channel_statistics(x.data)
    if self.training and self.running_mean is not None:
        n, m = x.numel() / self.num_features, self.momentum
        self.running_mean = type(self.running_mean)((1 - m) * self.running_mean.data + m * mean)
        self.running_var.copy_((1 - m) * self.running_var.data + m * var * n / (n - 1))
        self.num_batches_tracked.copy_(self.num_batches_tracked.data + 1)
    return batch_norm(x, mean, var, self.weight, self.bias, training=True, eps=self.eps)


@knockout(
    of="BatchNorm2d.forward",
    killed_by="test_unit_batchnorm2d_forward_buffers_stay",
    says="the running mean is computed with x, and not with its array",
)
def buffers_with_a_recipe(self, x):
    check_normalized(self, x)
    if not (self.training or self.running_mean is None):
        mean, var = self.running_mean, self.running_var
        return batch_norm(x, mean, var, self.weight, self.bias, training=False, eps=self.eps)
    mean, var = channel_statistics(x.data)
    if self.training and self.running_mean is not None:
        n, m = x.numel() / self.num_features, self.momentum
        self.running_mean = self.running_mean * (1 - m) + x.mean(dim=(0, 2, 3)) * m
        self.running_var.copy_((1 - m) * self.running_var.data + m * var * n / (n - 1))
        self.num_batches_tracked.copy_(self.num_batches_tracked.data + 1)
    return batch_norm(x, mean, var, self.weight, self.bias, training=True, eps=self.eps)


@knockout(
    of="BatchNorm2d.forward",
    killed_by="test_unit_batchnorm2d_forward_running",
    says="the last batch's mean replaces the running one",
)
def statistics_replaced(self, x):
    check_normalized(self, x)
    if not (self.training or self.running_mean is None):
        mean, var = self.running_mean, self.running_var
        return batch_norm(x, mean, var, self.weight, self.bias, training=False, eps=self.eps)
    mean, var = channel_statistics(x.data)
    if self.training and self.running_mean is not None:
        n, m = x.numel() / self.num_features, self.momentum
        self.running_mean.copy_(mean)
        self.running_var.copy_((1 - m) * self.running_var.data + m * var * n / (n - 1))
        self.num_batches_tracked.copy_(self.num_batches_tracked.data + 1)
    return batch_norm(x, mean, var, self.weight, self.bias, training=True, eps=self.eps)


@knockout(
    of="BatchNorm2d.forward",
    killed_by="test_unit_batchnorm2d_forward_eval",
    says="in eval only the mean is taken off",
)
def eval_forgets_the_variance(self, x):
    check_normalized(self, x)
    if not (self.training or self.running_mean is None):
        mean, var = self.running_mean, ones(self.num_features)
        return batch_norm(x, mean, var, self.weight, self.bias, training=False, eps=self.eps)
    mean, var = channel_statistics(x.data)
    if self.training and self.running_mean is not None:
        n, m = x.numel() / self.num_features, self.momentum
        self.running_mean.copy_((1 - m) * self.running_mean.data + m * mean)
        self.running_var.copy_((1 - m) * self.running_var.data + m * var * n / (n - 1))
        self.num_batches_tracked.copy_(self.num_batches_tracked.data + 1)
    return batch_norm(x, mean, var, self.weight, self.bias, training=True, eps=self.eps)


@knockout(
    of="BatchNorm2d.forward",
    killed_by="test_unit_batchnorm2d_forward_channels",
    says="each picture is centred by itself, not the batch",
)
def statistics_of_each_picture(self, x):
    check_normalized(self, x)
    if not (self.training or self.running_mean is None):
        mean, var = self.running_mean, self.running_var
        return batch_norm(x, mean, var, self.weight, self.bias, training=False, eps=self.eps)
    mean, var = channel_statistics(x.data)
    if self.training and self.running_mean is not None:
        n, m = x.numel() / self.num_features, self.momentum
        self.running_mean.copy_((1 - m) * self.running_mean.data + m * mean)
        self.running_var.copy_((1 - m) * self.running_var.data + m * var * n / (n - 1))
        self.num_batches_tracked.copy_(self.num_batches_tracked.data + 1)
    out = batch_norm(x, mean, var, self.weight, self.bias, training=True, eps=self.eps)
    means = out.mean(dim=(2, 3), keepdim=True)
    return out - means + means.mean(dim=0, keepdim=True)


@knockout(
    of="BatchNorm2d.forward",
    killed_by="test_unit_batchnorm2d_forward_channels",
    says="one mean and one variance for all channels",
)
def statistics_over_all_channels(self, x):
    check_normalized(self, x)
    if not (self.training or self.running_mean is None):
        mean, var = self.running_mean, self.running_var
        return batch_norm(x, mean, var, self.weight, self.bias, training=False, eps=self.eps)
    mean, var = channel_statistics(x.data)
    mean, var = np.full_like(mean, mean.mean()), np.full_like(var, var.mean())
    if self.training and self.running_mean is not None:
        n, m = x.numel() / self.num_features, self.momentum
        self.running_mean.copy_((1 - m) * self.running_mean.data + m * mean)
        self.running_var.copy_((1 - m) * self.running_var.data + m * var * n / (n - 1))
        self.num_batches_tracked.copy_(self.num_batches_tracked.data + 1)
    return batch_norm(x, mean, var, self.weight, self.bias, training=True, eps=self.eps)


@knockout(
    of="BatchNorm2d.forward",
    killed_by="test_unit_batchnorm2d_forward_channels",
    says="weight and bias are not applied",
)
def weights_forgotten(self, x):
    check_normalized(self, x)
    if not (self.training or self.running_mean is None):
        mean, var = self.running_mean, self.running_var
        return batch_norm(x, mean, var, self.weight, self.bias, training=False, eps=self.eps)
    mean, var = channel_statistics(x.data)
    if self.training and self.running_mean is not None:
        n, m = x.numel() / self.num_features, self.momentum
        self.running_mean.copy_((1 - m) * self.running_mean.data + m * mean)
        self.running_var.copy_((1 - m) * self.running_var.data + m * var * n / (n - 1))
        self.num_batches_tracked.copy_(self.num_batches_tracked.data + 1)
    return batch_norm(x, mean, var, training=True, eps=self.eps)


@knockout(
    of="BatchNorm2d.forward",
    killed_by="test_unit_batchnorm2d_forward_eval",
    says="weight and bias are not applied in eval",
)
def weights_forgotten_in_eval(self, x):
    check_normalized(self, x)
    if not (self.training or self.running_mean is None):
        mean, var = self.running_mean, self.running_var
        return batch_norm(x, mean, var, training=False, eps=self.eps)
    mean, var = channel_statistics(x.data)
    if self.training and self.running_mean is not None:
        n, m = x.numel() / self.num_features, self.momentum
        self.running_mean.copy_((1 - m) * self.running_mean.data + m * mean)
        self.running_var.copy_((1 - m) * self.running_var.data + m * var * n / (n - 1))
        self.num_batches_tracked.copy_(self.num_batches_tracked.data + 1)
    return batch_norm(x, mean, var, self.weight, self.bias, training=True, eps=self.eps)


@knockout(
    of="BatchNorm2d.forward",
    killed_by="test_unit_batchnorm2d_forward_eps",
    says="eps is the usual one, whatever was asked for",
)
def eps_forgotten(self, x):
    check_normalized(self, x)
    if not (self.training or self.running_mean is None):
        mean, var = self.running_mean, self.running_var
        return batch_norm(x, mean, var, self.weight, self.bias, training=False)
    mean, var = channel_statistics(x.data)
    if self.training and self.running_mean is not None:
        n, m = x.numel() / self.num_features, self.momentum
        self.running_mean.copy_((1 - m) * self.running_mean.data + m * mean)
        self.running_var.copy_((1 - m) * self.running_var.data + m * var * n / (n - 1))
        self.num_batches_tracked.copy_(self.num_batches_tracked.data + 1)
    return batch_norm(x, mean, var, self.weight, self.bias, training=True)


@knockout(
    of="BatchNorm2d.forward",
    killed_by="test_unit_batchnorm2d_forward_gradients",
    says="training=False while training: mean and variance do not move with x",
)
def gradient_past_the_statistics(self, x):
    check_normalized(self, x)
    if not (self.training or self.running_mean is None):
        mean, var = self.running_mean, self.running_var
        return batch_norm(x, mean, var, self.weight, self.bias, training=False, eps=self.eps)
    mean, var = channel_statistics(x.data)
    if self.training and self.running_mean is not None:
        n, m = x.numel() / self.num_features, self.momentum
        self.running_mean.copy_((1 - m) * self.running_mean.data + m * mean)
        self.running_var.copy_((1 - m) * self.running_var.data + m * var * n / (n - 1))
        self.num_batches_tracked.copy_(self.num_batches_tracked.data + 1)
    return batch_norm(x, mean, var, self.weight, self.bias, training=False, eps=self.eps)


@knockout(
    of="BatchNorm2d.forward",
    killed_by="test_unit_batchnorm2d_forward_gradients",
    says="training=True in eval: the gradient follows fixed numbers",
)
def gradient_through_fixed_statistics(self, x):
    check_normalized(self, x)
    if not (self.training or self.running_mean is None):
        mean, var = self.running_mean, self.running_var
        return batch_norm(x, mean, var, self.weight, self.bias, training=True, eps=self.eps)
    mean, var = channel_statistics(x.data)
    if self.training and self.running_mean is not None:
        n, m = x.numel() / self.num_features, self.momentum
        self.running_mean.copy_((1 - m) * self.running_mean.data + m * mean)
        self.running_var.copy_((1 - m) * self.running_var.data + m * var * n / (n - 1))
        self.num_batches_tracked.copy_(self.num_batches_tracked.data + 1)
    return batch_norm(x, mean, var, self.weight, self.bias, training=True, eps=self.eps)


@knockout(
    of="BatchNorm2d.forward",
    killed_by="test_unit_batchnorm2d_forward_not_tracked",
    says="without running averages it fails in eval",
)
def untracked_fails_in_eval(self, x):
    check_normalized(self, x)
    if not self.training:
        mean, var = self.running_mean.data, self.running_var.data
        return batch_norm(x, mean, var, self.weight, self.bias, training=False, eps=self.eps)
    mean, var = channel_statistics(x.data)
    if self.training and self.running_mean is not None:
        n, m = x.numel() / self.num_features, self.momentum
        self.running_mean.copy_((1 - m) * self.running_mean.data + m * mean)
        self.running_var.copy_((1 - m) * self.running_var.data + m * var * n / (n - 1))
        self.num_batches_tracked.copy_(self.num_batches_tracked.data + 1)
    return batch_norm(x, mean, var, self.weight, self.bias, training=True, eps=self.eps)


@knockout(
    of="BatchNorm2d.forward",
    killed_by="test_unit_batchnorm2d_forward_not_tracked",
    says="without running averages it fails in training",
)
def untracked_fails_in_training(self, x):
    check_normalized(self, x)
    if not (self.training or self.running_mean is None):
        mean, var = self.running_mean, self.running_var
        return batch_norm(x, mean, var, self.weight, self.bias, training=False, eps=self.eps)
    mean, var = channel_statistics(x.data)
    if self.training:
        n, m = x.numel() / self.num_features, self.momentum
        self.running_mean.copy_((1 - m) * self.running_mean.data + m * mean)
        self.running_var.copy_((1 - m) * self.running_var.data + m * var * n / (n - 1))
        self.num_batches_tracked.copy_(self.num_batches_tracked.data + 1)
    return batch_norm(x, mean, var, self.weight, self.bias, training=True, eps=self.eps)


@knockout(
    of="BatchNorm2d.forward",
    killed_by="test_unit_batchnorm2d_forward_refuses",
    says="nobody asks whether x can be normalised",
)
def nothing_refused(self, x):
    if not (self.training or self.running_mean is None):
        mean, var = self.running_mean, self.running_var
        return batch_norm(x, mean, var, self.weight, self.bias, training=False, eps=self.eps)
    mean, var = channel_statistics(x.data)
    if self.training and self.running_mean is not None:
        n, m = x.numel() / self.num_features, self.momentum
        self.running_mean.copy_((1 - m) * self.running_mean.data + m * mean)
        self.running_var.copy_((1 - m) * self.running_var.data + m * var * n / (n - 1))
        self.num_batches_tracked.copy_(self.num_batches_tracked.data + 1)
    return batch_norm(x, mean, var, self.weight, self.bias, training=True, eps=self.eps)


@knockout(
    of="BatchNorm2d.forward",
    killed_by="test_unit_batchnorm2d_forward_refuses",
    says="the batch is counted before it is refused",
)
def refused_too_late_for_buffers(self, x):
    self.num_batches_tracked.copy_(self.num_batches_tracked.data + 1)
    check_normalized(self, x)
    if not (self.training or self.running_mean is None):
        mean, var = self.running_mean, self.running_var
        return batch_norm(x, mean, var, self.weight, self.bias, training=False, eps=self.eps)
    mean, var = channel_statistics(x.data)
    if self.training and self.running_mean is not None:
        n, m = x.numel() / self.num_features, self.momentum
        self.running_mean.copy_((1 - m) * self.running_mean.data + m * mean)
        self.running_var.copy_((1 - m) * self.running_var.data + m * var * n / (n - 1))
    return batch_norm(x, mean, var, self.weight, self.bias, training=True, eps=self.eps)


@knockout(
    of="BatchNorm2d.forward",
    killed_by="test_unit_batchnorm2d_forward_pure",
    says="x itself is centred",
)
def normalised_in_place(self, x):
    check_normalized(self, x)
    if not (self.training or self.running_mean is None):
        mean, var = self.running_mean, self.running_var
        return batch_norm(x, mean, var, self.weight, self.bias, training=False, eps=self.eps)
    mean, var = channel_statistics(x.data)
    x.data[...] -= mean[:, None, None]
    mean = np.zeros_like(mean)
    if self.training and self.running_mean is not None:
        n, m = x.numel() / self.num_features, self.momentum
        self.running_mean.copy_((1 - m) * self.running_mean.data + m * mean)
        self.running_var.copy_((1 - m) * self.running_var.data + m * var * n / (n - 1))
        self.num_batches_tracked.copy_(self.num_batches_tracked.data + 1)
    return batch_norm(x, mean, var, self.weight, self.bias, training=True, eps=self.eps)


@knockout(
    of="BatchNorm2d.forward",
    killed_by="test_unit_batchnorm2d_forward_pure",
    says="the statistics make the result float64",
)
def batch_norm_float64(self, x):
    check_normalized(self, x)
    if not (self.training or self.running_mean is None):
        mean, var = self.running_mean, self.running_var
        return batch_norm(x, mean, var, self.weight, self.bias, training=False, eps=self.eps)
    mean, var = channel_statistics(x.data)
    if self.training and self.running_mean is not None:
        n, m = x.numel() / self.num_features, self.momentum
        self.running_mean.copy_((1 - m) * self.running_mean.data + m * mean)
        self.running_var.copy_((1 - m) * self.running_var.data + m * var * n / (n - 1))
        self.num_batches_tracked.copy_(self.num_batches_tracked.data + 1)
    return batch_norm(x.double(), mean, var, self.weight, self.bias, training=True, eps=self.eps)


@knockout(
    of="CNN.__init__",
    killed_by="test_unit_cnn_init_layers",
    says="a ReLU after the last Linear: no score below 0",
)
def relu_after_the_last_linear(
    self,
    in_channels=3,
    num_classes=10,
    image_size=32,
    widths=(6, 16),
    hidden=(120, 84),
    kernel_size=5,
):
    super().__init__()
    height, width = pair(image_size)
    padding, layers = kernel_size // 2, []
    for channels in widths:
        layers += [Conv2d(in_channels, channels, kernel_size, padding=padding)]
        layers += [MaxPool2d(2), ReLU()]
        height, width = (
            output_size(output_size(size, kernel_size, 1, padding), 2, 2)
            for size in (height, width)
        )
        in_channels = channels
    self.features = Sequential(*layers)
    layers, features = [Flatten()], in_channels * height * width
    for units in hidden:
        layers += [Linear(features, units), ReLU()]
        features = units
    self.classifier = Sequential(*layers, Linear(features, num_classes), ReLU())


@knockout(
    of="CNN.__init__",
    killed_by="test_unit_cnn_init_example",
    says="the padding is forgotten in the size that Flatten gives",
)
def padding_forgotten_in_the_size(
    self,
    in_channels=3,
    num_classes=10,
    image_size=32,
    widths=(6, 16),
    hidden=(120, 84),
    kernel_size=5,
):
    super().__init__()
    height, width = pair(image_size)
    padding, layers = kernel_size // 2, []
    for channels in widths:
        layers += [Conv2d(in_channels, channels, kernel_size, padding=padding)]
        layers += [MaxPool2d(2), ReLU()]
        height, width = (
            output_size(output_size(size, kernel_size), 2, 2) for size in (height, width)
        )
        in_channels = channels
    self.features = Sequential(*layers)
    layers, features = [Flatten()], in_channels * height * width
    for units in hidden:
        layers += [Linear(features, units), ReLU()]
        features = units
    self.classifier = Sequential(*layers, Linear(features, num_classes))


@knockout(
    of="CNN.__init__",
    killed_by="test_unit_cnn_init_example",
    says="the Conv2d gets no padding",
)
def padding_forgotten_in_the_layer(
    self,
    in_channels=3,
    num_classes=10,
    image_size=32,
    widths=(6, 16),
    hidden=(120, 84),
    kernel_size=5,
):
    super().__init__()
    height, width = pair(image_size)
    layers = []
    for channels in widths:
        layers += [Conv2d(in_channels, channels, kernel_size)]
        layers += [MaxPool2d(2), ReLU()]
        height, width = (
            output_size(output_size(size, kernel_size), 2, 2) for size in (height, width)
        )
        in_channels = channels
    self.features = Sequential(*layers)
    layers, features = [Flatten()], in_channels * height * width
    for units in hidden:
        layers += [Linear(features, units), ReLU()]
        features = units
    self.classifier = Sequential(*layers, Linear(features, num_classes))


@knockout(
    of="CNN.__init__",
    killed_by="test_unit_cnn_init_example",
    says="the pooling is forgotten in the size that Flatten gives",
)
def pooling_forgotten_in_the_size(
    self,
    in_channels=3,
    num_classes=10,
    image_size=32,
    widths=(6, 16),
    hidden=(120, 84),
    kernel_size=5,
):
    super().__init__()
    height, width = pair(image_size)
    padding, layers = kernel_size // 2, []
    for channels in widths:
        layers += [Conv2d(in_channels, channels, kernel_size, padding=padding)]
        layers += [MaxPool2d(2), ReLU()]
        height, width = (output_size(size, kernel_size, 1, padding) for size in (height, width))
        in_channels = channels
    self.features = Sequential(*layers)
    layers, features = [Flatten()], in_channels * height * width
    for units in hidden:
        layers += [Linear(features, units), ReLU()]
        features = units
    self.classifier = Sequential(*layers, Linear(features, num_classes))


@knockout(
    of="CNN.__init__",
    killed_by="test_unit_cnn_init_fits",
    says="the size is halved, whatever the kernel: wrong for an even one",
)
def size_only_halved(
    self,
    in_channels=3,
    num_classes=10,
    image_size=32,
    widths=(6, 16),
    hidden=(120, 84),
    kernel_size=5,
):
    super().__init__()
    height, width = pair(image_size)
    padding, layers = kernel_size // 2, []
    for channels in widths:
        layers += [Conv2d(in_channels, channels, kernel_size, padding=padding)]
        layers += [MaxPool2d(2), ReLU()]
        height, width = (size // 2 for size in (height, width))
        in_channels = channels
    self.features = Sequential(*layers)
    layers, features = [Flatten()], in_channels * height * width
    for units in hidden:
        layers += [Linear(features, units), ReLU()]
        features = units
    self.classifier = Sequential(*layers, Linear(features, num_classes))


@knockout(
    of="CNN.__init__",
    killed_by="test_unit_cnn_init_fits",
    says="the height serves as the width, too",
)
def square_pictures_only(
    self,
    in_channels=3,
    num_classes=10,
    image_size=32,
    widths=(6, 16),
    hidden=(120, 84),
    kernel_size=5,
):
    super().__init__()
    height, width = pair(image_size)
    width = height
    padding, layers = kernel_size // 2, []
    for channels in widths:
        layers += [Conv2d(in_channels, channels, kernel_size, padding=padding)]
        layers += [MaxPool2d(2), ReLU()]
        height, width = (
            output_size(output_size(size, kernel_size, 1, padding), 2, 2)
            for size in (height, width)
        )
        in_channels = channels
    self.features = Sequential(*layers)
    layers, features = [Flatten()], in_channels * height * width
    for units in hidden:
        layers += [Linear(features, units), ReLU()]
        features = units
    self.classifier = Sequential(*layers, Linear(features, num_classes))


@knockout(
    of="CNN.__init__",
    killed_by="test_unit_cnn_init_example",
    says="each Conv2d takes the channels of the first picture",
)
def channels_not_handed_on(
    self,
    in_channels=3,
    num_classes=10,
    image_size=32,
    widths=(6, 16),
    hidden=(120, 84),
    kernel_size=5,
):
    super().__init__()
    height, width = pair(image_size)
    padding, layers = kernel_size // 2, []
    for channels in widths:
        layers += [Conv2d(in_channels, channels, kernel_size, padding=padding)]
        layers += [MaxPool2d(2), ReLU()]
        height, width = (
            output_size(output_size(size, kernel_size, 1, padding), 2, 2)
            for size in (height, width)
        )
        last = channels
    self.features = Sequential(*layers)
    layers, features = [Flatten()], last * height * width
    for units in hidden:
        layers += [Linear(features, units), ReLU()]
        features = units
    self.classifier = Sequential(*layers, Linear(features, num_classes))


@knockout(
    of="CNN.__init__",
    killed_by="test_unit_cnn_init_example",
    says="the channels are forgotten in the size that Flatten gives",
)
def channels_forgotten_in_the_size(
    self,
    in_channels=3,
    num_classes=10,
    image_size=32,
    widths=(6, 16),
    hidden=(120, 84),
    kernel_size=5,
):
    super().__init__()
    height, width = pair(image_size)
    padding, layers = kernel_size // 2, []
    for channels in widths:
        layers += [Conv2d(in_channels, channels, kernel_size, padding=padding)]
        layers += [MaxPool2d(2), ReLU()]
        height, width = (
            output_size(output_size(size, kernel_size, 1, padding), 2, 2)
            for size in (height, width)
        )
        in_channels = channels
    self.features = Sequential(*layers)
    layers, features = [Flatten()], height * width
    for units in hidden:
        layers += [Linear(features, units), ReLU()]
        features = units
    self.classifier = Sequential(*layers, Linear(features, num_classes))


@knockout(
    of="CNN.__init__",
    killed_by="test_unit_cnn_init_layers",
    says="each Linear takes what Flatten gives",
)
def features_forgotten(
    self,
    in_channels=3,
    num_classes=10,
    image_size=32,
    widths=(6, 16),
    hidden=(120, 84),
    kernel_size=5,
):
    super().__init__()
    height, width = pair(image_size)
    padding, layers = kernel_size // 2, []
    for channels in widths:
        layers += [Conv2d(in_channels, channels, kernel_size, padding=padding)]
        layers += [MaxPool2d(2), ReLU()]
        height, width = (
            output_size(output_size(size, kernel_size, 1, padding), 2, 2)
            for size in (height, width)
        )
        in_channels = channels
    self.features = Sequential(*layers)
    layers, features = [Flatten()], in_channels * height * width
    for units in hidden:
        layers += [Linear(features, units), ReLU()]
    self.classifier = Sequential(*layers, Linear(features, num_classes))


@knockout(
    of="CNN.__init__",
    killed_by="test_unit_cnn_init_layers",
    says="no ReLU after the convolutions",
)
def no_relu_between_convolutions(
    self,
    in_channels=3,
    num_classes=10,
    image_size=32,
    widths=(6, 16),
    hidden=(120, 84),
    kernel_size=5,
):
    super().__init__()
    height, width = pair(image_size)
    padding, layers = kernel_size // 2, []
    for channels in widths:
        layers += [Conv2d(in_channels, channels, kernel_size, padding=padding)]
        layers += [MaxPool2d(2)]
        height, width = (
            output_size(output_size(size, kernel_size, 1, padding), 2, 2)
            for size in (height, width)
        )
        in_channels = channels
    self.features = Sequential(*layers)
    layers, features = [Flatten()], in_channels * height * width
    for units in hidden:
        layers += [Linear(features, units), ReLU()]
        features = units
    self.classifier = Sequential(*layers, Linear(features, num_classes))


@knockout(
    of="CNN.__init__",
    killed_by="test_unit_cnn_init_layers",
    says="no ReLU between the Linears",
)
def no_relu_between_linears(
    self,
    in_channels=3,
    num_classes=10,
    image_size=32,
    widths=(6, 16),
    hidden=(120, 84),
    kernel_size=5,
):
    super().__init__()
    height, width = pair(image_size)
    padding, layers = kernel_size // 2, []
    for channels in widths:
        layers += [Conv2d(in_channels, channels, kernel_size, padding=padding)]
        layers += [MaxPool2d(2), ReLU()]
        height, width = (
            output_size(output_size(size, kernel_size, 1, padding), 2, 2)
            for size in (height, width)
        )
        in_channels = channels
    self.features = Sequential(*layers)
    layers, features = [Flatten()], in_channels * height * width
    for units in hidden:
        layers += [Linear(features, units)]
        features = units
    self.classifier = Sequential(*layers, Linear(features, num_classes))


@knockout(
    of="CNN.__init__",
    killed_by="test_unit_cnn_init_layers",
    says="no pooling",
)
def no_pooling(
    self,
    in_channels=3,
    num_classes=10,
    image_size=32,
    widths=(6, 16),
    hidden=(120, 84),
    kernel_size=5,
):
    super().__init__()
    height, width = pair(image_size)
    padding, layers = kernel_size // 2, []
    for channels in widths:
        layers += [Conv2d(in_channels, channels, kernel_size, padding=padding)]
        layers += [ReLU()]
        height, width = (output_size(size, kernel_size, 1, padding) for size in (height, width))
        in_channels = channels
    self.features = Sequential(*layers)
    layers, features = [Flatten()], in_channels * height * width
    for units in hidden:
        layers += [Linear(features, units), ReLU()]
        features = units
    self.classifier = Sequential(*layers, Linear(features, num_classes))


@knockout(
    of="CNN.__init__",
    killed_by="test_unit_cnn_init_layers",
    says="Flatten is forgotten",
)
def flatten_forgotten(
    self,
    in_channels=3,
    num_classes=10,
    image_size=32,
    widths=(6, 16),
    hidden=(120, 84),
    kernel_size=5,
):
    super().__init__()
    height, width = pair(image_size)
    padding, layers = kernel_size // 2, []
    for channels in widths:
        layers += [Conv2d(in_channels, channels, kernel_size, padding=padding)]
        layers += [MaxPool2d(2), ReLU()]
        height, width = (
            output_size(output_size(size, kernel_size, 1, padding), 2, 2)
            for size in (height, width)
        )
        in_channels = channels
    self.features = Sequential(*layers)
    layers, features = [], in_channels * height * width
    for units in hidden:
        layers += [Linear(features, units), ReLU()]
        features = units
    self.classifier = Sequential(*layers, Linear(features, num_classes))


@knockout(
    of="CNN.__init__",
    killed_by="test_unit_cnn_init_layers",
    says="the number of classes is always 10",
)
def settings_forgotten(
    self,
    in_channels=3,
    num_classes=10,
    image_size=32,
    widths=(6, 16),
    hidden=(120, 84),
    kernel_size=5,
):
    super().__init__()
    height, width = pair(image_size)
    padding, layers = kernel_size // 2, []
    for channels in widths:
        layers += [Conv2d(in_channels, channels, kernel_size, padding=padding)]
        layers += [MaxPool2d(2), ReLU()]
        height, width = (
            output_size(output_size(size, kernel_size, 1, padding), 2, 2)
            for size in (height, width)
        )
        in_channels = channels
    self.features = Sequential(*layers)
    layers, features = [Flatten()], in_channels * height * width
    for units in hidden:
        layers += [Linear(features, units), ReLU()]
        features = units
    self.classifier = Sequential(*layers, Linear(features, 10))


@knockout(
    of="CNN.__init__",
    killed_by="test_unit_cnn_init_layers",
    says="two blocks, however many widths there are",
)
def always_two_blocks(
    self,
    in_channels=3,
    num_classes=10,
    image_size=32,
    widths=(6, 16),
    hidden=(120, 84),
    kernel_size=5,
):
    super().__init__()
    height, width = pair(image_size)
    padding, layers = kernel_size // 2, []
    for channels in (widths * 2)[:2]:
        layers += [Conv2d(in_channels, channels, kernel_size, padding=padding)]
        layers += [MaxPool2d(2), ReLU()]
        height, width = (
            output_size(output_size(size, kernel_size, 1, padding), 2, 2)
            for size in (height, width)
        )
        in_channels = channels
    self.features = Sequential(*layers)
    layers, features = [Flatten()], in_channels * height * width
    for units in hidden:
        layers += [Linear(features, units), ReLU()]
        features = units
    self.classifier = Sequential(*layers, Linear(features, num_classes))


@knockout(
    of="CNN.__init__",
    killed_by="test_unit_cnn_init_registered",
    says="features is a list, and no Sequential: nothing in it is registered",
)
def a_list_of_layers(
    self,
    in_channels=3,
    num_classes=10,
    image_size=32,
    widths=(6, 16),
    hidden=(120, 84),
    kernel_size=5,
):
    super().__init__()
    height, width = pair(image_size)
    padding, layers = kernel_size // 2, []
    for channels in widths:
        layers += [Conv2d(in_channels, channels, kernel_size, padding=padding)]
        layers += [MaxPool2d(2), ReLU()]
        height, width = (
            output_size(output_size(size, kernel_size, 1, padding), 2, 2)
            for size in (height, width)
        )
        in_channels = channels
    self.features = layers
    layers, features = [Flatten()], in_channels * height * width
    for units in hidden:
        layers += [Linear(features, units), ReLU()]
        features = units
    self.classifier = Sequential(*layers, Linear(features, num_classes))


@knockout(
    of="CNN.__init__",
    killed_by="test_unit_cnn_init_registered",
    says="features and classifier are set in the other order",
)
def one_sequential(
    self,
    in_channels=3,
    num_classes=10,
    image_size=32,
    widths=(6, 16),
    hidden=(120, 84),
    kernel_size=5,
):
    super().__init__()
    height, width = pair(image_size)
    padding, layers = kernel_size // 2, []
    for channels in widths:
        layers += [Conv2d(in_channels, channels, kernel_size, padding=padding)]
        layers += [MaxPool2d(2), ReLU()]
        height, width = (
            output_size(output_size(size, kernel_size, 1, padding), 2, 2)
            for size in (height, width)
        )
        in_channels = channels
    features_first = Sequential(*layers)
    layers, features = [Flatten()], in_channels * height * width
    for units in hidden:
        layers += [Linear(features, units), ReLU()]
        features = units
    self.classifier = Sequential(*layers, Linear(features, num_classes))
    self.features = features_first


@knockout(
    of="CNN.__init__",
    killed_by="test_unit_cnn_init_example",
    says="super().__init__() is forgotten",
)
def super_init_forgotten(
    self,
    in_channels=3,
    num_classes=10,
    image_size=32,
    widths=(6, 16),
    hidden=(120, 84),
    kernel_size=5,
):
    height, width = pair(image_size)
    padding, layers = kernel_size // 2, []
    for channels in widths:
        layers += [Conv2d(in_channels, channels, kernel_size, padding=padding)]
        layers += [MaxPool2d(2), ReLU()]
        height, width = (
            output_size(output_size(size, kernel_size, 1, padding), 2, 2)
            for size in (height, width)
        )
        in_channels = channels
    self.features = Sequential(*layers)
    layers, features = [Flatten()], in_channels * height * width
    for units in hidden:
        layers += [Linear(features, units), ReLU()]
        features = units
    self.classifier = Sequential(*layers, Linear(features, num_classes))


@knockout(
    of="CNN.__init__",
    killed_by="test_unit_cnn_init_settings",
    says="the Conv2d has a stride of 2 in place of the pooling's",
)
def stride_in_the_convolution(
    self,
    in_channels=3,
    num_classes=10,
    image_size=32,
    widths=(6, 16),
    hidden=(120, 84),
    kernel_size=5,
):
    super().__init__()
    height, width = pair(image_size)
    padding, layers = kernel_size // 2, []
    for channels in widths:
        layers += [Conv2d(in_channels, channels, kernel_size, padding=padding, stride=2)]
        layers += [MaxPool2d(1), ReLU()]
        height, width = (
            output_size(output_size(size, kernel_size, 1, padding), 2, 2)
            for size in (height, width)
        )
        in_channels = channels
    self.features = Sequential(*layers)
    layers, features = [Flatten()], in_channels * height * width
    for units in hidden:
        layers += [Linear(features, units), ReLU()]
        features = units
    self.classifier = Sequential(*layers, Linear(features, num_classes))


@knockout(
    of="CNN.__init__",
    killed_by="test_unit_cnn_init_example",
    says="the Conv2d has no bias",
)
def no_bias_in_the_convolution(
    self,
    in_channels=3,
    num_classes=10,
    image_size=32,
    widths=(6, 16),
    hidden=(120, 84),
    kernel_size=5,
):
    super().__init__()
    height, width = pair(image_size)
    padding, layers = kernel_size // 2, []
    for channels in widths:
        layers += [Conv2d(in_channels, channels, kernel_size, padding=padding, bias=False)]
        layers += [MaxPool2d(2), ReLU()]
        height, width = (
            output_size(output_size(size, kernel_size, 1, padding), 2, 2)
            for size in (height, width)
        )
        in_channels = channels
    self.features = Sequential(*layers)
    layers, features = [Flatten()], in_channels * height * width
    for units in hidden:
        layers += [Linear(features, units), ReLU()]
        features = units
    self.classifier = Sequential(*layers, Linear(features, num_classes))
