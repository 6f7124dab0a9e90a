"""Holds the reader of .npy files against numpy's: what numpy.load(allow_pickle=False) reads is read, and equal; what it
refuses is refused. Usage: npy_files.py <program of npy_reader.cpp> <folder to write to>

Files come from numpy's own writer (every type, order, version, rank), from headers spelled in other ways, and from
mutations of headers. Exits with 77 if there is no numpy.
"""

import io
import itertools
import os
import random
import re
import struct
import subprocess
import sys
import warnings

try:
    import numpy as np
except ImportError:
    print("numpy is not installed")
    sys.exit(77)

warnings.simplefilter("ignore")
READER, FOLDER = sys.argv[1:3]
HELD = ["?"] + [order + kind for order in "<>" for kind in
                ("i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8")]
NOT_HELD = ["<c8", ">c16", "g", "S3", "<U2", ">M8[s]", "<m8[D]", "V4", "O", [("a", "<f4"), ("b", ">i2", (2,))]]
VERSIONS = [(1, 0), (2, 0), (3, 0)]
MAGIC = b"\x93NUMPY"
rng = random.Random(1)


def random_array(dtype, rank):
    shape = tuple(rng.choice([0, 1, 2, 3, 5]) if rng.random() < 0.3 else rng.randint(1, 4) for _ in range(rank))
    count = int(np.prod(shape, dtype=int))
    dtype = np.dtype(dtype)
    if dtype.kind == "b":
        a = np.array([rng.random() < 0.5 for _ in range(count)], dtype)
    elif dtype.kind == "O":
        a = np.array([None] * count, dtype)
    elif dtype.kind in "SUMmV":
        a = np.zeros(count, dtype)
    else:
        # Any bits: NaN with payloads, infinities, subnormal numbers, negative zero. (Half precision is widened, and a
        # signalling NaN may then turn into a quiet one.)
        a = np.frombuffer(bytes(rng.getrandbits(8) for _ in range(count * dtype.itemsize)), dtype).copy()
        if dtype.kind in "fc" and rng.random() < 0.5:
            a = np.array([rng.choice([0.0, -0.0, 1.5, -3, 6e-8, np.inf, np.nan]) for _ in range(count)], dtype)
    return a.reshape(shape, order=rng.choice("CF"))


def written(array, version):
    out = io.BytesIO()
    np.lib.format.write_array(out, array, version=version)
    return out.getvalue()


def with_header(header, data, version=(1, 0)):
    form = "<H" if version[0] == 1 else "<I"
    return MAGIC + bytes(version) + struct.pack(form, len(header)) + header + data


def spelled():
    """Headers that numpy does not write, but other programs and older versions do, and some that none should."""
    data = np.arange(6, dtype="<f4").tobytes()
    descr, order, shape = "'descr': '<f4'", "'fortran_order': False", "'shape': (2, 3)"
    for parts in itertools.permutations([descr, order, shape]):
        yield "{" + ", ".join(parts) + "}", data
    for s in ("(2L, 3L)", "(2 L, 3)", "(2L, 3", "(2l, 3)", "(6L,)", "(6,)", "(6)", "6", "[2, 3]", "(2, 3,)", "(2,, 3)",
              "(,)", "()", "(2 3)", "(-2, -3)", "(-1,)", "(-6,)", "(+2, 3)", "(- 2, 3)", "(0, 3)", "(-0, 3)", "(02, 3)",
              "(00, 3)", "(0x2, 3)", "(0X_2, 3)", "(0b10, 0o3)", "(0b2, 3)", "(0x, 3)", "(2_, 3)", "(_2, 3)", "(2__0,)",
              "(0_0, 3)", "(2.0, 3)", "(2., 3)", "(2e0, 3)", "(2j, 3)", "(True, 6)", "(False, 3)", "(Truey, 6)", "(None, 3)",
              "(2, 4)", "(1, 3)", "(2,\n 3)", "(2, # extents\n 3)", "(2,\f3)", "(9223372036854775807, 2)",
              "(9223372036854775808,)", "(4611686018427387904, 4)", "(2, 3, 1, 1, 1)", "(0x2L, 3)", "(1_0L, 3)"):
        yield "{%s, %s, 'shape': %s, }\n" % (descr, order, s), data
    for d in ("f4", "=f4", "|f4", "f", "<f", ">f4", "f04", "f+4", "f 4", "f4 ", " f4", "f5", "<f1", "f-4", "float32", "<float32",
              "single", "i4", "u4", "<i3", "I", "e", "<f2", "?", "|b1", "<b1", "b2", "<?", "i1", "|i1", ">i1", "|u1", "B", "",
              "<", "<<f4", "f4,f4", "(2,)f4", "2f4", "S4", "U1", "c8", "V4", "O", "g", "q", "Q", "x", "Z"):
        yield "{'descr': '%s', %s, 'shape': (2, 2), }" % (d, order), data
    for d in ("\"<f4\"", "u'<f4'", "r'<f4'", "b'<f4'", "U'<f4'", "f'<f4'", "('<f4',)", "('<f4', (1,))", "['<f4']", "None",
              "[('a', '<f4')]", "[('', '<f4')]", "{'a': 1}", "4"):
        yield "{'descr': %s, %s, %s, }" % (d, order, shape), data
    for o in ("True", "true", "1", "0", "None", "'False'", "Falsey", "False#", "(False,)", "not True"):
        yield "{%s, 'fortran_order': %s, %s}" % (descr, o, shape), data
    good = "{%s, %s, %s}" % (descr, order, shape)
    for h in (good + " x", good + "#x", good + "\n\n", good + "\n  \n", good + ",", good + ";", good + "\0", good + "L",
              good + "\v", good + "\f", good + "\r\n", good + "\\\n", " \t" + good, "\n" + good, "\n " + good, "\f" + good,
              "\f\n" + good, "#\n" + good, "[" + good + "]", good[:-1], good[1:], "", "{}", "{%s, %s}" % (descr, order),
              "{%s, %s, %s, 'x': 1}" % (descr, order, shape), "{'descr': '<f8', %s, %s, %s}" % (descr, order, shape),
              "{%s, %s, 'shape': (9, 9), %s}" % (descr, order, shape), "{b'descr': '<f4', %s, %s}" % (order, shape),
              good.replace("'descr'", "'DESCR'"), good.replace("'descr'", "descr"), good.replace("'descr'", "u'descr'"),
              good.replace(": ", ":"), good.replace(": ", ":\n"), good.replace("{", "{ #}\n"), good.replace("}", ",}"),
              good.replace("}", ",,}"), good.replace("{", "{,"), good.replace("'descr'", "'descr\n'"),
              good + " " * (10000 - len(good)), good + " " * (10001 - len(good))):
        yield h, data


def mutated(header):
    """One to three small changes, as likely as not to what the reader minds."""
    out = bytearray(header)
    for _ in range(rng.choice([1, 1, 1, 2, 3])):
        at = rng.randrange(len(out)) if rng.random() < 0.3 else rng.randrange(min(len(out), 66))
        byte = rng.choice([rng.randrange(256), ord(rng.choice("0123456789L_+-(){}[],:'\" \n\t#<>=|fiubTF"))])
        kind = rng.randrange(4)
        if kind == 0:
            out[at] = byte
        elif kind == 1:
            out.insert(at, byte)
        elif kind == 2:
            del out[at]
        else:
            out[at] ^= 1 << rng.randrange(8)
    return bytes(out)


class Case:
    def __init__(self, content, type="own"):
        self.content, self.type = content, type


def cases():
    for dtype in HELD:
        for version in VERSIONS:
            for _ in range(4):
                yield Case(written(random_array(dtype, rng.randint(0, 4)), version))
    for dtype in NOT_HELD:
        yield Case(written_any(random_array(dtype, 2)))
    for header, data in spelled():
        for version in VERSIONS:
            yield Case(with_header(header.encode("latin-1"), data, version))
    whole = written(np.arange(6, dtype="<i4").reshape(2, 3), (1, 0))
    for size in range(len(whole)):
        yield Case(whole[:size])
    yield Case(whole + b"more")
    yield Case(whole + whole)
    for major, minor in ((0, 0), (1, 1), (2, 1), (4, 0), (255, 0)):
        yield Case(whole[:6] + bytes([major, minor]) + whole[8:])
    yield Case(with_header("{'descr': '<f4', 'fortran_order': False, 'shape': (1,)} # \u00e9".encode("utf-8"), b"1234", (3, 0)))
    yield Case(with_header(b"{'descr': '<f4', 'fortran_order': False, 'shape': (1,)} # \xe9", b"1234", (3, 0)))
    for _ in range(2000):
        version = rng.choice(VERSIONS)
        array = random_array(rng.choice(HELD), rng.randint(0, 3))
        bytes_ = written(array, version)
        begin = 10 if version[0] == 1 else 12
        length = len(bytes_) - begin - array.nbytes
        header = mutated(bytes_[begin:begin + length])
        yield Case(with_header(header, bytes_[begin + length:], version))
    for _ in range(400):  # conversions
        kind = rng.choice(HELD)
        array = np.array([rng.choice([0, 1, 2, 3, 127, 128, 255, 256, 2047, 2049, 2**31 - 1, 2**24 + 1, 2**53 + 1])
                          * rng.choice([1, 1, 1, -1]) for _ in range(rng.randint(1, 3))])
        if np.dtype(kind).kind == "f":
            with np.errstate(all="ignore"):
                array = (array * rng.choice([1.0, 1.0, 0.5, 0.1, 1e300, np.inf])).astype(kind)
        else:
            array = array.astype(kind)
        yield Case(written(array, (1, 0)), rng.choice(["i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f4", "f8"]))


def written_any(array):
    out = io.BytesIO()
    np.save(out, array)
    return out.getvalue()


def read_by_numpy(path):
    """The array, or why there is none."""
    try:
        return np.load(path, allow_pickle=False)
    except Exception as error:  # numpy lets other errors than ValueError through
        return error


def header_of(content):
    stream = io.BytesIO(content)
    np.lib.format.read_magic(stream)
    try:
        return np.lib.format._read_array_header(stream, tuple(content[6:8]))
    except AttributeError:
        import numpy.lib._format_impl as implementation
        return implementation._read_array_header(stream, tuple(content[6:8]))


def holds_all(array, type):
    """Is every element a value of the type?"""
    to = np.dtype(type)
    for x in array.ravel().tolist():
        x = int(x) if isinstance(x, bool) else x
        if to.kind == "f":
            if x == x and abs(x) != np.inf:
                with np.errstate(all="ignore"):
                    y = to.type(x)
                if not np.isfinite(y) or (int(y) if isinstance(x, int) else float(y)) != x:
                    return False
        else:
            if not np.isfinite(x) or x != int(x) or not np.iinfo(to).min <= int(x) <= np.iinfo(to).max:
                return False
    return True


def fault(case, expected, answer, out):
    """What is wrong with the answer; nothing if it is right."""
    if isinstance(expected, Exception):
        return "numpy refuses it (%s: %s)" % (type(expected).__name__, expected) if answer == "ok" else None
    shape, _, dtype = header_of(case.content)
    if dtype.subdtype or dtype.kind not in "biuf" or dtype.itemsize > 8 or any(e < 0 for e in shape) or len(shape) > 5:
        named = "the elements are '" in answer or any(e < 0 for e in shape) or len(shape) > 5
        return None if named else "it should be refused with the name of its dtype"
    if re.search(r"the elements are '([<>=|]?[(\d]|[^']*,)", answer):
        return None  # records and sub-arrays, of which numpy 1 reads those of one element as if they were that element
    own = case.type == "own"
    if not own and not holds_all(expected, case.type):
        return "an element does not fit" if answer == "ok" else None
    if answer != "ok":
        return "numpy reads it"
    got = np.load(out)
    native = expected.dtype.newbyteorder("=") if own else np.dtype(case.type)
    if own and expected.dtype.kind == "b":
        native = np.dtype("u1")
    if own and expected.dtype == np.dtype("f2").newbyteorder(expected.dtype.byteorder):
        native = np.dtype("f4")
    with np.errstate(all="ignore"):
        wanted = np.ascontiguousarray(expected.astype(native)).reshape(expected.shape)
    if got.dtype != native or got.shape != wanted.shape:
        return "it is %s of %s instead of %s of %s" % (got.shape, got.dtype, wanted.shape, native)
    bits_count = own and expected.dtype.itemsize == native.itemsize
    same = got.tobytes() == wanted.tobytes() if bits_count else np.array_equal(got, wanted, equal_nan=native.kind == "f")
    return None if same else "the elements differ"


def main():
    os.makedirs(FOLDER, exist_ok=True)
    all_cases = list(cases())
    paths = [os.path.join(FOLDER, "%d.npy" % i) for i in range(len(all_cases))]
    for case, path in zip(all_cases, paths):
        with open(path, "wb") as file:
            file.write(case.content)
        if os.path.exists(path + ".out"):
            os.remove(path + ".out")
    lines = "".join("%s %s\n" % (case.type, path) for case, path in zip(all_cases, paths))
    answers = subprocess.run([READER], input=lines.encode(), stdout=subprocess.PIPE, check=True).stdout
    answers = answers.decode("latin-1").split("\n")
    faults = read = refused = 0
    for case, path, answer in zip(all_cases, paths, answers):
        expected = read_by_numpy(path)
        read, refused = read + (answer == "ok"), refused + (answer != "ok")
        problem = fault(case, expected, answer, path + ".out")
        if problem:
            faults += 1
            if faults <= 30:
                print("%s: %s\n  %r\n  answer: %s" % (path, problem, case.content[:140].rstrip(), answer[:300]))
        else:
            os.remove(path)
            if os.path.exists(path + ".out"):
                os.remove(path + ".out")
    print("numpy %s: %d files, %d read and equal, %d refused, %d wrong" %
          (np.__version__, len(all_cases), read, refused, faults))
    return faults != 0


if __name__ == "__main__":
    sys.exit(main())
