"""A reading of the bbolt format that shares nothing with the C parser.

The damage cases are resolved with it, which makes it a second opinion: a case whose place the two
readers see differently fails. It reads sound files only (a case starts from a sound seed), of any
page size and either byte order, and reports what it cannot follow as BoltError.

    page    id u64 | flags u16 | count u16 | overflow u32 | elements ...
    leaf    flags u32 | pos u32 | ksize u32 | vsize u32
    branch  pos u32 | ksize u32 | child u64
    meta    (behind a page header) magic, version, page_size, flags u32 |
            root, sequence, freelist, high_water, txid, checksum u64
    bucket  root u64 | sequence u64 | inline page, when root is 0
"""

MAGIC = 0xED0CDAED
NO_FREELIST = 2**64 - 1
BRANCH, LEAF, META, FREELIST = 0x01, 0x02, 0x04, 0x10
HASH_LEN = 32

PAGE_FIELDS = {"id": (0, 8), "flags": (8, 2), "count": (10, 2), "overflow": (12, 4)}
LEAF_FIELDS = {"flags": (0, 4), "pos": (4, 4), "ksize": (8, 4), "vsize": (12, 4)}
BRANCH_FIELDS = {"pos": (0, 4), "ksize": (4, 4), "child": (8, 8)}
BUCKET_FIELDS = {"root": (0, 8), "sequence": (8, 8)}
META_FIELDS = {
    "magic": (16, 4), "version": (20, 4), "page_size": (24, 4), "flags": (28, 4), "root": (32, 8),
    "sequence": (40, 8), "freelist": (48, 8), "high_water": (56, 8), "txid": (64, 8),
    "checksum": (72, 8),
}


class BoltError(Exception):
    pass


def fnv1a_64(data):
    value = 0xCBF29CE484222325
    for byte in data:
        value = (value ^ byte) * 0x100000001B3 % 2**64
    return value


class Field:
    """An integer of the file: where it stands, and what it says now."""

    def __init__(self, file, off, width):
        self.file, self.off, self.width = file, off, width

    def get(self):
        return int.from_bytes(self.file.data[self.off:self.off + self.width], self.file.order)

    def put(self, value):
        limit = 1 << 8 * self.width
        if not -1 <= value < limit:
            raise BoltError(f"{value} does not fit {self.width} bytes")
        self.file.write(self.off, (value % limit).to_bytes(self.width, self.file.order))


class Record:
    """Named fields from one offset on; `off` is that offset."""

    def __init__(self, file, off, fields):
        self.file, self.off, self.fields = file, off, fields

    def field(self, name):
        if name not in self.fields:
            raise BoltError(f"no field {name}: there are {', '.join(self.fields)}")
        pos, width = self.fields[name]
        return Field(self.file, self.off + pos, width)

    def __getattr__(self, name):
        if name.startswith("_"):
            raise AttributeError(name)
        return self.field(name)


class Element(Record):
    """The i-th element of a leaf or branch page, an inline one included."""

    def __init__(self, page, index):
        fields = BRANCH_FIELDS if page.is_branch else LEAF_FIELDS
        super().__init__(page.file, page.off + 16 + 16 * index, fields)
        self.page, self.index = page, index

    @property
    def key_off(self):
        return self.off + self.field("pos").get()

    @property
    def value_off(self):
        return self.key_off + self.field("ksize").get()

    @property
    def key(self):
        return bytes(self.file.data[self.key_off:self.value_off])

    @property
    def pb(self):
        """Field N of the protobuf message that is the value: the last one of that number."""
        return Indexed(lambda number: proto_field(self, number), lambda: 0)

    @property
    def is_bucket(self):
        return not self.page.is_branch and self.field("flags").get() & 1 == 1

    @property
    def bucket(self):
        return Bucket(self.file, self)


class Varint(Field):
    """A varint of a protobuf message; what is put keeps its width, padded."""

    def get(self):
        raw = self.file.data[self.off:self.off + self.width]
        return sum((byte & 0x7F) << 7 * i for i, byte in enumerate(raw))

    def put(self, value):
        if not 0 <= value < 1 << 7 * self.width:
            raise BoltError(f"{value} does not fit a varint of {self.width} bytes")
        raw = [value >> 7 * i & 0x7F | 0x80 for i in range(self.width)]
        raw[-1] &= 0x7F
        self.file.write(self.off, bytes(raw))


class Chunk:
    """A length-delimited field: the bytes at `off`, their length in the varint `len`."""

    def __init__(self, length, off):
        self.len, self.off = length, off


def varint_at(file, off):
    end = off
    while file.data[end] & 0x80:
        end += 1
    return Varint(file, off, end - off + 1)


def proto_field(element, number):
    file, at, found = element.file, element.value_off, None
    end = at + element.field("vsize").get()
    while at < end:
        tag = varint_at(file, at)
        content = varint_at(file, at + tag.width)
        at = content.off + content.width
        if tag.get() % 8 == 2:
            this, at = Chunk(content, at), at + content.get()
        elif tag.get() % 8 == 0:
            this = content
        else:
            raise BoltError(f"protobuf wire type {tag.get() % 8}")
        found = this if tag.get() // 8 == number else found
    if found is None:
        raise BoltError(f"no field {number}")
    return found


class Page(Record):
    def __init__(self, file, off, number):
        super().__init__(file, off, PAGE_FIELDS)
        self.number = number

    @property
    def is_branch(self):
        return self.field("flags").get() == BRANCH

    def elements(self):
        return [Element(self, i) for i in range(self.field("count").get())]

    @property
    def e(self):
        return Indexed(lambda i: Element(self, i), lambda: self.field("count").get())

    @property
    def ids(self):
        """The ids of a freelist page."""
        first = 24 if self.field("count").get() == 0xFFFF else 16
        return Indexed(lambda i: Field(self.file, self.off + first + 8 * i, 8), self.id_count)

    def id_count(self):
        count = self.field("count").get()
        return count if count != 0xFFFF else Field(self.file, self.off + 16, 8).get()

    @property
    def run_len(self):
        return (1 + self.field("overflow").get()) * self.file.page_size


class Indexed:
    """P.e[3], P.ids[-1]: negative numbers count from the end."""

    def __init__(self, make, count):
        self.make, self.count = make, count

    def __getitem__(self, i):
        return self.make(i if i >= 0 else self.count() + i)


class Bucket(Record):
    """A bucket header, in the value of its element."""

    def __init__(self, file, element):
        super().__init__(file, element.value_off, BUCKET_FIELDS)
        self.element = element

    @property
    def page(self):
        """Its root page; an inline bucket's lies behind the header."""
        root = self.field("root").get()
        return self.file.page(root) if root else Page(self.file, self.off + 16,
                                                      self.element.page.number)


class Meta(Record):
    def __init__(self, file, off):
        super().__init__(file, off, {**META_FIELDS, "id": (0, 8), "page_flags": (8, 2)})

    def seal(self):
        body = self.file.data[self.off + 16:self.off + 72]
        self.field("checksum").put(fnv1a_64(body))

    @property
    def is_valid(self):
        body = self.file.data[self.off + 16:self.off + 72]
        return (self.field("magic").get() == MAGIC and self.field("version").get() == 2
                and self.field("checksum").get() == fnv1a_64(body))


class File:
    """A bbolt file in memory, to be read and patched. Its metas are those of the seed."""

    def __init__(self, data):
        self.data = bytearray(data)
        magic = bytes(self.data[16:20])
        self.order = "little" if int.from_bytes(magic, "little") == MAGIC else "big"
        self.page_size = Meta(self, 0).page_size.get()
        self.meta = [Meta(self, 0), Meta(self, self.page_size)]
        if not all(meta.is_valid for meta in self.meta):
            raise BoltError("the seed's own metas are not valid")
        self.current = max(self.meta, key=lambda meta: meta.txid.get())
        self.other = self.meta[0] if self.current is self.meta[1] else self.meta[1]
        self.high_water = self.current.high_water.get()
        self.db_len = self.high_water * self.page_size
        self.has_hash = len(self.data) % 512 == HASH_LEN
        self.seed_len = len(self.data)

    def write(self, off, data):
        if off < 0 or off + len(data) > len(self.data):
            raise BoltError(f"[{off}, {off + len(data)}) is not in the file's {len(self.data)} bytes")
        self.data[off:off + len(data)] = data

    def page(self, number):
        return Page(self, number * self.page_size, number)

    # ------------------------------------------------------------------------------ trees --

    def pages_of(self, root, want):
        """The tree's pages of one type, in key order; a parent before its children."""
        stack, found = [root], []
        while stack:
            page = stack.pop()
            if page.flags.get() == want:
                found.append(page)
            if page.is_branch:
                stack += [self.page(e.child.get()) for e in reversed(page.elements())]
        return found

    def entries(self, root):
        for leaf in self.pages_of(root, LEAF):
            yield from leaf.elements()

    def root_page(self):
        return self.page(self.current.root.get())

    def element_of(self, path):
        """The element that holds the last bucket of a path."""
        page, element = self.root_page(), None
        for name in path:
            element = next((e for e in self.entries(page) if e.key == name and e.is_bucket), None)
            if element is None:
                raise BoltError(f"no bucket {name!r}")
            page = element.bucket.page
        return element

    def bucket_root(self, path):
        return self.element_of(path).bucket.page if path else self.root_page()

    def used_pages(self):
        """Every page id that a tree or the freelist page takes, overflow runs included."""
        used, roots = {0, 1}, [self.root_page()]
        if self.current.freelist.get() != NO_FREELIST:
            page = self.page(self.current.freelist.get())
            used.update(range(page.number, page.number + 1 + page.overflow.get()))
        while roots:
            root = roots.pop()
            inline = root.off % self.page_size != 0
            for page in self.pages_of(root, BRANCH) + self.pages_of(root, LEAF):
                if not inline:
                    used.update(range(page.number, page.number + 1 + page.overflow.get()))
            roots += [e.bucket.page for e in self.entries(root) if e.is_bucket]
        return used

    def free_pages(self):
        used = self.used_pages()
        return [n for n in range(2, self.high_water) if n not in used]
