"""Makes the small MNIST subset that is shipped in mnist/ from the four full IDX files.

    python3 make_subset.py FOLDER_WITH_THE_FULL_FILES [OUTPUT_FOLDER]

The training subset is the first 600 images of each class, the test subset the first 100, both kept in the order of the
full files. The output depends on the input alone: gzip level 9, no name and no time in the gzip header.
"""

import gzip
import hashlib
import io
import pathlib
import struct
import sys

SPLITS = (("train", 600), ("t10k", 100))
CLASSES = 10


def read_idx(path, magic):
    """Returns the sizes and the raw data of an IDX file of bytes, gzip-compressed or not."""
    raw = path.read_bytes()
    if raw[:2] == b"\x1f\x8b":
        raw = gzip.decompress(raw)
    if struct.unpack_from(">I", raw)[0] != magic:
        sys.exit(f"{path}: magic number is not {magic:#010x}")
    dimensions = magic & 0xFF
    sizes = struct.unpack_from(f">{dimensions}I", raw, 4)
    data = raw[4 + 4 * dimensions :]
    expected = 1
    for size in sizes:
        expected *= size
    if len(data) != expected:
        sys.exit(f"{path}: {len(data)} bytes of data, {expected} expected")
    return sizes, data


def write_idx(path, magic, sizes, data):
    buffer = io.BytesIO()
    with gzip.GzipFile(filename="", mode="wb", compresslevel=9, fileobj=buffer, mtime=0) as stream:
        stream.write(struct.pack(f">I{len(sizes)}I", magic, *sizes) + data)
    path.write_bytes(buffer.getvalue())


def find(folder, name):
    for candidate in (name, name + ".gz"):
        if (folder / candidate).exists():
            return folder / candidate
    sys.exit(f"{folder}: neither {name} nor {name}.gz is there")


def main():
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    source = pathlib.Path(sys.argv[1])
    target = pathlib.Path(sys.argv[2]) if len(sys.argv) == 3 else pathlib.Path(__file__).parent / "mnist"
    target.mkdir(parents=True, exist_ok=True)
    made = []
    for split, per_class in SPLITS:
        image_path = find(source, f"{split}-images-idx3-ubyte")
        label_path = find(source, f"{split}-labels-idx1-ubyte")
        (count, height, width), pixels = read_idx(image_path, 0x803)
        (label_count,), labels = read_idx(label_path, 0x801)
        if count != label_count:
            sys.exit(f"{source}: {count} images but {label_count} labels in {split}")
        taken = [0] * CLASSES
        rows = []
        for row, label in enumerate(labels):
            if taken[label] < per_class:
                taken[label] += 1
                rows.append(row)
        if min(taken) < per_class:
            sys.exit(f"{label_path}: fewer than {per_class} images of some class")
        size = height * width
        subset = b"".join(pixels[row * size : (row + 1) * size] for row in rows)
        made += [target / (image_path.name.removesuffix(".gz") + ".gz"),
                 target / (label_path.name.removesuffix(".gz") + ".gz")]
        write_idx(made[-2], 0x803, (len(rows), height, width), subset)
        write_idx(made[-1], 0x801, (len(rows),), bytes(labels[row] for row in rows))
        made[-2:-2] = [image_path, label_path]
    for path in made:
        print(hashlib.sha256(path.read_bytes()).hexdigest(), path.stat().st_size, path.name)


if __name__ == "__main__":
    main()
