"""The language of the case files: names, expressions and the statements that break a file.

Expressions are numbers, names and their members, + - * // %, and at(X), the file offset of X:

    P.count        a header field (id flags count overflow) of the page named P
    P.e[2].ksize   a field of its element 2 (pos ksize vsize flags, or child); P.e[-1] the last
    P.ids[0]       an id of a freelist page
    M.txid         of meta0, meta1, current, other: magic version page_size flags root sequence
                   freelist high_water txid checksum
    B.root         of a bucket's header: root, sequence; B.page its root page
    E.key_off      of an entry, and E.value_off; E.page its leaf
    E.pb[3]        field 3 of the protobuf message that is its value: a varint, which `set` rewrites
                   in its width; or bytes, with .off and .len
    X.off          where it begins;  P.number  the page's number as the seed has it
    size db_len page_size high_water seed_len
"""
import ast
import hashlib
import operator
import shlex

import bolt

OPERATORS = {ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul,
             ast.FloorDiv: operator.floordiv, ast.Mod: operator.mod}


class SpecError(Exception):
    pass


def bucket_path(text):
    """`key`, `kinds/own-tree`, `.` for the root bucket; 0x… for a name in hex."""
    if text == ".":
        return []
    return [bytes.fromhex(part[2:]) if part.startswith("0x") else part.encode()
            for part in text.split("/")]


def literal(text):
    """Bytes: hex:0102ff, text:abc, or zero:N."""
    kind, _, body = text.partition(":")
    if kind == "hex":
        return bytes.fromhex(body)
    if kind == "text":
        return body.encode()
    if kind == "zero":
        return bytes(int(body, 0))
    raise SpecError(f"{text}: bytes are hex:…, text:… or zero:N")


class Case:
    """One case file, run over a seed: `file` is what comes of it, `expects` the rest."""

    def __init__(self, path):
        self.path = path
        self.story, self.lines, self.seed = [], [], None
        for number, raw in enumerate(path.read_text().splitlines(), 1):
            words = shlex.split(raw, comments=True)
            if raw.startswith("#") and not self.lines and self.seed is None:
                self.story.append(raw[1:].strip())
            elif words and words[0] == "seed":
                self.seed = words[1]
            elif words:
                self.lines.append((number, words))
        if self.seed is None or not self.story:
            raise SpecError(f"{path.name}: a case opens with its story, and names a seed")
        self.file, self.names, self.expects = None, {}, []

    @property
    def name(self):
        return self.path.stem

    def run(self, seed_bytes):
        self.file = bolt.File(seed_bytes)
        self.names = {"meta0": self.file.meta[0], "meta1": self.file.meta[1],
                      "current": self.file.current, "other": self.file.other}
        self.expects = []
        for number, words in self.lines:
            statement = getattr(self, "do_" + words[0].replace("-", "_"), None)
            if statement is None:
                raise SpecError(f"{self.path.name}:{number}: unknown statement {words[0]}")
            try:
                statement(*words[1:])
            except (bolt.BoltError, SpecError, TypeError, ValueError, IndexError) as error:
                raise SpecError(f"{self.path.name}:{number}: {error}") from error
        return bytes(self.file.data)

    # ------------------------------------------------------------------------ expressions --

    def value(self, text):
        got = self.evaluate(ast.parse(text, mode="eval").body)
        return got.get() if isinstance(got, bolt.Field) else got

    def place(self, text):
        got = self.evaluate(ast.parse(text, mode="eval").body)
        if not isinstance(got, bolt.Field):
            raise SpecError(f"{text} is no field")
        return got

    def evaluate(self, node):
        if isinstance(node, ast.Constant) and isinstance(node.value, int):
            return node.value
        if isinstance(node, ast.Name):
            return self.lookup(node.id)
        if isinstance(node, ast.Attribute) and not node.attr.startswith("_"):
            return getattr(self.evaluate(node.value), node.attr)
        if isinstance(node, ast.Subscript):
            return self.evaluate(node.value)[self.number(node.slice)]
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
            return -self.number(node.operand)
        if isinstance(node, ast.BinOp) and type(node.op) in OPERATORS:
            return OPERATORS[type(node.op)](self.number(node.left), self.number(node.right))
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "at":
            return self.evaluate(node.args[0]).off
        raise SpecError(f"not an expression: {ast.unparse(node)}")

    def number(self, node):
        got = self.evaluate(node)
        return got.get() if isinstance(got, bolt.Field) else got

    def lookup(self, name):
        if name in self.names:
            return self.names[name]
        if name == "size":
            return len(self.file.data)
        if name in ("db_len", "page_size", "high_water", "seed_len"):
            return getattr(self.file, name)
        raise SpecError(f"unknown name {name}")

    # ------------------------------------------------------------------------------ names --

    def bind(self, name, equals, thing):
        if equals != "=":
            raise SpecError("due: NAME = …")
        self.names[name] = thing

    def do_page(self, name, equals, kind, *args):
        """page P = leaf PATH N | branch PATH N | root PATH | free N | freelist | number EXPR"""
        file = self.file
        if kind in ("leaf", "branch"):
            want = bolt.LEAF if kind == "leaf" else bolt.BRANCH
            found = file.pages_of(file.bucket_root(bucket_path(args[0])), want)[int(args[1])]
        elif kind == "root":
            found = file.bucket_root(bucket_path(args[0]))
        elif kind == "free":
            found = file.page(file.free_pages()[int(args[0])])
        elif kind == "freelist":
            found = file.page(file.current.freelist.get())
        elif kind == "number":
            found = file.page(self.value(args[0]))
        else:
            raise SpecError(f"unknown kind of page {kind}")
        self.bind(name, equals, found)

    def do_bucket(self, name, equals, path):
        """bucket B = PATH: its header"""
        self.bind(name, equals, self.file.element_of(bucket_path(path)).bucket)

    def do_entry(self, name, equals, path, how, what):
        """entry E = PATH nth N | key BYTES"""
        entries = self.file.entries(self.file.bucket_root(bucket_path(path)))
        if how == "nth":
            found = list(entries)[int(what)]
        else:
            found = next(e for e in entries if e.key == literal(what))
        self.bind(name, equals, found)

    def do_chain(self, name, equals, page, length):
        """chain C = P N: N branches of one child each, one above the other and the last above P,
        in free pages; C is the topmost"""
        below = self.evaluate(ast.parse(page, mode="eval").body)
        free = self.file.free_pages()
        key = below.e[0].key
        for number in free[:self.value(length)]:
            branch = self.file.page(number)
            head = bolt.PAGE_FIELDS
            self.file.write(branch.off, bytes(self.file.page_size))
            for field, value in zip(head, (number, bolt.BRANCH, 1, 0)):
                branch.field(field).put(value)
            for field, value in zip(bolt.BRANCH_FIELDS, (16, len(key), below.number)):
                branch.e[0].field(field).put(value)
            self.file.write(branch.e[0].key_off, key)
            below = branch
        self.bind(name, equals, below)

    def do_let(self, name, equals, expression):
        self.bind(name, equals, self.value(expression))

    # ----------------------------------------------------------------------------- damage --

    def do_set(self, field, value):
        self.place(field).put(self.value(value))

    def do_fill(self, off, length, byte):
        """fill OFF LEN BYTE"""
        self.file.write(self.value(off), bytes([int(byte, 0)]) * self.value(length))

    def do_write(self, off, data):
        self.file.write(self.value(off), literal(data))

    def do_copy(self, source, target, length):
        """copy FROM TO LEN, offsets"""
        start, count = self.value(source), self.value(length)
        self.file.write(self.value(target), bytes(self.file.data[start:start + count]))

    def do_swap(self, first, second, length):
        a, b, count = self.value(first), self.value(second), self.value(length)
        bytes_a, bytes_b = bytes(self.file.data[a:a + count]), bytes(self.file.data[b:b + count])
        self.file.write(a, bytes_b)
        self.file.write(b, bytes_a)

    def do_flip(self, off, bit):
        """flip OFF BIT"""
        at = self.value(off)
        self.file.write(at, bytes([self.file.data[at] ^ 1 << int(bit)]))

    def do_swab(self, *fields):
        """swab FIELD…: into the other byte order"""
        for text in fields:
            field = self.place(text)
            raw = bytes(self.file.data[field.off:field.off + field.width])
            self.file.write(field.off, raw[::-1])

    def do_truncate(self, length):
        count = self.value(length)
        if not 0 <= count <= len(self.file.data):
            raise SpecError(f"truncate to {count} of {len(self.file.data)} bytes")
        del self.file.data[count:]

    def do_append(self, data):
        self.file.data += literal(data)

    def do_replace(self, old, new):
        """replace BYTES BYTES, wherever they stand: the file may become longer or shorter"""
        if literal(old) not in self.file.data:
            raise SpecError(f"no bytes {old} in this file")
        self.file.data[:] = self.file.data.replace(literal(old), literal(new))

    def do_reseal(self, what):
        """reseal meta | meta0 | meta1 | hash"""
        if what == "hash":
            self.reseal_hash()
        elif what in ("meta0", "meta1"):
            self.names[what].seal()
        elif what == "meta":
            for meta in self.file.meta:
                meta.seal()
        else:
            raise SpecError(f"nothing to reseal: {what}")

    def reseal_hash(self):
        """The last 32 bytes become the SHA-256 of all bytes before them."""
        if not self.file.has_hash:
            raise SpecError("this seed has no trailing hash: append hash")
        body = bytes(self.file.data[:-bolt.HASH_LEN])
        self.file.write(len(body), hashlib.sha256(body).digest())

    # ----------------------------------------------------------------------- expectations --

    def do_expect(self, command, *words):
        """expect dump [bucket PATH] exit N [code NAME] [page EXPR] [offset EXPR]
        expect dump [bucket PATH] same
        expect verdict NAME [require-hash]
        expect verify ID SEVERITY [page EXPR] [offset EXPR] [times N] [require-hash]"""
        expected = {"command": command}
        words = list(words)
        if command == "verdict":
            expected["verdict"] = words.pop(0)
        elif command == "verify":
            expected["id"], expected["severity"] = words.pop(0), words.pop(0)
        while words:
            name = words.pop(0)
            if name == "same":
                expected["same"] = True
            elif name == "require-hash":
                expected["require_hash"] = True
            elif name in ("code", "bucket"):
                expected[name] = words.pop(0)
            elif name in ("exit", "page", "offset", "times"):
                word = words.pop(0)
                expected[name] = None if word == "none" else self.value(word)
            else:
                raise SpecError(f"unknown word {name} in an expectation")
        self.expects.append(expected)
